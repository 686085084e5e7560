"""Requests whose process died between two steps are taken to their end here."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection, transaction

from core import context, ids, tenancy
from core.idempotency import claims, steps
from core.idempotency.claims import Fenced, Held
from core.idempotency.effects import NeverHappened
from core.models import IdempotencyRecord, scope_of
from core.tenancy.system import system_scope

log = structlog.get_logger(__name__)

MOST: Final = 100

_NEXT = """
UPDATE core_idempotencyrecord SET fence = fence + 1, locked_until = clock_timestamp() + make_interval(secs => %s::float)
WHERE id = (
    SELECT id FROM core_idempotencyrecord WHERE state = 'in_flight' AND locked_until <= clock_timestamp()
    ORDER BY locked_until LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, fence, recovery_point, effect, subject, request_id, environment_id,
          created_at < clock_timestamp() - interval '24 hours'
"""


@dataclass(frozen=True, kw_only=True)
class Abandoned:
    """A key whose owner let it go, now in our hands; stuck if that has been so for more than a day."""

    held: Held
    environment_id: UUID
    is_stuck: bool


def complete_abandoned(*, limit: int = MOST) -> int:
    """This function will take up to `limit` abandoned requests of all environments to their end, and count those.

    One that cannot be finished now stays leased for a while and stops no other. After a day it is an alarm.
    """
    done = 0
    for _ in range(limit):
        found = _next()
        if found is None:
            break
        done += _completed(found)
    return done


def _next() -> Abandoned | None:
    with system_scope("complete abandoned requests"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_NEXT, (str(claims.LEASE.total_seconds()),))
        row = cursor.fetchone()
    return _abandoned(*row) if row else None


def _abandoned(
    row_id: UUID, fence: int, point: str, effect: str, subject: UUID, request: str, environment: UUID, is_stuck: bool
) -> Abandoned:
    held = Held(id=row_id, fence=fence, recovery_point=point, effect=effect, subject=subject, request_id=request)
    return Abandoned(held=held, environment_id=environment, is_stuck=is_stuck)


def _completed(found: Abandoned) -> bool:
    known: dict[str, Any] = {
        "record": ids.encode(IdempotencyRecord.prefix, found.held.id), "effect": found.held.effect,
        "recovery_point": found.held.recovery_point,
    }  # fmt: skip
    if found.is_stuck:
        log.error("idempotency.stuck", **known)
    try:
        with context.entered(request_id=found.held.request_id), tenancy.scope(scope_of(found.environment_id)):
            return _end(found.held)
    except Fenced:
        return False
    except Exception as failure:
        log.error("idempotency.not_completed", exc_info=failure, **known)
        return False


def _end(held: Held) -> bool:
    """A request that died before it had recorded an intent has done nothing: its key is forgotten."""
    if held.recovery_point == claims.STARTED:
        with transaction.atomic(durable=True):
            claims.release(held)
        return True
    try:
        return steps.drive(held) is not None
    except NeverHappened:
        return True
