"""What has become of the jobs that somebody wrote: for those whose own state it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from core import ids
from jobs.models import Job


@dataclass(frozen=True, kw_only=True)
class Stuck:
    """Dead letters of a kind, and the jobs that are parked behind one of them."""

    dead: int
    parked: int


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far one job is. `parked` waits behind a dead letter and not for its turn."""

    id: UUID
    key: str
    state: str
    attempts: int
    is_parked: bool

    @property
    def public_id(self) -> str:
        return ids.encode(Job.prefix, self.id)


def count_stuck(kind: str) -> Stuck:
    """This function will count the dead letters of a kind, and what is parked behind them, within the scope."""
    rows = Job.objects.filter(kind=kind)
    parked = rows.waiting().exclude(ordering_key="").filter(Exists(_dead_ahead()))
    return Stuck(dead=rows.filter(state=Job.State.DEAD).count(), parked=parked.count())


def list_stuck(kind: str, *, is_parked: bool, limit: int) -> list[str]:
    """This function will return the keys of a kind's dead letters, or of what is parked behind them, newest first."""
    rows = Job.objects.filter(kind=kind)
    waiting = rows.waiting().exclude(ordering_key="").filter(Exists(_dead_ahead()))
    stuck = waiting if is_parked else rows.filter(state=Job.State.DEAD)
    return list(stuck.order_by("-id").values_list("key", flat=True)[:limit])


def list_progress(kind: str, keys: Sequence[str]) -> list[Progress]:
    """This function will return how far the environment's jobs of these keys are; those that are gone are left out."""
    rows: QuerySet[Any] = (
        Job.objects.filter(kind=kind, key__in=keys).annotate(behind_dead=Exists(_dead_ahead())).order_by("key")
    )
    return [
        Progress(
            id=row.id, key=row.key, state=row.state, attempts=row.attempts,
            is_parked=row.behind_dead and row.state in (Job.State.PENDING, Job.State.FAILED),
        )
        for row in rows.order_by("key")
    ]  # fmt: skip


def _dead_ahead() -> "QuerySet[Job]":
    return Job.objects.filter(
        ~Q(ordering_key=""), environment_id=OuterRef("environment_id"), ordering_key=OuterRef("ordering_key"),
        ordering_rank__lt=OuterRef("ordering_rank"), state=Job.State.DEAD,
    )  # fmt: skip
