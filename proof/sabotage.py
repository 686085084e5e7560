"""Switching one protection of the house off, so that a proof which relies on it must fail.

The switch is the variable `PROOF_SABOTAGE`, read by the proofs alone: the house knows nothing of it.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import Error, connection, transaction

from audit import chain
from billing.internal import _numbers
from core import clock, failpoints, ids
from core.http import idempotency, transactions
from core.idempotency import claims as claims_of_keys
from gifts.models import Gift, GiftQuerySet
from jobs import claims
from jobs import internal as jobs
from outbox import internal as outbox
from payments import gateways
from payments import internal as payments
from payments.internal._asks import charge_request
from payments.models import PaymentAttempt
from proof.sabotages import VARIABLE


def _replace(module: Any, name: str, value: Any) -> None:
    """Put something else in the place of what a module has; whoever it was renamed from is told."""
    if not hasattr(module, name):
        raise AttributeError(f"{module} no longer has {name}: the control controls nothing")
    setattr(module, name, value)


def _claim() -> None:
    mine = claims_of_keys.Held(id=ids.new(), fence=1, recovery_point="started", effect="", subject=None, request_id="")
    _replace(claims_of_keys, "take", lambda *_: mine)
    _replace(idempotency, "_settle", lambda *_: None)


def _commit() -> None:
    """Answer as if every transaction committed."""

    def once(effect: Callable[[], Any], **_: Any) -> Any:
        answer = None
        try:
            with transaction.atomic(durable=True):
                answer = effect()
                failpoints.reach("request.committing")
        except Error:
            if answer is None:
                raise
        return answer

    _replace(transactions, "_once", once)


def _comparison() -> None:
    _replace(chain, "same", lambda *_: True)


def _counter() -> None:
    """Take the number in a transaction of its own, as a sequence would."""
    take = _numbers.take

    _replace(_numbers, "take", lambda code, *, now: _apart(lambda: _committed(lambda: take(code, now=now))))


def _committed(call: Callable[[], Any]) -> Any:
    with transaction.atomic():
        return call()


def _apart(call: Callable[[], Any]) -> Any:
    """Do something on a connection of its own, whatever transaction is open here."""

    def alone() -> Any:
        try:
            return call()
        finally:
            connection.close()

    known = copy_context()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(known.run, alone).result()


def _intent() -> None:
    """Intend, ask and record in one transaction."""
    begin, apply = _unwrapped(payments.begin_attempt), _unwrapped(payments.apply_gateway_result)

    def collect(*, payment_id: UUID, now: datetime) -> None:
        with transaction.atomic():
            attempt, _ = begin(payment_id=payment_id, now=now)
            if attempt is None:
                return
            outcome = _apart(lambda: gateways.named(attempt.gateway).charge(charge_request(attempt)))
            failpoints.reach("payments.answered")
            apply(attempt_id=attempt.id, outcome=outcome, source="inline", now=clock.now())

    _replace(payments, "collect_payment", collect)


def _unwrapped(verb: Any) -> Any:
    """The verb without the transaction it is decorated with."""
    return verb.__wrapped__


def _gateway_key() -> None:
    """Make up a key whenever one is asked for."""
    _replace(PaymentAttempt, "gateway_key", property(lambda self: f"{self.public_id}-{ids.new().hex[-8:]}"))


def _gift_rules() -> None:
    _replace(GiftQuerySet, "select_for_update", lambda self, *_, **__: self)
    _replace(Gift, "is_redeemable", lambda *_, **__: True)


def _order() -> None:
    _replace(claims, "CLAIM_OF_QUEUE", claims.CLAIM_OF_QUEUE.replace(claims._IN_ORDER, "TRUE"))
    # The inbox would ignore what comes too late; the disorder is to be seen.
    _replace(outbox, "_INBOX", outbox._INBOX.replace(outbox._OVERTAKEN, "FALSE"))


def _receipts() -> None:
    _replace(outbox, "_first_time", lambda *_: True)


def _sweeper() -> None:
    """A nudge that is lost stays lost."""
    _replace(jobs, "sweep", list)


def _durability() -> None:
    """The proof's own server forgets; nothing of the house changes."""


def _assertions() -> None:
    """`proof.mutation.run` has Python leave them out of the tests that it starts; nothing else relies on them."""


COMMIT: Final[dict[str, Callable[[], None]]] = {
    "assertions": _assertions,
    "claim": _claim,
    "commit": _commit,
    "comparison": _comparison,
    "counter": _counter,
    "durability": _durability,
    "gateway_key": _gateway_key,
    "gift_rules": _gift_rules,
    "intent": _intent,
    "order": _order,
    "receipts": _receipts,
    "sweeper": _sweeper,
}


def commit() -> str:
    """This function will switch off what the variable names, if it names anything, and return the name."""
    name = os.environ.get(VARIABLE, "")
    if name:
        COMMIT[name]()
    return name
