"""What an operator does about dead letters: one, several, or all of a sort."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from core import clock, errors, events
from core.actor import Actor
from jobs import nudges
from jobs.models import Job, JobQuerySet, NotDead
from jobs.signals import JobDiscarded, JobRequeued

# How many dead letters one call takes at most, the oldest first: each of them is a fact.
MOST = 500

_LIVING = ["state", "attempts", "life", "available_at", "finished_at"]
_BURIED = ["state", "discard_reason", "finished_at"]


class SelectionEmpty(errors.Invalid):
    code = "selection_empty"
    title = f"Name from 1 to {MOST} jobs, or what the dead letters have in common."


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which dead letters: those of `ids`, or those that agree with every other member that is given."""

    ids: Sequence[UUID] = ()
    kind: str = ""
    queue: str = ""
    error_class: str = ""

    def refuse_unless_clear(self) -> None:
        """This function will raise SelectionEmpty for everything at once, for both ways, and for too many ids."""
        common = bool(self.kind or self.queue or self.error_class)
        if bool(self.ids) == common or len(self.ids) > MOST:
            raise SelectionEmpty

    def of(self, dead: JobQuerySet) -> JobQuerySet:
        """This function will keep the rows that are meant."""
        common = {"kind": self.kind, "queue": self.queue, "error_class": self.error_class}
        return dead.filter(**{name: value for name, value in common.items() if value})


def requeue_job(*, job_id: UUID, reason: str, actor: Actor, now: datetime) -> Job:
    """This function will bring a dead letter back, with all its attempts before it.

    :raises core.errors.NotFound: if the environment has no such job.
    :raises jobs.models.NotDead: unless it is dead.
    """
    return requeue_jobs(selection=Selection(ids=[job_id]), reason=reason, actor=actor, now=now)[0]


def discard_job(*, job_id: UUID, reason: str, actor: Actor, now: datetime) -> Job:
    """This function will bury a dead letter, and let go on what was waiting behind it.

    :raises core.errors.NotFound: if the environment has no such job.
    :raises jobs.models.NotDead: unless it is dead.
    """
    return discard_jobs(selection=Selection(ids=[job_id]), reason=reason, actor=actor, now=now)[0]


@transaction.atomic
def requeue_jobs(*, selection: Selection, reason: str, actor: Actor, now: datetime) -> list[Job]:
    """Begin another life of dead letters, all of them or none. What was learned of the earlier one is kept.

    This function will return them; of those that have something in common the oldest 500.

    :raises SelectionEmpty: unless it says which.
    :raises core.errors.NotFound: if one of the ids is no job of the environment.
    :raises jobs.models.NotDead: if one of the ids is not dead.
    """
    rows, wall = _locked(selection), clock.wall()
    for row in rows:
        row.requeue(at=wall)
    _store(rows, _LIVING, lambda row: JobRequeued(**_told(row, actor, now, reason)))
    for queue in {row.queue for row in rows}:
        nudges.after_commit(queue)
    return rows


@transaction.atomic
def discard_jobs(*, selection: Selection, reason: str, actor: Actor, now: datetime) -> list[Job]:
    """Bury dead letters for good, all of them or none; what waited behind them goes on.

    This function will return them; of those that have something in common the oldest 500.

    :raises SelectionEmpty: unless it says which.
    :raises core.errors.NotFound: if one of the ids is no job of the environment.
    :raises jobs.models.NotDead: if one of the ids is not dead.
    """
    rows, wall = _locked(selection), clock.wall()
    for row in rows:
        row.discard(at=wall, reason=reason)
    _store(rows, _BURIED, lambda row: JobDiscarded(**_told(row, actor, now, reason)))
    return rows


def _locked(selection: Selection) -> list[Job]:
    selection.refuse_unless_clear()
    locked = Job.objects.select_for_update().order_by("id")
    if not selection.ids:
        return list(selection.of(locked.dead())[:MOST])
    rows = list(locked.filter(pk__in=selection.ids))
    if len(rows) != len(set(selection.ids)):
        raise errors.NotFound
    living = next((row for row in rows if row.state != Job.State.DEAD), None)
    if living is not None:
        raise NotDead(job=living.public_id, state=living.state)
    return rows


def _store(rows: Sequence[Job], fields: Sequence[str], fact: Callable[[Job], events.Event]) -> None:
    Job.objects.bulk_update(rows, fields)
    for row in rows:
        events.publish(fact(row))


def _told(row: Job, actor: Actor, now: datetime, reason: str) -> dict[str, Any]:
    return {"subject": row.public_id, "actor": actor.label, "at": now, "kind": row.kind, "reason": reason}
