"""Claiming work and settling it. One statement each, beside the table they serve."""

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from core.tenancy.system import system_scope

LEASE = timedelta(seconds=60)
# The worker: its processes are forked after this line, and share the name.
OWNER = f"{socket.gethostname()}:{os.getpid()}"

# `clock_timestamp()` and not the caller's clock: leases of several machines must agree on the time.
_READY = "job.state IN ('pending', 'failed') AND job.run_at <= COALESCE(env.clock_at, clock_timestamp()) {waited}"
_WAITED = "AND job.available_at <= clock_timestamp()"
_LEFT_BEHIND = "job.state = 'running' AND job.lease_until < clock_timestamp() AND job.attempts < job.max_attempts"
# The second look at `ahead.ordering_key` lets the planner take `jobs_job_order`, which has no rows without a key; from
# the first alone it does not see that, and reads the whole table for each job that waits.
_IN_ORDER = """
    (job.ordering_key = '' OR NOT EXISTS (
        SELECT 1 FROM jobs_job ahead
        WHERE ahead.environment_id = job.environment_id AND ahead.ordering_key = job.ordering_key
          AND ahead.ordering_key <> '' AND ahead.ordering_rank < job.ordering_rank
          AND ahead.state IN ('pending', 'failed', 'running', 'dead')))
"""
# A row of the timeline, written by the statement that ends the attempt, so that there is never one without the other.
_TRIED = """
    INSERT INTO jobs_jobattempt (id, environment_id, job_id, fence, life, number, owner, started_at, ended_at, outcome,
                                 error_class, error)
    SELECT gen_random_uuid(), environment_id, id, fence, life, {number}, lease_owner, started_at, clock_timestamp(),
           {outcome}, {error_class}, {error} FROM {ended}
"""
_LOST = _TRIED.format(
    number="attempts", outcome="'lost'", error_class="''", ended="chosen WHERE state = 'running'",
    error="'The worker ' || lease_owner || ' was not heard of again.'",
)  # fmt: skip
_FIRST = """
        SELECT job.id, job.environment_id, job.state, job.fence, job.life, job.attempts, job.lease_owner, job.started_at
        FROM jobs_job job JOIN core_environment env ON env.id = job.environment_id
        WHERE {chosen} AND {due} AND {in_order}
        ORDER BY job.run_at, job.id LIMIT 1 FOR UPDATE OF job SKIP LOCKED
"""
# Two looks, each along an index that has its order: one look for both would read and sort everything that waits. What
# somebody left behind was the first once, so it is the first again; only without such a job is there a second look.
_CLAIM = """
    WITH taken_over AS ({left_behind}),
    next AS ({ready}),
    chosen AS (TABLE taken_over UNION ALL TABLE next),
    lost AS ({lost} ON CONFLICT (environment_id, job_id, fence) DO NOTHING)
    UPDATE jobs_job claimed
    SET state = 'running', attempts = claimed.attempts + 1, fence = claimed.fence + 1, lease_owner = %(owner)s,
        lease_until = clock_timestamp() + %(lease)s, started_at = clock_timestamp()
    FROM chosen WHERE claimed.id = chosen.id
    RETURNING claimed.id, claimed.environment_id, claimed.kind, claimed.queue, claimed.payload,
              claimed.correlation_id, claimed.fence, claimed.attempts, claimed.max_attempts
"""
# A frozen clock that is being moved belongs to the mover: everybody else keeps off its environment, but for the
# move itself and for what waits for the outside world.
_OF_QUEUE = "job.queue = %(queue)s AND (env.advancing_to IS NULL OR job.kind = 'jobs.advance_clock')"
_OF_ENVIRONMENT = (
    "job.environment_id = %(environment)s AND job.kind <> 'jobs.advance_clock' AND job.queue <> 'q:out:webhooks'"
)


def _claim_of(chosen: str, *, in_order: str = _IN_ORDER, waited: str = "") -> str:
    ready = f"NOT EXISTS (TABLE taken_over) AND {_READY.format(waited=waited)}"
    return _CLAIM.format(
        left_behind=_FIRST.format(chosen=chosen, due=_LEFT_BEHIND, in_order=in_order),
        ready=_FIRST.format(chosen=chosen, due=ready, in_order=in_order), lost=_LOST,
    )  # fmt: skip


CLAIM_OF_QUEUE = _claim_of(_OF_QUEUE, waited=_WAITED)
# A failed job is tried again at once while the clock is moved: its wait is real time, which the move does not spend.
CLAIM_OF_ENVIRONMENT = _claim_of(_OF_ENVIRONMENT)

