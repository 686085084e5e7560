"""`Idempotency-Key` where a gateway is asked within the request: no transaction is open while it is.

A view declares such an action in `effects`; its handler records the intent and returns `Begun`. The record of the key
is committed first, so that a repeat is told at once that the first is under way. See `core.idempotency.steps`.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from core import context, failpoints
from core.http import idempotency, refusals, transactions
from core.http.json import dumps
from core.idempotency import claims, effects, steps
from core.idempotency.claims import Fenced, Held, Kept
from core.idempotency.effects import NeverHappened

_TRIES: Final = 3


@dataclass(frozen=True, kw_only=True)
class Begun:
    """An intent that was recorded: its row, and what is known to this request alone and written nowhere."""

    subject: UUID
    in_hand: Any = field(default=None, repr=False)


def answer(view: Any, effect: str, begin: Callable[[], Begun]) -> HttpResponseBase:
    """This function will take a request through its steps, or answer as the first with the same key was answered.

    :raises IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused, IdempotencyInProgress: accordingly.
    """
    key = idempotency.read_key(view)
    if key is None:
        raise ImproperlyConfigured(f"{type(view).__name__} asks a gateway and must require a key")
    claim = idempotency.claim_of(view, key, may_go_on=True)
    for _ in range(_TRIES):
        # What was abandoned has been given up, or taken over and perhaps finished, in the meantime: look again.
        with suppress(NeverHappened, Fenced):
            response = _answered(view, claim, effect, begin)
            response.headers["Idempotency-Key"] = key
            return response
    raise refusals.IdempotencyInProgress


def _answered(view: Any, claim: claims.Claim, effect: str, begin: Callable[[], Begun]) -> HttpResponse:
    taken = transactions.run(lambda: claims.take(claim), read_only=False)
    if isinstance(taken, Kept):
        return transactions.run(lambda: idempotency.replay(view, taken, claim.key), read_only=True)
    if __debug__:
        failpoints.reach("idempotency.claimed")
    if taken.recovery_point != claims.STARTED:
        return _driven(taken, None)
    begun = _begun(view, taken, effect, begin)
    return _driven(*begun) if isinstance(begun, tuple) else begun


def _begun(view: Any, held: Held, effect: str, begin: Callable[[], Begun]) -> tuple[Held, Any] | HttpResponse:
    """The key with its intent recorded, or the refusal that is its answer; any other failure gives the key back."""
    try:
        return transactions.run(lambda: _recorded(view, held, effect, begin), read_only=False)
    except Exception:
        with suppress(Fenced, Error), transaction.atomic(durable=True):
            claims.release(held)
        raise


def _recorded(view: Any, held: Held, effect: str, begin: Callable[[], Begun]) -> tuple[Held, Any] | HttpResponse:
    try:
        with transaction.atomic():
            begun = begin()
    except Exception as failure:  # noqa: BLE001 - all but lasting refusals are raised again
        response = idempotency.lasting(failure)
        claims.keep(held, idempotency.kept_of(view, response))
        return response
    further = claims.advance(held, claims.INTENT_RECORDED, effect=effect, subject=begun.subject)
    if __debug__:
        failpoints.reach("idempotency.intending")
    return further, begun.in_hand


def _driven(held: Held, in_hand: Any) -> HttpResponse:
    if __debug__:
        failpoints.reach("idempotency.intended")
    with context.entered(request_id=held.request_id):
        kept = steps.drive(held, in_hand)
    if kept is None:
        return _waiting(held)
    return HttpResponse(kept.body.encode(), status=kept.status, headers=kept.headers)


def _waiting(held: Held) -> HttpResponse:
    """Nobody knows what the gateway did: the same request again will tell, and the completer will find out."""
    waiting = transactions.run(lambda: effects.named(held.effect).waiting(steps.subject_of(held)), read_only=True)
    headers = {"Content-Type": "application/json", "Retry-After": str(int(steps.PATIENCE.total_seconds()))}
    return HttpResponse(dumps(waiting), status=202, headers=headers)
