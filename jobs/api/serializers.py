"""The shapes of jobs on the wire."""

from rest_framework import serializers

from core.http.serializers import Instant, PublicId, RequestBody, ResponseBody, StrictInt, StrictString
from jobs.services import MOST


class JobBody(ResponseBody):
    """One piece of work; `last_error` is redacted before it is stored, `payload_hash` is the SHA-256 of its ids.

    `life` counts how often it was begun anew after it had died.
    """

    id = StrictString(source="public_id")
    kind = StrictString()
    queue = StrictString()
    state = StrictString()
    life = StrictInt()
    attempts = StrictInt()
    max_attempts = StrictInt()
    run_at = Instant()
    error_class = StrictString()
    last_error = StrictString()
    payload_hash = StrictString()
    discard_reason = StrictString()
    correlation_id = StrictString()
    created_at = Instant()
    started_at = Instant(allow_null=True)
    finished_at = Instant(allow_null=True)


class JobAttemptBody(ResponseBody):
    """One attempt that is over: `succeeded`, `failed`, `dead`, `lost` with its worker, or `released` by it."""

    life = StrictInt()
    number = StrictInt()
    outcome = StrictString()
    owner = StrictString()
    started_at = Instant()
    ended_at = Instant()
    error_class = StrictString()
    error = StrictString()


class JobDetailBody(JobBody):
    """One piece of work with its timeline, the oldest attempt first."""

    timeline = JobAttemptBody(many=True, source="tries")


class ReasonRequest(RequestBody):
    """Why an operator does this; it goes into the audit log."""

    reason = StrictString(max_length=500)


class DeadLetterFilter(RequestBody):
    """What the dead letters that are meant have in common; each member that is given counts."""

    kind = StrictString(max_length=60, required=False)
    queue = StrictString(max_length=40, required=False)
    error_class = StrictString(max_length=200, required=False)


class ManyRequest(ReasonRequest):
    """Several dead letters: either `ids`, all of them or none, or a `filter`, the oldest 500 that agree with it."""

    ids = serializers.ListField(child=PublicId("job"), min_length=1, max_length=MOST, required=False)
    filter = DeadLetterFilter(required=False)


class ManyBody(ResponseBody):
    """What became of several dead letters: their ids, and how many more dead letters the environment still has."""

    jobs = serializers.ListField(child=StrictString())
    still_dead = StrictInt()


class ScheduleRequest(RequestBody):
    """What is to be done, to what, and when. `kind` is `charge`, `invoice` or `reminder`; `subject` is a public id."""

    kind = StrictString(max_length=40)
    subject = StrictString(max_length=40)
    run_at = Instant()


class ScheduledJobBody(ResponseBody):
    """Something that was scheduled; `state` is that of its job, which `job` names."""

    id = StrictString(source="public_id")
    kind = StrictString()
    subject = StrictString()
    run_at = Instant(source="job.run_at")
    state = StrictString(source="job.state")
    job = StrictString(source="job.public_id")
    scheduled_by = StrictString()
    cancel_reason = StrictString(source="job.discard_reason")
    created_at = Instant()
    finished_at = Instant(source="job.finished_at", allow_null=True)