# Others like a job in hand that nobody has tried yet: they are done together with it, in one transaction.
_LIKE = """
    WITH chosen AS (
        SELECT job.id FROM jobs_job job JOIN core_environment env ON env.id = job.environment_id
        WHERE job.queue = %(queue)s AND job.kind = %(kind)s AND job.environment_id = %(environment)s
          AND job.state = 'pending' AND job.fence = 0 AND job.ordering_key = ''
          AND job.run_at <= COALESCE(env.clock_at, clock_timestamp()) AND job.available_at <= clock_timestamp()
        ORDER BY job.run_at, job.id LIMIT %(most)s FOR UPDATE OF job SKIP LOCKED)
    UPDATE jobs_job claimed
    SET state = 'running', attempts = 1, fence = 1, lease_owner = %(owner)s,
        lease_until = clock_timestamp() + %(lease)s, started_at = clock_timestamp()
    FROM chosen WHERE claimed.id = chosen.id
    RETURNING claimed.id, claimed.environment_id, claimed.kind, claimed.queue, claimed.payload,
              claimed.correlation_id, claimed.fence, claimed.attempts, claimed.max_attempts
"""

_SETTLE = """
    WITH settled AS (
        UPDATE jobs_job SET lease_until = NULL, {changes}
        WHERE id = %(id)s AND fence = %(fence)s AND state = 'running'
        RETURNING id, environment_id, fence, life, attempts, lease_owner, started_at)
"""
_WELL = "state = 'succeeded', finished_at = clock_timestamp(), last_error = '', error_class = ''"
_SUCCEEDED = _TRIED.format(number="attempts", outcome="'succeeded'", error_class="''", error="''", ended="settled")
_SUCCEED = _SETTLE.format(changes=_WELL) + _SUCCEEDED
_SUCCEED_MANY = f"""
    WITH settled AS (
        UPDATE jobs_job SET lease_until = NULL, {_WELL}
        WHERE state = 'running' AND (id, fence) IN (SELECT * FROM unnest(%(ids)s::uuid[], %(fences)s::int[]))
        RETURNING id, environment_id, fence, life, attempts, lease_owner, started_at)
    {_SUCCEEDED} RETURNING job_id AS id
"""  # noqa: S608 - made of the constants above
_ERROR = {"number": "attempts", "error_class": "%(error_class)s", "error": "%(error)s", "ended": "settled"}
_FAIL = _SETTLE.format(
    changes="""state = 'failed', last_error = %(error)s, error_class = %(error_class)s,
               available_at = clock_timestamp() + %(wait)s"""
) + _TRIED.format(outcome="'failed'", **_ERROR)
_BURY = _SETTLE.format(
    changes="""state = 'dead', last_error = %(error)s, error_class = %(error_class)s,
               finished_at = clock_timestamp()"""
) + _TRIED.format(outcome="'dead'", **_ERROR)
_BURY_POISON = f"""
    WITH chosen AS (
        SELECT id, environment_id, queue, state, fence, life, attempts, lease_owner, started_at FROM jobs_job
        WHERE state = 'running' AND lease_until < clock_timestamp() AND attempts >= max_attempts
        FOR UPDATE SKIP LOCKED),
    lost AS ({_LOST} ON CONFLICT (environment_id, job_id, fence) DO NOTHING)
    UPDATE jobs_job poison SET state = 'dead', lease_until = NULL, finished_at = clock_timestamp(),
        error_class = 'WorkerLost',
        last_error = 'The worker died during each of ' || poison.attempts || ' attempts.'
    FROM chosen WHERE poison.id = chosen.id RETURNING poison.queue
"""  # noqa: S608 - made of the constants above
_RELEASED = _TRIED.format(
    number="attempts + 1", outcome="'released'", error_class="''", ended="released",
    error="'The worker ' || lease_owner || ' was told to stop.'",
)  # fmt: skip
# The attempt is not charged: it is not the job's fault that its worker was told to stop.
_RELEASE = f"""
    WITH released AS (
        UPDATE jobs_job SET lease_until = clock_timestamp(), attempts = attempts - 1
        WHERE state = 'running' AND lease_owner = %(owner)s AND lease_until > clock_timestamp()
        RETURNING id, environment_id, fence, life, attempts, lease_owner, started_at)
    {_RELEASED}
"""  # noqa: S608 - made of the constants above
_EXTEND = """
    UPDATE jobs_job SET lease_until = clock_timestamp() + %(lease)s
    WHERE state = 'running' AND (id, fence) IN (SELECT * FROM unnest(%(ids)s::uuid[], %(fences)s::int[]))
    RETURNING id
"""
_HOLDS = "SELECT 1 FROM jobs_job WHERE id = %(id)s AND fence = %(fence)s AND state = 'running' FOR SHARE"
_DUE_QUEUES = f"""
    SELECT DISTINCT job.queue FROM jobs_job job JOIN core_environment env ON env.id = job.environment_id
    WHERE job.state IN ('pending', 'failed', 'running')
      AND (env.advancing_to IS NULL OR job.kind = 'jobs.advance_clock')
      AND (({_READY.format(waited=_WAITED)}) OR ({_LEFT_BEHIND}))
"""  # noqa: S608 - made of the constants above


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A job in hand: what to do, and the fence that proves it is still ours."""

    id: UUID
    environment_id: UUID
    kind: str
    queue: str
    payload: dict[str, str]
    correlation_id: str
    fence: int
    attempts: int
    max_attempts: int


def of_queues(*queues: str) -> Claim | None:
    """This function will claim the job that has been due longest in the first of these queues that has one, or return
    None.
    """
    found = (_claim(CLAIM_OF_QUEUE, queue=queue) for queue in queues)
    return next((claim for claim in found if claim), None)


def of_environment(environment_id: UUID) -> Claim | None:
    """This function will claim the next due job of one environment whose clock is being moved, or return None."""
    return _claim(CLAIM_OF_ENVIRONMENT, environment=environment_id)


def like(claim: Claim, *, most: int) -> list[Claim]:
    """This function will claim at most so many due jobs of a claimed one's kind, queue and environment, oldest first.

    Only those that nobody has tried: what failed, or took its worker along, goes alone.
    """
    found = _run(
        _LIKE, owner=OWNER, lease=LEASE, queue=claim.queue, kind=claim.kind, environment=claim.environment_id, most=most
    ).rows
    return sorted((_read(row) for row in found), key=lambda one: one.id)


def succeed_many(claims: Sequence[Claim]) -> set[UUID]:
    """This function will settle jobs that were done together, and return the ids of those that were still ours."""
    ids, fences = [claim.id for claim in claims], [claim.fence for claim in claims]
    return {row["id"] for row in _run(_SUCCEED_MANY, ids=ids, fences=fences).rows}


def succeed(claim: Claim) -> bool:
    """This function will settle a job that was done; False if the lease has been taken over."""
    return bool(_run(_SUCCEED, id=claim.id, fence=claim.fence).rowcount)


def fail(claim: Claim, *, error_class: str, error: str, wait: timedelta) -> bool:
    """This function will put a failed job back for another attempt after a wait; False if the lease is lost."""
    said = {"error_class": error_class, "error": error}
    return bool(_run(_FAIL, id=claim.id, fence=claim.fence, wait=wait, **said).rowcount)


def bury(claim: Claim, *, error_class: str, error: str) -> bool:
    """This function will make a job a dead letter; False if the lease has been taken over."""
    return bool(_run(_BURY, id=claim.id, fence=claim.fence, error_class=error_class, error=error).rowcount)


def bury_poison() -> list[str]:
    """This function will make dead letters of jobs that killed their worker each time, and return their queues."""
    return [row["queue"] for row in _run(_BURY_POISON).rows]


def extend(held: Sequence[Claim]) -> set[UUID]:
    """This function will begin the leases of jobs in hand anew, and return the ids of those that are still ours."""
    ids, fences = [claim.id for claim in held], [claim.fence for claim in held]
    return {row["id"] for row in _run(_EXTEND, lease=LEASE, ids=ids, fences=fences).rows}


def holds(claim: Claim) -> bool:
    """This function will tell whether a job in hand is still ours, and keep it so to the end of the transaction."""
    return bool(_run(_HOLDS, id=claim.id, fence=claim.fence).rows)


def release() -> int:
    """This function will give back what the processes of this worker still hold, and return how many jobs."""
    return _run(_RELEASE, owner=OWNER).rowcount


def due_queues() -> list[str]:
    """This function will return the queues in which something is due now."""
    return [row["queue"] for row in _run(_DUE_QUEUES).rows]


@dataclass(frozen=True)
class _Answer:
    rowcount: int
    rows: list[Any]


def _claim(statement: str, **chosen: Any) -> Claim | None:
    found = _run(statement, owner=OWNER, lease=LEASE, **chosen).rows
    return _read(found[0]) if found else None


def _read(row: dict[str, Any]) -> Claim:
    return Claim(**(row | {"payload": json.loads(row["payload"])}))


def _run(statement: str, **values: Any) -> _Answer:
    # Also inside another scope: the engine room settles a job whatever its environment.
    with system_scope("jobs: claim and settle"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return _Answer(cursor.rowcount, _rows(cursor))


def _rows(cursor: Any) -> list[Any]:
    if cursor.description is None:
        return []
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
