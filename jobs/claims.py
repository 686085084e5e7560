"""Claiming work and settling it. One statement each, beside the table they serve."""

import json
import os
import socket
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from core.tenancy.system import system_scope

LEASE = timedelta(seconds=60)
OWNER = f"{socket.gethostname()}:{os.getpid()}"

# `clock_timestamp()` and not the caller's clock: leases of several machines must agree on the time.
_DUE = """
    ((job.state IN ('pending', 'failed') AND job.run_at <= COALESCE(env.clock_at, clock_timestamp()) {waited})
     OR (job.state = 'running' AND job.lease_until < clock_timestamp()))
"""
_IN_ORDER = """
    (job.ordering_key = '' OR NOT EXISTS (
        SELECT 1 FROM jobs_job ahead
        WHERE ahead.environment_id = job.environment_id AND ahead.ordering_key = job.ordering_key
          AND ahead.ordering_rank < job.ordering_rank AND ahead.state IN ('pending', 'failed', 'running', 'dead')))
"""
_CLAIM = """
    UPDATE jobs_job claimed
    SET state = 'running', attempts = attempts + 1, fence = fence + 1, lease_owner = %(owner)s,
        lease_until = clock_timestamp() + %(lease)s, started_at = clock_timestamp()
    WHERE id = (
        SELECT job.id FROM jobs_job job JOIN core_environment env ON env.id = job.environment_id
        WHERE {chosen} AND {due} AND {in_order}
        ORDER BY job.run_at, job.id LIMIT 1 FOR UPDATE OF job SKIP LOCKED)
    RETURNING id, environment_id, kind, payload, correlation_id, fence, attempts, max_attempts
"""
# A frozen clock that is being moved belongs to the mover: everybody else keeps off its environment, but for the
# move itself and for what waits for the outside world.
_OF_QUEUES = "job.queue = ANY(%(queues)s) AND (env.advancing_to IS NULL OR job.kind = 'jobs.advance_clock')"
_OF_ENVIRONMENT = (
    "job.environment_id = %(environment)s AND job.kind <> 'jobs.advance_clock' AND job.queue <> 'q:out:webhooks'"
)

CLAIM_OF_QUEUES = _CLAIM.format(
    chosen=_OF_QUEUES, due=_DUE.format(waited="AND job.available_at <= clock_timestamp()"), in_order=_IN_ORDER
)
# A failed job is tried again at once while the clock is moved: its wait is real time, which the move does not spend.
CLAIM_OF_ENVIRONMENT = _CLAIM.format(chosen=_OF_ENVIRONMENT, due=_DUE.format(waited=""), in_order=_IN_ORDER)

_SUCCEED = """
    UPDATE jobs_job SET state = 'succeeded', lease_until = NULL, finished_at = clock_timestamp(), last_error = ''
    WHERE id = %(id)s AND fence = %(fence)s AND state = 'running'
"""
_FAIL = """
    UPDATE jobs_job SET state = 'failed', lease_until = NULL, last_error = %(error)s,
        available_at = clock_timestamp() + %(wait)s
    WHERE id = %(id)s AND fence = %(fence)s AND state = 'running'
"""
_BURY = """
    UPDATE jobs_job SET state = 'dead', lease_until = NULL, last_error = %(error)s, finished_at = clock_timestamp()
    WHERE id = %(id)s AND fence = %(fence)s AND state = 'running'
"""
_BURY_POISON = """
    UPDATE jobs_job SET state = 'dead', lease_until = NULL, finished_at = clock_timestamp(),
        last_error = 'The worker died during each of ' || attempts || ' attempts.'
    WHERE state = 'running' AND lease_until < clock_timestamp() AND attempts >= max_attempts
"""
_DUE_QUEUES = f"""
    SELECT DISTINCT job.queue FROM jobs_job job JOIN core_environment env ON env.id = job.environment_id
    WHERE job.state IN ('pending', 'failed', 'running')
      AND (env.advancing_to IS NULL OR job.kind = 'jobs.advance_clock')
      AND {_DUE.format(waited="AND job.available_at <= clock_timestamp()")}
"""  # noqa: S608 - made of the constants above


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A job in hand: what to do, and the fence that proves it is still ours."""

    id: UUID
    environment_id: UUID
    kind: str
    payload: dict[str, str]
    correlation_id: str
    fence: int
    attempts: int
    max_attempts: int


def of_queues(*queues: str) -> Claim | None:
    """This function will claim the job of these queues that has been due longest, or return None."""
    return _claim(CLAIM_OF_QUEUES, queues=list(queues))


def of_environment(environment_id: UUID) -> Claim | None:
    """This function will claim the next due job of one environment whose clock is being moved, or return None."""
    return _claim(CLAIM_OF_ENVIRONMENT, environment=environment_id)


def succeed(claim: Claim) -> bool:
    """This function will settle a job that was done; False if the lease has been taken over."""
    return bool(_run(_SUCCEED, id=claim.id, fence=claim.fence).rowcount)


def fail(claim: Claim, *, error: str, wait: timedelta) -> bool:
    """This function will put a failed job back for another attempt after a wait; False if the lease is lost."""
    return bool(_run(_FAIL, id=claim.id, fence=claim.fence, error=error, wait=wait).rowcount)


def bury(claim: Claim, *, error: str) -> bool:
    """This function will make a job a dead letter; False if the lease has been taken over."""
    return bool(_run(_BURY, id=claim.id, fence=claim.fence, error=error).rowcount)


def bury_poison() -> int:
    """This function will make dead letters of jobs that killed their worker at every attempt they had."""
    return int(_run(_BURY_POISON).rowcount)


def due_queues() -> list[str]:
    """This function will return the queues in which something is due now."""
    return [row["queue"] for row in _run(_DUE_QUEUES).rows]


@dataclass(frozen=True)
class _Answer:
    rowcount: int
    rows: list[Any]


def _claim(statement: str, **chosen: Any) -> Claim | None:
    found = _run(statement, owner=OWNER, lease=LEASE, **chosen).rows
    return Claim(**(found[0] | {"payload": json.loads(found[0]["payload"])})) if found else None


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
