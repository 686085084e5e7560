"""Asking for money to be given back."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from core import errors, events, failpoints
from core.actor import Actor
from core.ids import encode
from jobs import services as jobs
from payments.models import Payment, PaymentNotRefundable, Refund, RefundExceedsPayment
from payments.signals import RefundRequested


class NothingToRefund(errors.Conflict):
    code = "nothing_to_refund"
    title = "All of the payment has been refunded, or is about to be."


@transaction.atomic
def refund_payment(
    *, payment_id: UUID, amount_minor: int | None, reason: str, actor: Actor, now: datetime, key: str = ""
) -> Refund:
    """This function will have a worker give back an amount of minor units, all that is left when None.

    Refunds that are still on their way count, and the payment's lock makes two callers count one after the other. A
    `key` seen before for the payment returns the refund it made.

    :raises core.errors.NotFound: if the environment has no such payment.
    :raises PaymentNotRefundable: unless it has succeeded.
    :raises NothingToRefund: if nothing is left.
    :raises RefundExceedsPayment: if less is left than asked for, or the amount is not positive.
    """
    payment = Payment.objects.select_for_update().filter(pk=payment_id).first()
    if payment is None:
        raise errors.NotFound
    earlier = Refund.objects.filter(payment=payment, key=key).first() if key else None
    if earlier is not None:
        return earlier
    refund = Refund(
        payment=payment,
        amount_minor=_amount(payment, amount_minor),
        currency=payment.currency,
        reason=reason,
        key=key,
        created_at=now,
    )
    refund.save(force_insert=True)
    jobs.enqueue("payments.refund", payload={"refund_id": str(refund.id)}, key=str(refund.id))
    _announce(payment, refund, actor=actor, now=now)
    if __debug__:
        failpoints.reach("payments.refund_requested")
    return refund


def _amount(payment: Payment, asked: int | None) -> int:
    if not payment.is_captured:
        raise PaymentNotRefundable(status=payment.status)
    taken = Refund.objects.filter(payment=payment).counted().aggregate(total=Sum("amount_minor"))["total"] or 0
    left = payment.amount_minor - taken
    if left == 0:
        raise NothingToRefund
    if asked is not None and not 0 < asked <= left:
        raise RefundExceedsPayment(refundable_minor=left)
    return left if asked is None else asked


def _announce(payment: Payment, refund: Refund, *, actor: Actor, now: datetime) -> None:
    events.publish(
        RefundRequested(
            subject=refund.public_id,
            actor=actor.label,
            at=now,
            payment=payment.public_id,
            customer=encode("cus", payment.customer_id),
            reference=payment.reference,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
        )
    )
