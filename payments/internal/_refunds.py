"""Giving money back: intend, call, record, with the refund's row as its own attempt."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import clock, failpoints
from payments import gateways
from payments.internal._asks import refund_request
from payments.internal._reconcile import resume_refund
from payments.internal._refund_results import apply_refund_result
from payments.models import PaymentAttempt, Refund


def execute_refund(*, refund_id: UUID, now: datetime) -> None:
    """This function will give the money of a refund back once, however often it is called."""
    refund, charged, is_new = begin_refund(refund_id=refund_id, now=now)
    if __debug__:
        failpoints.reach("payments.refund_intended")
    if not refund.is_open:
        return
    if not is_new:
        resume_refund(refund_id=refund_id, now=now)
        return
    outcome = gateways.named(charged.gateway).refund(refund_request(refund, charged))
    if __debug__:
        failpoints.reach("payments.refund_answered")
    apply_refund_result(refund_id=refund_id, outcome=outcome, now=clock.now())
    if __debug__:
        failpoints.reach("payments.refund_applied")


@transaction.atomic(durable=True)
def begin_refund(*, refund_id: UUID, now: datetime) -> tuple[Refund, PaymentAttempt, bool]:
    """This function will commit the intent to give money back: the refund, the charge, and whether it is the first."""
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    charged = PaymentAttempt.objects.get(payment_id=refund.payment_id, status="succeeded")
    if not refund.is_open or refund.requested_at is not None:
        return refund, charged, False
    refund.request(at=now)
    refund.schedule_reconcile(at=now)
    refund.save(update_fields=["requested_at", "next_reconcile_at"])
    return refund, charged, True
