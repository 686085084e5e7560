"""What only workers bring about: doing claimed jobs, and writing jobs for what has fallen due."""

import inspect
import random
import traceback
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from uuid import UUID

import structlog
from django.db import transaction

from core import clock, context, errors, failpoints, redaction, tenancy
from core.models import scope_of
from core.retry import delay, is_hopeless
from core.tenancy.system import system_scope
from jobs import batches, claims, leases, stopping, tallies
from jobs.claims import Claim
from jobs.dues import find_due
from jobs.registry import Duty, duties, find_kind, kind_of
from jobs.services import NewJob, RetryAfter, enqueue_many
from jobs.tallies import Tally

log = structlog.get_logger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A queue, and what became of a job of it.
Outcome = tuple[str, str]
# How many rows one look at one duty takes at most; the next look takes the next ones.
CHUNK = 5_000
LONGEST_ERROR = 8000


def work(queue: str, *, seconds: float) -> int:
    """This function will do due jobs of a queue until there are none or the time is up, and return how many.

    A worker that is told to stop finishes the job in hand and claims no other.
    """
    tally, until = Tally(queue), clock.monotonic() + seconds
    while clock.monotonic() < until and not stopping.is_on() and (outcomes := do_next(queue)):
        tally.add_all(outcomes)
    tallies.write(tally)
    return tally.total


def do_next(*queues: str) -> list[Outcome]:
    """This function will do the job that has been due longest in the first of these queues that has one, with others
    like it if they are done together, and return what became of them; nothing if nothing is due.
    """
    claim = claims.of_queues(*queues)
    return do_with_others(claim) if claim else []


def do_with_others(claim: Claim) -> list[Outcome]:
    """This function will do a claimed job, and others like it if its kind does many together, and settle them all."""
    kind = find_kind(claim.kind)
    if kind is None or kind.together is None or claim.fence > 1:
        return [(claim.queue, do(claim))]
    claimed = [claim, *claims.like(claim, most=batches.MOST - 1)]
    done = batches.do_together(kind.together, claimed)
    apart = [one for one in claimed if one.id not in done]
    # A worker that is told to stop leaves what it has not begun to the next one.
    alone = [do(one) for one in apart if one is claim or not stopping.is_on()]
    return [(claim.queue, outcome) for outcome in (*done.values(), *alone)]


def do(claim: Claim) -> str:
    """Do one claimed job in its environment's scope and settle it, whatever happens.

    What can never succeed is buried at once; anything else is tried again by the kind's policy. This function will
    return what became of it: `succeeded`, `failed`, `dead`, or `lost` if somebody else had taken it over.
    """
    scope = tenancy.scope(scope_of(claim.environment_id))
    with scope, context.entered(request_id=claim.correlation_id), leases.holding(claim):
        try:
            if __debug__:
                failpoints.reach("jobs.claimed")
            _call(claim)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is written down
            return _settle_failure(claim, error)
        if __debug__:
            failpoints.reach("jobs.done")
        return _settled(claim, "succeeded", claims.succeed(claim))


class UnknownKind(errors.Refusal):
    code = "unknown_job_kind"
    title = "This code does not know such jobs."


class PayloadMismatch(errors.Refusal):
    code = "job_payload_mismatch"
    title = "The job's payload does not fit the code that does it."


def _call(claim: Claim) -> None:
    try:
        call = kind_of(claim.kind).call
    except KeyError:
        raise UnknownKind(kind=claim.kind) from None
    try:
        inspect.signature(call).bind(**claim.payload)
    except TypeError as unfit:
        raise PayloadMismatch(str(unfit)) from None
    call(**claim.payload)


def _wait(claim: Claim, error: Exception) -> timedelta | None:
    if is_hopeless(error):
        return None
    asked = timedelta(seconds=error.seconds) if isinstance(error, RetryAfter) else None
    return delay(kind_of(claim.kind).policy, claim.attempts, random.random(), retry_after=asked)  # noqa: S311 - jitter


def _settle_failure(claim: Claim, error: Exception) -> str:
    text = redaction.redact_lines("".join(traceback.format_exception(error)))[-LONGEST_ERROR:]
    said = {"error": text, "error_class": type(error).__qualname__}
    log.warning("jobs.failed", job=str(claim.id), kind=claim.kind, attempt=claim.attempts, error=text.splitlines()[-1])
    if __debug__:
        failpoints.reach("jobs.failing")
    wait = _wait(claim, error)
    if wait is None:
        if __debug__:
            failpoints.reach("jobs.burying")
        return _settled(claim, "dead", claims.bury(claim, **said))
    return _settled(claim, "failed", claims.fail(claim, wait=wait, **said))


def _settled(claim: Claim, outcome: str, is_ours: bool) -> str:
    if __debug__:
        failpoints.reach("jobs.settled")
    if is_ours:
        return outcome
    log.warning("jobs.result_refused", job=str(claim.id), kind=claim.kind, owner=claims.OWNER)
    return "lost"


def look_for_due(environment_id: UUID | None = None, *, kinds: Collection[str] | None = None) -> int:
    """This function will write a job for each row whose instant has come, and return how many it wrote.

    It looks through every environment, or through the one whose clock is being moved; for every duty, or for those of
    some kinds.
    """
    asked = [duty for duty in duties() if kinds is None or duty.kind in kinds]
    return sum(_write_due(duty, environment_id) for duty in asked)


def _write_due(duty: Duty, environment_id: UUID | None) -> int:
    with system_scope(f"jobs: due for {duty.kind}"), transaction.atomic():
        rows = find_due(duty, environment_id, most=CHUNK)
    if __debug__:
        failpoints.reach("jobs.due_found")
    for owner, group in groupby(sorted(rows, key=itemgetter(0)), key=itemgetter(0)):
        with tenancy.scope(scope_of(owner)), transaction.atomic():
            enqueue_many([_due_job(duty, key, at) for _, key, at in group])
            if __debug__:
                failpoints.reach("jobs.due_written")
    return len(rows)


def _due_job(duty: Duty, row_id: UUID, at: datetime) -> NewJob:
    return NewJob(kind=duty.kind, payload={"id": str(row_id)}, key=due_key(row_id, at), run_at=at)


def due_key(row_id: UUID, at: datetime) -> str:
    """This function will return the key of a duty's job: the row and its instant in microseconds since 1970."""
    return f"{row_id}:{(at - EPOCH) // timedelta(microseconds=1)}"


def sweep() -> list[str]:
    """This function will bury poison jobs and return the queues in which work is due, for a nudge each."""
    tally = Tally()
    for queue in claims.bury_poison():
        tally.add(queue, "dead")
    tallies.write(tally)
    return claims.due_queues()
