"""The only writer of what a gateway answered to a refund."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from core import events, failpoints
from core.actor import SYSTEM
from core.ids import encode
from payments.gateways.base import Outcome, Result
from payments.internal._results import ANSWER_FIELDS, flag_for_review
from payments.models import Payment, Refund
from payments.signals import RefundFailed, RefundSucceeded

log = structlog.get_logger(__name__)


@transaction.atomic(durable=True)
def apply_refund_result(*, refund_id: UUID, outcome: Outcome, now: datetime) -> bool:
    """This function will write down what a gateway answered to a refund, once, and say whether it was news."""
    payment, refund = _locked(refund_id)
    if not refund.is_open:
        return False
    if outcome.result is Result.SUCCEEDED and outcome.amount_minor not in (None, refund.amount_minor):
        flag_for_review(refund, subject=payment.public_id, code="amount_mismatch", now=now)
        refund.save(update_fields=["code", "needs_review"])
        return True
    log.info("payments.refund_result", refund=refund.public_id, result=outcome.result.value)
    refund.learn(outcome.result.value, reference=outcome.reference, code=outcome.code, at=now)
    refund.save(update_fields=ANSWER_FIELDS)
    _settle(payment, refund, now=now)
    if __debug__:
        failpoints.reach("payments.refund_applying")
    return True


def _locked(refund_id: UUID) -> tuple[Payment, Refund]:
    payment_id = Refund.objects.values_list("payment_id", flat=True).get(pk=refund_id)
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    return payment, Refund.objects.select_for_update().get(pk=refund_id)


def _settle(payment: Payment, refund: Refund, *, now: datetime) -> None:
    if refund.status == Refund.Status.SUCCEEDED:
        payment.refund(refund.amount_minor)
        payment.save(update_fields=["refunded_minor", "status"])
        _publish_success(payment, refund, now=now)
    elif refund.status == Refund.Status.FAILED:
        _publish_failure(payment, refund, now=now)


def _publish_success(payment: Payment, refund: Refund, *, now: datetime) -> None:
    events.publish(
        RefundSucceeded(
            subject=refund.public_id,
            actor=SYSTEM.label,
            at=now,
            payment=payment.public_id,
            customer=encode("cus", payment.customer_id),
            reference=payment.reference,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
        )
    )


def _publish_failure(payment: Payment, refund: Refund, *, now: datetime) -> None:
    events.publish(
        RefundFailed(
            subject=refund.public_id,
            actor=SYSTEM.label,
            at=now,
            payment=payment.public_id,
            customer=encode("cus", payment.customer_id),
            reference=payment.reference,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
            code=refund.code,
        )
    )
