"""The console's pages of the engine room: what runs, what failed, and the dead letters."""

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import clock, console
from jobs import services
from jobs.models import Job


@admin.register(Job)
class JobAdmin(console.ConsoleAdmin):
    """Jobs. The dead letters are the filter `state: dead`; Requeue and Discard are on a job's page."""

    list_display = ("public_id", "kind", "state", "attempts", "run_at", "finished_at")
    list_filter = ("state", "queue", "kind")
    search_fields = ("kind", "key", "correlation_id", "last_error")
    ordering = ("-id",)
    date_hierarchy = "created_at"
    fields = (
        "kind", "state", "shown_error", "attempts", "max_attempts", "queue", "payload", "key", "correlation_id",
        "ordering_key", "run_at", "available_at", "created_at", "started_at", "finished_at", "lease_owner",
        "lease_until", "discard_reason",
    )  # fmt: skip
    readonly_fields = ("shown_error",)
    actions_detail: ClassVar = ["requeue_job", "discard_job"]

    @admin.display(description="Last error")
    def shown_error(self, job: Job) -> str | SafeString:
        """This function will return the traceback, readable."""
        return format_html('<pre class="text">{}</pre>', job.last_error) if job.last_error else "–"

    @console.verb(description="Requeue", permission="requeue", icon="replay")
    def requeue_job(self, request: HttpRequest, job: Job, reason: str) -> None:
        """This function will bring a dead letter back to life."""
        services.requeue_job(job_id=job.id, reason=reason, actor=console.actor(request), now=clock.now())

    @console.verb(description="Discard", permission="discard", icon="delete_forever")
    def discard_job(self, request: HttpRequest, job: Job, reason: str) -> None:
        """This function will bury a dead letter for good."""
        services.discard_job(job_id=job.id, reason=reason, actor=console.actor(request), now=clock.now())


@console.tile("Dead jobs", model="jobs.job", query="state__exact=dead", order=70, is_alarm=True)
def dead_jobs() -> int:
    """This function will count the dead letters."""
    return Job.objects.dead().count()
