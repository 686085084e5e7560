"""`Idempotency-Key`: the first answer is kept in the transaction of its effect and given to every repeat.

The record is inserted before the effect. A concurrent repeat waits on the unique index for the first transaction: if
that commits, the repeat finds the answer; if it dies, the repeat becomes the first. No lease and no reaper is needed.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.permissions import SAFE_METHODS

from core import clock, context, ids, problems
from core.http import refusals
from core.http.json import dumps
from core.models import IdempotencyRecord
from core.tenancy import scopes

# A refusal that came out of executing the request is its result; everything else may be asked again.
KEPT_REFUSALS = frozenset({402, 404, 409, 410, 422})
KEPT_HEADERS = ("Content-Type", "Location", "ETag")
MAX_WAITERS = 4

_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,255}", re.ASCII)
_WAIT = "SET LOCAL lock_timeout = '2s'"
_WORK = "SET LOCAL lock_timeout = '10s'"
_CLAIM = """
INSERT INTO core_idempotencyrecord
    (id, environment_id, principal, key, fingerprint, status, body, headers, request_id, created_at, expires_at)
VALUES (%s, %s, %s, %s, %s, NULL, '', '{}', %s, %s, %s)
ON CONFLICT (environment_id, principal, key) DO NOTHING
"""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One request's wish to be the first with its key."""

    principal: str
    key: str
    fingerprint: bytes

    def rows(self) -> Any:
        """This function will return the queryset of the record with this key, if there is one."""
        return IdempotencyRecord.objects.filter(principal=self.principal, key=self.key)


