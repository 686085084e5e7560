"""Who is the first with a key: one statement each to claim, look, take over, go on and keep.

Written by hand because every write request of the API goes through them. All times are the database's: the processes of
a house need not agree on a clock. `lock_timeout` bounds the wait for a first request that has not committed yet.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection
from psycopg.types.numeric import Int2, Int8

from core import context, ids
from core.http import refusals
from core.models import IdempotencyRecord
from core.tenancy import scopes
from core.tenancy.writes import later_statement

LEASE = timedelta(seconds=60)
MAX_WAITERS = 4
STARTED, INTENT_RECORDED, GATEWAY_ANSWERED = "started", "intent_recorded", "gateway_answered"

_TRIES = 3
_LOCK_TIMEOUT = "55P03"
_HELD = "id, fence, recovery_point, effect, subject, request_id"
_CLAIM = f"""
WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', '2s', true) AS known)
INSERT INTO core_idempotencyrecord
    (id, environment_id, principal, key, fingerprint, state, recovery_point, fence, locked_until, effect, status, body,
     headers, resource, request_id, created_at, expires_at)
SELECT %(id)s::uuid, %(environment)s::uuid, %(principal)s, %(key)s, %(fingerprint)s::bytea, 'in_flight', 'started', 1,
       clock_timestamp() + %(lease)s::interval, '', NULL, '', '{{}}'::jsonb, '', %(request)s, clock_timestamp(),
       clock_timestamp() + %(ttl)s::interval
FROM patience WHERE patience.known IS NOT NULL
ON CONFLICT (environment_id, principal, key) DO NOTHING
RETURNING {_HELD}, set_config('lock_timeout', '10s', true)
"""  # noqa: S608 - made of the constant above
_FIND = f"""
SELECT {_HELD}, fingerprint, state, status, body, headers, resource,
       state = 'completed' AND expires_at <= clock_timestamp() AS is_expired,
       state = 'in_flight' AND locked_until <= clock_timestamp() AS is_abandoned
FROM core_idempotencyrecord WHERE environment_id = %(environment)s AND principal = %(principal)s AND key = %(key)s
"""  # noqa: S608 - made of the constant above
_TAKE_OVER = f"""
UPDATE core_idempotencyrecord
SET fingerprint = %(fingerprint)s, state = 'in_flight', recovery_point = 'started', fence = fence + 1,
    locked_until = clock_timestamp() + %(lease)s::interval, effect = '', subject = NULL, status = NULL, body = '',
    headers = '{{}}', resource = '', request_id = %(request)s, created_at = clock_timestamp(), completed_at = NULL,
    expires_at = clock_timestamp() + %(ttl)s::interval
WHERE id = %(id)s AND state = 'completed' AND expires_at <= clock_timestamp()
RETURNING {_HELD}, set_config('lock_timeout', '10s', true)
"""  # noqa: S608 - made of the constant above
_GO_ON = f"""
UPDATE core_idempotencyrecord
SET fence = fence + 1, locked_until = clock_timestamp() + %(lease)s::interval
WHERE id = %(id)s AND state = 'in_flight' AND locked_until <= clock_timestamp()
RETURNING {_HELD}
"""  # noqa: S608 - made of the constant above
_ADVANCE = """
UPDATE core_idempotencyrecord
SET recovery_point = %(point)s, effect = %(effect)s, subject = %(subject)s,
    locked_until = clock_timestamp() + %(lease)s::interval
WHERE id = %(id)s AND environment_id = %(environment)s AND fence = %(fence)s AND state = 'in_flight'
"""
_POSTPONE = """
UPDATE core_idempotencyrecord SET locked_until = clock_timestamp() + %(wait)s::interval
WHERE id = %(id)s AND environment_id = %(environment)s AND fence = %(fence)s AND state = 'in_flight'
"""
_KEEP = """
UPDATE core_idempotencyrecord
SET state = 'completed', recovery_point = 'finished', locked_until = NULL, status = %s, body = %s,
    headers = %s::jsonb, resource = %s, completed_at = clock_timestamp(), expires_at = clock_timestamp() + %s::interval
WHERE id = %s AND environment_id = %s AND fence = %s AND state = 'in_flight'
"""
_RELEASE = """
DELETE FROM core_idempotencyrecord
WHERE id = %(id)s AND environment_id = %(environment)s AND fence = %(fence)s AND state = 'in_flight'
"""


class Fenced(Exception):
    """Somebody else has taken the key over in the meantime: nothing may be written for it here any more."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One request's wish to be the first with its key. `may_go_on`: it knows how to go on where another has stopped."""

    principal: str
    key: str
    fingerprint: bytes
    may_go_on: bool = False


@dataclass(frozen=True, kw_only=True)
class Held:
    """A key in hand: how far it has come, and the fence that proves it is still ours."""

    id: UUID
    fence: int
    recovery_point: str
    effect: str
    subject: UUID | None
    request_id: str


