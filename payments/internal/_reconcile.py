"""Finding out what became of an ask whose answer never came.

Look it up first. Only what the gateway has definitely never acted on is asked again, under the same key and while the
gateway still remembers keys; after that a person must look.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import clock, failpoints
from payments import gateways
from payments.gateways.base import Outcome, unknown
from payments.internal._asks import charge_request, refund_request
from payments.internal._refund_results import apply_refund_result
from payments.internal._results import apply_gateway_result, flag_for_review
from payments.models import PaymentAttempt, Refund

Row = PaymentAttempt | Refund


def reconcile_attempt(*, attempt_id: UUID, now: datetime) -> None:
    """This function will look at an open attempt if a look is due; safe to call too early, late or twice."""
    if _take(PaymentAttempt, attempt_id, now=now):
        if __debug__:
            failpoints.reach("payments.reconcile_taken")
        resume_attempt(attempt_id=attempt_id, now=now)


def reconcile_refund(*, refund_id: UUID, now: datetime) -> None:
    """This function will look at a pending refund if a look is due; safe to call too early, late or twice."""
    if _take(Refund, refund_id, now=now):
        resume_refund(refund_id=refund_id, now=now)


def resume_attempt(*, attempt_id: UUID, now: datetime) -> None:
    """This function will settle an attempt that somebody left open, as far as it can be known."""
    attempt = _loaded_attempt(attempt_id)
    if not attempt.is_open:
        return
    gateway = gateways.named(attempt.gateway)
    outcome = gateway.lookup(attempt.gateway_key)
    if __debug__:
        failpoints.reach("payments.looked_up")
    if outcome is None and attempt.is_askable and attempt.may_ask_again(at=now):
        outcome = _ask_again(attempt, now=now)
        if __debug__:
            failpoints.reach("payments.asked_again")
    if outcome is not None:
        apply_gateway_result(attempt_id=attempt_id, outcome=outcome, source="reconcile", now=clock.now())
    _flag_if_lost(PaymentAttempt, attempt_id, is_lost=outcome is None, now=now)


def resume_refund(*, refund_id: UUID, now: datetime) -> None:
    """This function will settle a refund that somebody left open, as far as it can be known."""
    refund, charged = _loaded_refund(refund_id)
    if not refund.is_open:
        return
    gateway = gateways.named(charged.gateway)
    outcome = gateway.lookup(refund.gateway_key)
    if outcome is None and refund.may_ask_again(at=now):
        outcome = gateway.refund(refund_request(refund, charged))
    if outcome is not None:
        apply_refund_result(refund_id=refund_id, outcome=outcome, now=clock.now())
    _flag_if_lost(Refund, refund_id, is_lost=outcome is None, now=now)


@transaction.atomic(durable=True)
def _take(kind: type[PaymentAttempt] | type[Refund], row_id: UUID, *, now: datetime) -> bool:
    row: Row = kind.objects.select_for_update().get(pk=row_id)
    if not row.is_open or not row.take_reconcile(at=now):
        return False
    row.save(update_fields=["reconciles", "next_reconcile_at"])
    return True


@transaction.atomic(durable=True)
def _loaded_attempt(attempt_id: UUID) -> PaymentAttempt:
    return PaymentAttempt.objects.select_related("payment", "payment_method").get(pk=attempt_id)


@transaction.atomic(durable=True)
def _loaded_refund(refund_id: UUID) -> tuple[Refund, PaymentAttempt]:
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    return refund, PaymentAttempt.objects.get(payment_id=refund.payment_id, status="succeeded")


def _ask_again(attempt: PaymentAttempt, *, now: datetime) -> Outcome:
    """This function will ask under the same key again, unless an answer has come in the meantime."""
    with transaction.atomic(durable=True):
        row = PaymentAttempt.objects.select_for_update().get(pk=attempt.pk)
        if not row.is_askable:
            return unknown("answered_meanwhile")
        row.request(at=now)
        row.save(update_fields=["status", "requested_at"])
    if __debug__:
        failpoints.reach("payments.asking_again")
    return gateways.named(attempt.gateway).charge(charge_request(attempt))


@transaction.atomic(durable=True)
def _flag_if_lost(kind: type[PaymentAttempt] | type[Refund], row_id: UUID, *, is_lost: bool, now: datetime) -> None:
    """This function will ask for a person when the gateway knows nothing and may not be asked, or the looks end."""
    row: Row = kind.objects.select_for_update(of=("self",)).select_related("payment").get(pk=row_id)
    if not row.is_open or not (is_lost or row.is_exhausted):
        return
    code = "unknown_to_gateway" if is_lost else "never_answered"
    flag_for_review(row, subject=row.payment.public_id, code=code, now=now)
    row.save(update_fields=["code", "needs_review"])
