"""Work that must happen later, as rows. The row is the truth; a message only wakes a worker up."""

import hashlib
import json
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class NotDead(errors.Conflict):
    code = "job_not_dead"
    title = "Only a dead letter can be requeued or discarded."


class NotWaiting(errors.Conflict):
    code = "job_not_waiting"
    title = "Only a job that waits can be canceled."


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
    lease was taken over can no longer write the result. `life` counts how often it was begun anew after it had died.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        FAILED = "failed"
        SUCCEEDED = "succeeded"
        DEAD = "dead"
        DISCARDED = "discarded"
        CANCELED = "canceled"

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
    life = models.PositiveIntegerField(default=1, help_text="Requeued dead letters begin another one.")
    fence = models.PositiveIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    error_class = models.CharField(max_length=200, blank=True, help_text="The kind of the last error.")
    last_error = models.TextField(blank=True)
    discard_reason = models.CharField(max_length=500, blank=True, help_text="Why it was discarded or canceled.")
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
            models.CheckConstraint(
                condition=Q(
                    state__in=("pending", "running", "failed", "succeeded", "dead", "discarded", "canceled"),
                    life__gte=1,
                ),
                name="jobs_job_known_state",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("discarded", "canceled")) | ~Q(discard_reason=""),
                name="jobs_job_given_up_for_a_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["queue", "run_at", "id"], name="jobs_job_due", condition=Q(state__in=("pending", "failed"))
            ),
            models.Index(
                fields=["queue", "state"],
                name="jobs_job_unfinished",
                condition=Q(state__in=("pending", "failed", "running", "dead")),
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
        self.life += 1

    def discard(self, *, at: datetime, reason: str) -> None:
        """This function will bury a dead letter for good; whatever waited behind it goes on.

        :raises NotDead: unless it is dead.
        """
        self._must_be_dead()
        self.state, self.discard_reason, self.finished_at = self.State.DISCARDED, reason, at

    @property
    def tries(self) -> list["JobAttempt"]:
        """The attempts that are over, in their order."""
        return list(self.timeline.order_by("fence"))

    def cancel(self, *, at: datetime, reason: str) -> None:
        """This function will call off what nobody has in hand, also while it waits for another attempt.

        :raises NotWaiting: while it runs, and after its end.
        """
        if self.state not in (self.State.PENDING, self.State.FAILED):
            raise NotWaiting(state=self.state)
        self.state, self.discard_reason, self.finished_at = self.State.CANCELED, reason, at

    @property
    def payload_hash(self) -> str:
        """The SHA-256 of the payload as canonical JSON, by which the same work is recognized."""
        text = json.dumps(self.payload, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def _must_be_dead(self) -> None:
        if self.state != self.State.DEAD:
            raise NotDead(state=self.state)


class JobAttempt(ScopedRow):
    """One attempt at a job that is over, and how it ended; the one under way is in the job itself.

    `lost` is an attempt whose worker was never heard of again, `released` one that a stopping worker gave back: the
    job is not charged for it.
    """

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        DEAD = "dead"
        LOST = "lost"
        RELEASED = "released"

    prefix: ClassVar[str] = "jat"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="timeline", db_index=False)
    fence = models.PositiveIntegerField(help_text="The claim it was made under.")
    life = models.PositiveIntegerField()
    number = models.PositiveIntegerField(help_text="Which attempt of that life it was.")
    owner = models.CharField(max_length=120, help_text="Host and process of the worker.")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    error_class = models.CharField(max_length=200, blank=True)
    error = models.TextField(blank=True)

    objects: ClassVar[ScopedManager["JobAttempt"]] = ScopedManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "job", "fence"], name="jobs_attempt_once"),
            models.CheckConstraint(
                condition=Q(outcome="succeeded", error="") | (~Q(outcome="succeeded") & ~Q(error="")),
                name="jobs_attempt_failures_have_a_cause",
            ),
        ]


class QueueHour(ScopedRow):
    """What the workers did in a queue within one hour of real time. It belongs to the platform's environment.

    Workers add to it once per slice of work and not once per job; `last_poll_at` is when one last looked into it.
    """

    prefix: ClassVar[str] = "qhr"

    queue = models.CharField(max_length=40)
    hour = models.DateTimeField()
    processed = models.BigIntegerField(default=0)
    succeeded = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    dead_lettered = models.BigIntegerField(default=0)
    last_poll_at = models.DateTimeField(null=True)

    objects: ClassVar[ScopedManager["QueueHour"]] = ScopedManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "queue", "hour"], name="jobs_queue_hour_one"),
            models.CheckConstraint(
                condition=Q(processed=models.F("succeeded") + models.F("failed") + models.F("dead_lettered")),
                name="jobs_queue_hour_adds_up",
            ),
        ]


class ScheduledJob(ScopedRow):
    """What somebody asked to be done at an instant of the environment's clock; the job does it and knows its state."""

    prefix: ClassVar[str] = "sch"

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=40, help_text="The public id of what it is about.")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="schedule")
    scheduled_by = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    objects: ClassVar[ScopedManager["ScheduledJob"]] = ScopedManager()

    class Meta:
        permissions: ClassVar = [("cancel_scheduledjob", "Can cancel scheduled jobs")]
        indexes: ClassVar = [models.Index(fields=["environment", "subject"], name="jobs_scheduled_by_subject")]
