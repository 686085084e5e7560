"""Collecting a payment: intend, call, record."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import clock, failpoints
from core.actor import SYSTEM
from payments import declines, gateways
from payments.gateways.amounts import is_chargeable
from payments.internal._asks import charge_request
from payments.internal._reconcile import resume_attempt
from payments.internal._results import apply_gateway_result, publish_failure
from payments.models import Payment, PaymentAttempt, PaymentMethod


def collect_payment(*, payment_id: UUID, now: datetime) -> None:
    """This function will collect a payment once, however often it is called.

    Where an earlier run has left an attempt open, the gateway is asked what became of it before anything else.
    """
    attempt, is_new = begin_attempt(payment_id=payment_id, now=now)
    if __debug__:
        failpoints.reach("payments.intent_committed")
    if attempt is None:
        return
    if not is_new:
        resume_attempt(attempt_id=attempt.id, now=now)
        return
    outcome = gateways.named(attempt.gateway).charge(charge_request(attempt))
    if __debug__:
        failpoints.reach("payments.answered")
    apply_gateway_result(attempt_id=attempt.id, outcome=outcome, source="inline", now=clock.now())
    if __debug__:
        failpoints.reach("payments.applied")


@transaction.atomic(durable=True)
def begin_attempt(*, payment_id: UUID, now: datetime) -> tuple[PaymentAttempt | None, bool]:
    """This function will commit the intent to charge and return the attempt, and whether it is new.

    None means that there is nothing to do at a gateway: the payment is settled, or it has just failed for want of a
    method to charge, or because the method's gateway cannot charge exactly this amount.
    """
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    if payment.status not in (Payment.Status.PENDING, Payment.Status.PROCESSING):
        return None, False
    attempts = PaymentAttempt.objects.select_related("payment", "payment_method")
    earlier = attempts.filter(payment=payment, finished_at=None).first()
    if earlier is not None:
        return earlier, False
    method = _method_of(payment)
    if method is None:
        _fail_unasked(payment, declines.NO_METHOD, now=now)
        return None, False
    if not is_chargeable(payment.amount_minor, payment.currency, gateways.named(method.gateway).amounts):
        _fail_unasked(payment, declines.NOT_CHARGEABLE, now=now)
        return None, False
    return _intend(payment, method, now=now), True


def _method_of(payment: Payment) -> PaymentMethod | None:
    methods = PaymentMethod.objects.of(payment.customer_id).attached()
    if payment.payment_method_id is not None:
        return methods.filter(pk=payment.payment_method_id).first()
    return methods.filter(is_default=True).first()


def _intend(payment: Payment, method: PaymentMethod, *, now: datetime) -> PaymentAttempt:
    attempt = PaymentAttempt(payment=payment, payment_method=method, gateway=method.gateway, created_at=now)
    attempt.request(at=now)
    # Set before the call: if this process dies now, the reconcile job finds the row.
    attempt.schedule_reconcile(at=now)
    attempt.save(force_insert=True)
    payment.process(method_id=method.id)
    payment.save(update_fields=["status", "payment_method"])
    if __debug__:
        failpoints.reach("payments.intent_written")
    return attempt


def _fail_unasked(payment: Payment, code: str, *, now: datetime) -> None:
    payment.fail(code=code, at=now)
    payment.save(update_fields=["status", "failure_code", "settled_at"])
    publish_failure(payment, actor=SYSTEM, now=now)
