"""Which jobs may be forgotten. Dead letters stay until somebody decides, and so does what was scheduled by hand."""

from core import purging
from jobs.models import Job, QueueHour

OVER = (Job.State.SUCCEEDED, Job.State.DISCARDED)

purging.rows(
    "finished_jobs", title="Jobs that succeeded or were discarded, with their attempts", days=30,
    of=lambda before: Job.objects.filter(state__in=OVER, finished_at__lt=before, schedule=None),
)  # fmt: skip
purging.rows(
    "queue_hours", title="What the workers did, hour by hour", days=90,
    of=lambda before: QueueHour.objects.filter(hour__lt=before),
)  # fmt: skip