@dataclass(frozen=True, kw_only=True)
class Kept:
    """An answer to be kept, or that was. `resource` stands for a body too large to be kept."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    resource: str = ""
    request_id: str = ""


@dataclass(frozen=True, kw_only=True)
class _Found(Held):
    """The record of a key as it stands."""

    fingerprint: bytes
    state: str
    status: int | None
    body: str
    headers: str
    resource: str
    is_expired: bool
    is_abandoned: bool

    def kept(self) -> Kept:
        headers = json.loads(self.headers)
        return Kept(
            status=self.status or 0, body=self.body, headers=headers, resource=self.resource, request_id=self.request_id
        )


def take(claim: Claim) -> Held | Kept:
    """This function will return the key in hand, or the answer that the first request with it was given.

    :raises core.http.refusals.IdempotencyKeyReused: if the first was another request.
    :raises core.http.refusals.IdempotencyInProgress: if it has not come to an end.
    """
    with _waiting(claim):
        for _ in range(_TRIES):
            got = _insert(claim) or _met(claim)
            if got is not None:
                return got
    raise refusals.IdempotencyInProgress


def _met(claim: Claim) -> Held | Kept | None:
    """What there is instead; None if it has gone, or been taken by another, between our two looks."""
    found = find(claim)
    if found is None:
        return None
    if found.is_expired:
        return _held(_TAKE_OVER, id=found.id, **_values(claim))
    if bytes(found.fingerprint) != claim.fingerprint:
        raise refusals.IdempotencyKeyReused
    if found.state == "completed":
        return found.kept()
    if found.is_abandoned and claim.may_go_on:
        return _held(_GO_ON, id=found.id, lease=LEASE)
    raise refusals.IdempotencyInProgress


def find(claim: Claim) -> _Found | None:
    """This function will return the committed record with this key, if there is one."""
    rows = _rows(_FIND, environment=scopes.environment_id(), principal=claim.principal, key=claim.key)
    return _Found(**rows[0]) if rows else None


def advance(held: Held, point: str, *, effect: str, subject: UUID) -> Held:
    """This function will note that a recovery point is reached, and hold the key for another while.

    :raises Fenced: if it is no longer ours.
    """
    _write(_ADVANCE, held, point=point, effect=effect, subject=subject, lease=LEASE)
    return Held(
        id=held.id, fence=held.fence, recovery_point=point, effect=effect, subject=subject, request_id=held.request_id
    )


def postpone(held: Held, wait: timedelta) -> None:
    """This function will let go of a key at the point it has come to; whoever comes after the wait goes on.

    :raises Fenced: if it is no longer ours.
    """
    _write(_POSTPONE, held, wait=wait)


def keep(held: Held, kept: Kept) -> None:
    """This function will make an answer the key's own.

    :raises Fenced: if it is no longer ours.
    """
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, _kept(held, kept))
        if cursor.rowcount != 1:
            raise Fenced


def keep_with_effect(held: Held, kept: Kept) -> None:
    """This function will make an answer that of a key claimed in this same transaction, with its next statement.

    Nobody else can have seen the key, let alone taken it over.
    """
    later_statement(IdempotencyRecord, _KEEP, _kept(held, kept), row=held.id)


def _kept(held: Held, kept: Kept) -> tuple[Any, ...]:
    answer = (Int2(kept.status), kept.body, json.dumps(kept.headers), kept.resource, _ttl())
    return (*answer, held.id, scopes.environment_id(), Int8(held.fence))


def release(held: Held) -> None:
    """This function will forget a key under which nothing has happened: the next request with it is the first.

    :raises Fenced: if it is no longer ours.
    """
    _write(_RELEASE, held)


def _insert(claim: Claim) -> Held | None:
    return _held(_CLAIM, id=ids.new(), **_values(claim))


def _values(claim: Claim) -> dict[str, Any]:
    return {
        "environment": scopes.environment_id(), "principal": claim.principal, "key": claim.key,
        "fingerprint": claim.fingerprint, "request": context.current().request_id, "lease": LEASE, "ttl": _ttl(),
    }  # fmt: skip


def _held(statement: str, **values: Any) -> Held | None:
    """The first row that a statement claimed; one that waited too long says that the first is still at it."""
    try:
        rows = _rows(statement, **values)
    except OperationalError as failure:
        is_timeout = getattr(failure.__cause__, "sqlstate", None) == _LOCK_TIMEOUT
        raise (refusals.IdempotencyInProgress if is_timeout else failure) from failure
    if not rows:
        return None
    rows[0].pop("set_config", None)
    return Held(**rows[0])


def _rows(statement: str, **values: Any) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _write(statement: str, held: Held, **values: Any) -> None:
    values |= {"id": held.id, "fence": held.fence, "environment": scopes.environment_id()}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        if cursor.rowcount != 1:
            raise Fenced


def _ttl() -> timedelta:
    return timedelta(hours=settings.IDEMPOTENCY_TTL_HOURS)


_waiters: Counter[tuple[Any, str, str]] = Counter()
_waiters_lock = Lock()


@contextmanager
def _waiting(claim: Claim) -> Iterator[None]:
    """Keep a storm of repeats of one key from holding every database connection of the process."""
    place = (scopes.environment_id(), claim.principal, claim.key)
    with _waiters_lock:
        if _waiters[place] >= MAX_WAITERS:
            raise refusals.IdempotencyInProgress
        _waiters[place] += 1
    try:
        yield
    finally:
        with _waiters_lock:
            _waiters[place] -= 1
            if not _waiters[place]:
                del _waiters[place]
