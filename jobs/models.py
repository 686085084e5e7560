"""Work that must happen later, as rows. The row is the truth; a message only wakes a worker up."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class NotDead(errors.Conflict):
    code = "job_not_dead"
    title = "Only a dead letter can be requeued or discarded."


class JobQuerySet(ScopedQuerySet["Job"]):
    def waiting(self) -> "JobQuerySet":
        """Work that is still to be done, also what failed and will be tried again."""
        return self.filter(state__in=(Job.State.PENDING, Job.State.FAILED))

    def dead(self) -> "JobQuerySet":
        """The dead letters."""
        return self.filter(state=Job.State.DEAD)


JobManager = ScopedManager.from_queryset(JobQuerySet)


class Job(ScopedRow):
    """One piece of work of one environment.

    `run_at` is on the environment's clock, so a sandbox's frozen clock holds it back; `available_at` and the lease are
    on the machine's, since they wait for the world and not for the calendar. `fence` counts claims: a worker whose
    lease was taken over can no longer write the result.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        FAILED = "failed"
        SUCCEEDED = "succeeded"
        DEAD = "dead"
        DISCARDED = "discarded"

    prefix: ClassVar[str] = "job"

    kind = models.CharField(max_length=60)
    queue = models.CharField(max_length=40)
    payload = models.JSONField(default=dict, help_text="Ids only.")
    key = models.CharField(max_length=200, help_text="Unique per kind: the same work is never written twice.")
    correlation_id = models.CharField(max_length=128, blank=True)
    ordering_key = models.CharField(max_length=120, blank=True, help_text="Jobs that share it run one after the other.")
    ordering_rank = models.BigIntegerField(default=0)
    run_at = models.DateTimeField(help_text="When it is due, on the environment's clock.")
    available_at = models.DateTimeField(help_text="Not before this instant of real time: the wait after a failure.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField()
    fence = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    discard_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[JobManager["Job"]] = JobManager()

    class Meta:
        permissions: ClassVar = [
            ("requeue_job", "Can requeue dead letters"),
            ("discard_job", "Can discard dead letters"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "kind", "key"], name="jobs_job_once"),
            models.CheckConstraint(
                condition=Q(state="running", lease_until__isnull=False) | (~Q(state="running") & Q(lease_until=None)),
                name="jobs_job_leased_while_running",
            ),
            models.CheckConstraint(
                condition=~Q(state="dead") | ~Q(last_error=""), name="jobs_job_dead_letters_have_a_cause"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["queue", "run_at", "id"], name="jobs_job_due", condition=Q(state__in=("pending", "failed"))
            ),
            models.Index(fields=["lease_until"], name="jobs_job_leases", condition=Q(state="running")),
            models.Index(
                fields=["environment", "ordering_key", "ordering_rank"],
                name="jobs_job_order",
                condition=Q(state__in=("pending", "failed", "running", "dead")) & ~Q(ordering_key=""),
            ),
            models.Index(fields=["environment", "state", "id"], name="jobs_job_by_state"),
        ]

    def requeue(self, *, at: datetime) -> None:
        """This function will bring a dead letter back to life with all its attempts before it.

        :raises NotDead: unless it is dead.
        """
        self._must_be_dead()
        self.state, self.attempts, self.available_at, self.finished_at = self.State.PENDING, 0, at, None

    def discard(self, *, at: datetime, reason: str) -> None:
        """This function will bury a dead letter for good; whatever waited behind it goes on.

        :raises NotDead: unless it is dead.
        """
        self._must_be_dead()
        self.state, self.discard_reason, self.finished_at = self.State.DISCARDED, reason, at

    def _must_be_dead(self) -> None:
        if self.state != self.State.DEAD:
            raise NotDead(state=self.state)
