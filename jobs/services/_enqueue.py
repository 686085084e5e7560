"""Writing jobs, and waking the workers that do them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from core import clock, context, failpoints, ids
from core.tenancy.writes import insert_found, insert_missing, insert_once, later
from jobs import nudges
from jobs.models import Job
from jobs.registry import kind_of

# What tells one job of a kind from another; the rest all of them share.
_OWN: Final = ("payload", "key", "ordering_key", "ordering_rank", "correlation_id")


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
        return Job.fresh(
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
    row = new.row(now=clock.now(), wall=clock.wall())
    is_new = insert_once(row)
    _written({row.queue})
    return row.id if is_new else Job.objects.only("id").get(kind=kind, key=key).id


def enqueue_many(new: Sequence[NewJob]) -> None:
    """This function will write many jobs of the environment in one statement, those that exist left as they are."""
    wall, now = clock.wall(), clock.now()
    insert_missing([one.row(now=now, wall=wall) for one in new])
    _written({kind_of(one.kind).queue for one in new})


def enqueue_new(new: Sequence[NewJob]) -> None:
    """This function will write jobs whose keys nobody can know yet, with the transaction's next statement.

    The unique constraint refuses a known one, and with it the transaction.
    """
    wall, now = clock.wall(), clock.now()
    later([one.row(now=now, wall=wall) for one in new])
    _written({kind_of(one.kind).queue for one in new})


def enqueue_found(kind: str, *, query: str, values: Mapping[str, Any], number: int) -> None:
    """This function will write the jobs that a query finds, as `enqueue_many` would, and none passes through Python.

    `query` selects `payload`, `key`, `ordering_key`, `ordering_rank`, `correlation_id` and `place`, which counts them
    from 1 to `number`, in the environment in scope; `values` are its parameters.
    """
    pattern = NewJob(kind=kind, payload={}, key="").row(now=clock.now(), wall=clock.wall())
    insert_found(pattern, query, values, _OWN, [ids.new() for _ in range(number)])
    _written({pattern.queue})


def _written(queues: Collection[str]) -> None:
    if __debug__:
        failpoints.reach("jobs.enqueued")
    for queue in queues:
        nudges.after_commit(queue)


def nudge_relay() -> None:
    """This function will wake the relay once the transaction has committed."""
    nudges.relay_after_commit()