def answer(view: Any, effect: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """This function will run the effect, or answer as the first request with the same key was answered.

    :raises IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused, IdempotencyInProgress: accordingly.
    """
    key = read_key(view)
    if key is None:
        return effect()
    claim = _claim_of(view, key)
    kept = _claim(claim)
    return _first(view, claim, effect) if kept is None else _replay(kept, claim)


def read_key(view: Any) -> str | None:
    """This function will return the request's key, None where none was given or none is heeded.

    :raises IdempotencyKeyMissing, IdempotencyKeyInvalid: accordingly.
    """
    mode = mode_of(view, view.request.method)
    sent = view.request.META.get("HTTP_IDEMPOTENCY_KEY")
    if mode == "none" or (sent is None and mode == "optional"):
        return None
    if sent is None:
        raise refusals.IdempotencyKeyMissing
    # A structured-field string and the bare text are the same key. Two header lines arrive joined by a comma.
    bare: str = sent[1:-1] if len(sent) > 2 and sent[0] == sent[-1] == '"' else sent
    if not _KEY.fullmatch(bare):
        raise refusals.IdempotencyKeyInvalid
    return bare


def mode_of(view: Any, method: str) -> str:
    """This function will return `required`, `optional` or `none` for the view's current action."""
    if method in SAFE_METHODS:
        return "none"
    return str(view.idempotency.get(view.action, "required" if method == "POST" else "optional"))


def fingerprint(method: str, path: str, query: list[tuple[str, str]], body: Any) -> bytes:
    """This function will return the 32 bytes by which two requests are the same request."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_number)
    return sha256("\n".join([method, path, urlencode(sorted(query)), canonical]).encode()).digest()


def _number(value: Any) -> dict[str, str]:
    return {"decimal": str(value)}


def _claim_of(view: Any, key: str) -> Claim:
    request = view.request
    if not isinstance(scopes.current(), scopes.Scope):
        raise ImproperlyConfigured(f"{type(view).__name__} keeps idempotency keys but has no environment")
    query = [(name, value) for name, values in request.query_params.lists() for value in values]
    mark = fingerprint(request.method, request.path, query, request.data)
    # Strangers share one label. With the fingerprint in it, only the very same request can meet the kept answer.
    stranger = f"anonymous:{mark.hex()}"
    principal = stranger if view.actor.type == "anonymous" else view.actor.label
    return Claim(principal=principal, key=key, fingerprint=mark)


def _claim(claim: Claim) -> IdempotencyRecord | None:
    """None when the claim is ours, otherwise the record of the request that was first."""
    for _ in range(3):
        if _insert(claim):
            return None
        kept: IdempotencyRecord | None = claim.rows().first()
        if kept is not None and kept.expires_at > clock.wall():
            return kept
        if kept is not None and _take_over(claim):
            return None
        # The record was purged, or somebody else took the expired one over, between our two looks.
    raise refusals.IdempotencyInProgress


def _insert(claim: Claim) -> bool:
    now = clock.wall()
    values = (
        ids.new(),
        scopes.environment_id(),
        claim.principal,
        claim.key,
        claim.fingerprint,
        context.current().request_id,
        now,
        now + _ttl(),
    )
    with _waiting(claim), connection.cursor() as cursor:
        cursor.execute(_WAIT)
        try:
            cursor.execute(_CLAIM, values)
        except OperationalError as failure:
            raise (refusals.IdempotencyInProgress if _is_timeout(failure) else failure) from failure
        inserted = bool(cursor.rowcount == 1)
        cursor.execute(_WORK)
    return inserted


def _take_over(claim: Claim) -> bool:
    now = clock.wall()
    taken = claim.rows().filter(expires_at__lte=now).update(
        fingerprint=claim.fingerprint, status=None, body="", headers={}, request_id=context.current().request_id,
        created_at=now, expires_at=now + _ttl(),
    )  # fmt: skip
    return bool(taken)


def _ttl() -> timedelta:
    return timedelta(hours=settings.IDEMPOTENCY_TTL_HOURS)


def _is_timeout(failure: OperationalError) -> bool:
    return getattr(failure.__cause__, "sqlstate", None) == "55P03"


_waiters: Counter[tuple[Any, str, str]] = Counter()
_waiters_lock = Lock()


@contextmanager
def _waiting(claim: Claim) -> Iterator[None]:
    """Keep a storm of repeats of one key from holding every database connection of the process."""
    place = (scopes.environment_id(), claim.principal, claim.key)
    with _waiters_lock:
        if _waiters[place] > MAX_WAITERS:
            raise refusals.IdempotencyInProgress
        _waiters[place] += 1
    try:
        yield
    finally:
        with _waiters_lock:
            _waiters[place] -= 1
            if not _waiters[place]:
                del _waiters[place]


def _first(view: Any, claim: Claim, effect: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    response = _outcome(effect)
    _keep(claim, response, _kept_body(view, response))
    response.headers["Idempotency-Key"] = claim.key
    return response


def _outcome(effect: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    try:
        with transaction.atomic():
            return effect()
    except Exception as failure:  # noqa: BLE001 - all but lasting refusals are raised again
        return _lasting(failure)


def _lasting(failure: Exception) -> HttpResponse:
    """The answer of a refusal by the domain; every other failure goes on and takes the record with it."""
    refusal = problems.as_refusal(failure)
    shape = (refusals.ValidationFailed, refusals.ObjectExpected)
    if refusal is None or isinstance(refusal, shape) or problems.status_of(refusal) not in KEPT_REFUSALS:
        raise failure
    return problems.response(problems.of(refusal))


def _kept_body(view: Any, response: Any) -> tuple[int, str]:
    """What a repeat is shown: the answer itself, without the secrets that are shown once."""
    shown = getattr(response, "data", None)
    secrets = [name for name in view.secret_fields if isinstance(shown, dict) and name in shown]
    if not shown or not secrets:
        return response.status_code, response.content.decode()
    return 200, dumps({**shown, **dict.fromkeys(secrets), "secret_shown": True}).decode()


def _keep(claim: Claim, response: Any, kept: tuple[int, str]) -> None:
    """The body is kept whole: answers to writes are single resources, far below the body limit of requests."""
    status, body = kept
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    claim.rows().update(status=status, body=body, headers=headers)


def _replay(kept: IdempotencyRecord, claim: Claim) -> HttpResponse:
    if bytes(kept.fingerprint) != claim.fingerprint:
        raise refusals.IdempotencyKeyReused
    response = HttpResponse(kept.body.encode(), status=kept.status, headers=kept.headers)
    response.headers["Idempotent-Replayed"] = "true"
    response.headers["Idempotency-Key"] = claim.key
    response.headers["X-Original-Request-Id"] = kept.request_id
    return response
