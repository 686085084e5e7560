"""What only workers bring about: doing claimed jobs, and writing jobs for what has fallen due."""

import os
import random
import traceback
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, F, Func, OuterRef, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from core import clock, context, errors, redaction, tenancy
from core.models import scope_of
from core.retry import delay
from core.tenancy.system import system_scope
from jobs import claims
from jobs.claims import Claim
from jobs.models import Job
from jobs.registry import Duty, duties, kind_of
from jobs.services import NewJob, RetryAfter, enqueue_many

log = structlog.get_logger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# How many rows one look at one duty takes at most; the next look takes the next ones.
CHUNK = 500
LONGEST_ERROR = 8000


def work(queue: str, *, seconds: float) -> int:
    """This function will do due jobs of a queue until there are none or the time is up, and return how many."""
    done, until = 0, clock.monotonic() + seconds
    while clock.monotonic() < until and (claim := claims.of_queues(queue)):
        do(claim)
        done += 1
    return done


def do(claim: Claim) -> None:
    """This function will do one claimed job in its environment's scope and settle it, whatever happens.

    A refusal can never succeed and is buried at once; anything else is tried again by the kind's policy.
    """
    with tenancy.scope(scope_of(claim.environment_id)), context.entered(request_id=claim.correlation_id):
        try:
            _call(claim)
        except errors.Refusal as hopeless:
            _settle_failure(claim, hopeless, wait=None)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is written down and tried again
            _settle_failure(claim, error, wait=_wait(claim, error))
        else:
            _report(claim, claims.succeed(claim))


class UnknownKind(errors.Refusal):
    code = "unknown_job_kind"
    title = "This code does not know such jobs."


def _call(claim: Claim) -> None:
    try:
        kind = kind_of(claim.kind)
    except KeyError:
        raise UnknownKind(kind=claim.kind) from None
    kind.call(**claim.payload)


def _wait(claim: Claim, error: Exception) -> timedelta | None:
    asked = timedelta(seconds=error.seconds) if isinstance(error, RetryAfter) else None
    return delay(kind_of(claim.kind).policy, claim.attempts, random.random(), retry_after=asked)  # noqa: S311 - jitter


def _settle_failure(claim: Claim, error: Exception, *, wait: timedelta | None) -> None:
    text = redaction.redact_lines("".join(traceback.format_exception(error)))[-LONGEST_ERROR:]
    log.warning("jobs.failed", job=str(claim.id), kind=claim.kind, attempt=claim.attempts, error=text.splitlines()[-1])
    settled = claims.bury(claim, error=text) if wait is None else claims.fail(claim, error=text, wait=wait)
    _report(claim, settled)


def _report(claim: Claim, settled: bool) -> None:
    if not settled:
        log.warning("jobs.lease_lost", job=str(claim.id), kind=claim.kind, pid=os.getpid())


def look_for_due(environment_id: UUID | None = None) -> int:
    """This function will write a job for each row whose instant has come, and return how many it wrote.

    It looks through every environment, or through the one whose clock is being moved.
    """
    return sum(_write_due(duty, environment_id) for duty in duties())


def _write_due(duty: Duty, environment_id: UUID | None) -> int:
    with system_scope(f"jobs: due for {duty.kind}"), transaction.atomic():
        rows = list(_due(duty, environment_id)[:CHUNK])
    for owner, group in groupby(sorted(rows, key=itemgetter(0)), key=itemgetter(0)):
        with tenancy.scope(scope_of(owner)), transaction.atomic():
            enqueue_many([_due_job(duty, key, at) for _, key, at in group])
    return len(rows)


def _due_job(duty: Duty, row_id: UUID, at: datetime) -> NewJob:
    return NewJob(kind=duty.kind, payload={"id": str(row_id)}, key=due_key(row_id, at), run_at=at)


def due_key(row_id: UUID, at: datetime) -> str:
    """This function will return the key of a duty's job: the row and its instant in microseconds since 1970."""
    return f"{row_id}:{(at - EPOCH) // timedelta(microseconds=1)}"


def _due(duty: Duty, environment_id: UUID | None) -> QuerySet[Any]:
    now = Coalesce(F("environment__clock_at"), Value(clock.wall()))
    mine = {"environment_id": environment_id} if environment_id else {"environment__advancing_to": None}
    rows = unwritten(duty).filter(**{f"{duty.at}__lte": now}, **mine).order_by(duty.at, "pk")
    return rows.values_list("environment_id", "pk", duty.at)


def unwritten(duty: Duty) -> QuerySet[Any]:
    """This function will return a duty's rows whose instant has no job yet, due or not."""
    micros = Func(F(duty.at), template="(extract(epoch from %(expressions)s) * 1000000)::bigint::text")
    key = Concat(Cast("pk", TextField()), Value(":"), micros, output_field=TextField())
    written = Job.objects.filter(environment_id=OuterRef("environment_id"), kind=duty.kind, key=OuterRef("due_key"))
    rows: QuerySet[Any] = duty.rows().filter(**{f"{duty.at}__isnull": False}).annotate(due_key=key)
    return rows.filter(~Exists(written))


def sweep() -> list[str]:
    """This function will bury poison jobs and return the queues in which work is due, for a nudge each."""
    claims.bury_poison()
    return claims.due_queues()
