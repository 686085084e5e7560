"""The console's pages of the engine room: the queues, what runs, what failed, and what is to be done when."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import clock, console
from jobs import selectors, services
from jobs.models import Job, JobAttempt, QueueHour, ScheduledJob

DAY = 24


class AttemptInline(console.ConsoleInline):
    """The timeline of a job: every attempt that is over."""

    model = JobAttempt
    fields = ("life", "number", "outcome", "started_at", "ended_at", "owner", "shown_error")
    readonly_fields = ("shown_error",)
    ordering = ("fence",)
    verbose_name_plural = "timeline"

    @admin.display(description="Error")
    def shown_error(self, attempt: JobAttempt) -> str | SafeString:
        """This function will return the kind of error, and what it said when it is opened."""
        if not attempt.error:
            return "–"
        summary = attempt.error_class or "No word"
        return format_html('<details><summary>{}</summary><pre class="text">{}</pre></details>', summary, attempt.error)


@admin.register(Job)
class JobAdmin(console.ConsoleAdmin):
    """Jobs. The dead letters are the filter `state: dead`; they are requeued and discarded one by one or together."""

    list_display = ("public_id", "kind", "state", "attempts", "error_class", "run_at", "finished_at")
    list_filter = ("state", "queue", "kind", "error_class")
    search_fields = ("kind", "key", "correlation_id", "error_class", "last_error")
    ordering = ("-id",)
    date_hierarchy = "created_at"
    fields = (
        "kind", "state", "error_class", "shown_error", "life", "attempts", "max_attempts", "queue", "payload",
        "shown_hash", "key", "correlation_id", "ordering_key", "run_at", "available_at", "created_at", "started_at",
        "finished_at", "lease_owner", "lease_until", "discard_reason",
    )  # fmt: skip
    readonly_fields = ("shown_error", "shown_hash")
    inlines = (AttemptInline,)
    actions = ("requeue_jobs", "discard_jobs")
    actions_detail: ClassVar = ["requeue_job", "discard_job"]

    @admin.display(description="Last error")
    def shown_error(self, job: Job) -> str | SafeString:
        """This function will return the traceback, readable."""
        return format_html('<pre class="text">{}</pre>', job.last_error) if job.last_error else "–"

    @admin.display(description="Payload hash")
    def shown_hash(self, job: Job) -> str:
        """This function will return the hash by which the same work is recognized."""
        return job.payload_hash

    @console.verb(description="Requeue", permission="requeue", icon="replay", possible=console.in_state("dead"))
    def requeue_job(self, request: HttpRequest, job: Job, reason: str) -> None:
        """This function will bring a dead letter back to life."""
        services.requeue_job(job_id=job.id, reason=reason, actor=console.actor(request), now=clock.now())

    @console.verb(description="Discard", permission="discard", icon="delete_forever", possible=console.in_state("dead"))
    def discard_job(self, request: HttpRequest, job: Job, reason: str) -> None:
        """This function will bury a dead letter for good."""
        services.discard_job(job_id=job.id, reason=reason, actor=console.actor(request), now=clock.now())

    @console.verb_for_many(description="Requeue the dead letters", permission="requeue")
    def requeue_jobs(self, request: HttpRequest, jobs: Sequence[Job], reason: str) -> None:
        """This function will bring the chosen dead letters back to life, all of them or none."""
        services.requeue_jobs(selection=_of(jobs), reason=reason, actor=console.actor(request), now=clock.now())

    @console.verb_for_many(description="Discard the dead letters", permission="discard")
    def discard_jobs(self, request: HttpRequest, jobs: Sequence[Job], reason: str) -> None:
        """This function will bury the chosen dead letters for good, all of them or none."""
        services.discard_jobs(selection=_of(jobs), reason=reason, actor=console.actor(request), now=clock.now())


def _of(jobs: Sequence[Job]) -> services.Selection:
    return services.Selection(ids=[job.id for job in jobs])


@admin.register(ScheduledJob)
class ScheduledJobAdmin(console.ConsoleAdmin):
    """What is to be done when; what has not been begun can be called off."""

    list_display = ("public_id", "kind", "subject", "run_at", "state_badge", "scheduled_by")
    list_filter = ("job__state", "kind")
    list_select_related = ("job",)
    search_fields = ("subject", "scheduled_by")
    references = ("subject",)
    ordering = ("-id",)
    fields = ("kind", "subject", "run_at", "state_badge", "job", "scheduled_by", "created_at", "cancel_reason")
    readonly_fields = ("run_at", "state_badge", "cancel_reason")
    actions_detail: ClassVar = ["cancel_schedule"]

    @admin.display(description="Run at", ordering="job__run_at")
    def run_at(self, row: ScheduledJob) -> Any:
        """This function will return the instant on the environment's clock."""
        return row.job.run_at

    @admin.display(description="State", ordering="job__state")
    def state_badge(self, row: ScheduledJob) -> SafeString:
        """This function will return the state of its job."""
        return console.badge(row.job.state)

    @admin.display(description="Cancel reason")
    def cancel_reason(self, row: ScheduledJob) -> str:
        """This function will return why it was called off."""
        return row.job.discard_reason or "–"

    @console.verb(description="Cancel", permission="cancel", icon="event_busy")
    def cancel_schedule(self, request: HttpRequest, row: ScheduledJob, reason: str) -> None:
        """This function will call off what has not been begun."""
        services.cancel_schedule(schedule_id=row.id, reason=reason, actor=console.actor(request), now=clock.now())


@admin.register(QueueHour)
class QueueHourAdmin(console.ConsoleAdmin):
    """The queues: what is in them, what the workers did, and how much of it in each of the last hours."""

    list_display = ("queue", "hour", "processed", "succeeded", "failed", "dead_lettered")
    list_filter = ("queue",)
    search_fields = ("queue",)
    ordering = ("-hour", "queue")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponseBase:
        """This function will show all queues at once, instead of one row per queue and hour."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Queues",
            "opts": self.opts,
            "queues": selectors.list_queues(),
            "charts": [console.drawn(one) for one in _throughput()],
            "jobs": reverse("admin:jobs_job_changelist"),
        }
        return TemplateResponse(request, "console/queues.html", context)


def _throughput() -> Iterator[console.Chart]:
    hours = selectors.list_throughput(hours=DAY)
    done = [(f"{one.hour:%H}", one.succeeded) for one in hours]
    failed = [(f"{one.hour:%H}", one.failed + one.dead_lettered) for one in hours]
    yield console.Chart(title="Succeeded per hour, last 24 hours (UTC)", bars=_bars(done, "good"), upright=True)
    yield console.Chart(title="Failed attempts per hour, last 24 hours (UTC)", bars=_bars(failed, "bad"), upright=True)


def _bars(numbers: Sequence[tuple[str, int]], tone: str) -> list[console.Bar]:
    return [console.Bar(label=label, value=number, text=str(number or ""), tone=tone) for label, number in numbers]


@console.tile("Dead jobs", model="jobs.job", query="state__exact=dead", order=70, is_alarm=True)
def dead_jobs() -> int:
    """This function will count the dead letters."""
    return Job.objects.dead().count()
