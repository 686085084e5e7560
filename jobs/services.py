"""What anybody may ask of the engine room."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import clock, context, errors, events, ids, tenancy
from core.actor import Actor
from core.models import Environment
from jobs import nudges
from jobs.leases import still_mine
from jobs.models import Job
from jobs.registry import QUEUES, duty, job, kind_of, pump
from jobs.signals import ClockAdvanceStarted, JobDiscarded, JobRequeued

__all__ = [
    "QUEUES", "NewJob", "RetryAfter", "advance_clock", "discard_job", "duty", "enqueue", "enqueue_many", "job",
    "nudge_relay", "pump", "requeue_job", "still_mine",
]  # fmt: skip


class RetryAfter(Exception):
    """Raised inside a job when the other side named the seconds to wait; it counts as a failed attempt."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """One job to write: see `enqueue`."""

    kind: str
    payload: dict[str, str]
    key: str
    run_at: datetime | None = None
    ordering_key: str = ""
    ordering_rank: int = 0
    correlation_id: str = field(default_factory=lambda: context.current().request_id)

    def row(self, *, now: datetime, wall: datetime) -> Job:
        """This function will return the row to insert."""
        kind = kind_of(self.kind)
        return Job(
            kind=self.kind, queue=kind.queue, payload=self.payload, key=self.key, correlation_id=self.correlation_id,
            ordering_key=self.ordering_key, ordering_rank=self.ordering_rank, run_at=self.run_at or now,
            available_at=wall, max_attempts=kind.max_attempts, created_at=wall,
        )  # fmt: skip


def enqueue(
    kind: str, *, payload: dict[str, str], key: str, run_at: datetime | None = None, ordering_key: str = ""
) -> UUID:
    """This function will write a job in the caller's transaction and return its id.

    `payload` holds ids only. `key` is unique per kind and environment: asked again, the job that exists is returned.
    `run_at` is on the environment's clock; without it the job is due at once.
    """
    new = NewJob(kind=kind, payload=payload, key=key, run_at=run_at, ordering_key=ordering_key)
    enqueue_many([new])
    return Job.objects.only("id").get(kind=kind, key=key).id


def enqueue_many(new: Sequence[NewJob]) -> None:
    """This function will write many jobs of the environment in one statement, those that exist left as they are."""
    wall, now = clock.wall(), clock.now()
    Job.objects.bulk_create([one.row(now=now, wall=wall) for one in new], ignore_conflicts=True)
    for queue in {kind_of(one.kind).queue for one in new}:
        nudges.after_commit(queue)


def nudge_relay() -> None:
    """This function will wake the relay once the transaction has committed."""
    nudges.relay_after_commit()


@transaction.atomic
def requeue_job(*, job_id: UUID, reason: str, actor: Actor, now: datetime) -> Job:
    """This function will bring a dead letter back, with all its attempts before it.

    :raises core.errors.NotFound: if the environment has no such job.
    :raises jobs.models.NotDead: unless it is dead.
    """
    row = _locked(job_id)
    row.requeue(at=clock.wall())
    row.save(update_fields=["state", "attempts", "life", "available_at", "finished_at"])
    events.publish(JobRequeued(subject=row.public_id, actor=actor.label, at=now, kind=row.kind, reason=reason))
    nudges.after_commit(row.queue)
    return row


@transaction.atomic
def discard_job(*, job_id: UUID, reason: str, actor: Actor, now: datetime) -> Job:
    """This function will bury a dead letter, and let go on what was waiting behind it.

    :raises core.errors.NotFound: if the environment has no such job.
    :raises jobs.models.NotDead: unless it is dead.
    """
    row = _locked(job_id)
    row.discard(at=clock.wall(), reason=reason)
    row.save(update_fields=["state", "discard_reason", "finished_at"])
    events.publish(JobDiscarded(subject=row.public_id, actor=actor.label, at=now, kind=row.kind, reason=reason))
    return row


@transaction.atomic
def advance_clock(*, to: datetime, actor: Actor, now: datetime) -> Environment:
    """This function will freeze the scope's sandbox clock at `now` and have a job move it to a later instant.

    On the way everything that falls due runs in its order, each at its own instant, through the same code as live.

    :raises core.models.ClockRefused: for a live environment, or backwards.
    :raises core.models.ClockMoving: while an earlier move is under way.
    """
    environment = Environment.objects.select_for_update().get(pk=tenancy.environment_id())
    environment.begin_advance(to=to, now=now)
    environment.save(update_fields=["clock_at", "advancing_to"])
    enqueue("jobs.advance_clock", payload={"to": to.isoformat()}, key=str(ids.new()), run_at=now)
    started = ClockAdvanceStarted(subject=environment.public_id, actor=actor.label, at=now, to=to.isoformat())
    events.publish(started)
    return environment


def _locked(job_id: UUID) -> Job:
    row = Job.objects.select_for_update().filter(pk=job_id).first()
    if row is None:
        raise errors.NotFound
    return row
