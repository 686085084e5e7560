"""From the recorded intent to the kept answer, in short transactions between which the gateway is asked.

The request that came first, a repeat that finds it abandoned and the completer all come through here. Each write is
refused to whoever has been overtaken: the fence is compared in the transaction of the write.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from core import errors, failpoints, problems
from core.http.json import dumps
from core.idempotency import claims, effects
from core.idempotency.claims import Held, Kept
from core.idempotency.effects import Effect, NeverHappened, Unanswered
from core.models import IdempotencyRecord

# How long a gateway that has not answered is left alone before it is asked again.
PATIENCE: Final = timedelta(seconds=15)


def drive(held: Held, in_hand: Any = None) -> Kept | None:
    """This function will take a key from the point it has come to as far as possible; None while nobody knows.

    :raises Fenced: if somebody else has taken it over.
    :raises NeverHappened: if nothing has been done and nothing can be; the key is as new as before.
    """
    effect = effects.named(held.effect)
    if held.recovery_point == claims.GATEWAY_ANSWERED:
        return _finish(held, effect)
    try:
        answer = effect.ask(subject_of(held), in_hand)
    except Unanswered:
        _let_go(held)
        return None
    except NeverHappened:
        _abandon(held, effect)
        raise
    if __debug__:
        failpoints.reach("idempotency.asked")
    return _finish(_note(held, effect, answer), effect)


def subject_of(held: Held) -> UUID:
    """This function will return the row that the intent has left."""
    if held.subject is None:
        raise TypeError("a key without a subject has not been begun")
    return held.subject


@transaction.atomic(durable=True)
def _note(held: Held, effect: Effect, answer: Any) -> Held:
    further = claims.advance(held, claims.GATEWAY_ANSWERED, effect=held.effect, subject=subject_of(held))
    effect.note(subject_of(held), answer)
    if __debug__:
        failpoints.reach("idempotency.noting")
    return further


def _finish(held: Held, effect: Effect) -> Kept:
    if __debug__:
        failpoints.reach("idempotency.answered")
    with transaction.atomic(durable=True):
        kept = _concluded(held, effect)
        claims.keep(held, kept)
        if __debug__:
            failpoints.reach("idempotency.finishing")
    return kept


def _concluded(held: Held, effect: Effect) -> Kept:
    try:
        with transaction.atomic():
            body = dumps(effect.finish(subject_of(held))).decode()
    except errors.Refusal as refused:
        return _refused(refused, held)
    headers = {"Content-Type": "application/json"}
    return Kept(status=effect.status, body=body, headers=headers, request_id=held.request_id)


def _refused(refused: errors.Refusal, held: Held) -> Kept:
    problem = problems.of(refused)
    if problem.status not in IdempotencyRecord.KEPT_REFUSALS:
        raise refused
    response = problems.response(problem)
    headers = {"Content-Type": response.headers["Content-Type"]}
    body = response.content.decode()
    return Kept(status=problem.status, body=body, headers=headers, request_id=held.request_id)


@transaction.atomic(durable=True)
def _let_go(held: Held) -> None:
    claims.postpone(held, PATIENCE)


@transaction.atomic(durable=True)
def _abandon(held: Held, effect: Effect) -> None:
    claims.release(held)
    effect.abandon(subject_of(held))
