"""Answers about payments for other apps."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import errors
from payments.models import Payment, PaymentMethod


@dataclass(frozen=True, kw_only=True)
class PaymentView:
    """A payment as others may know it. Amounts are in minor units of `currency`."""

    id: UUID
    public_id: str
    customer_id: UUID
    status: str
    reference: str
    amount_minor: int
    refunded_minor: int
    currency: str
    failure_code: str
    created_at: datetime
    settled_at: datetime | None

    @property
    def is_unsettled(self) -> bool:
        return self.settled_at is None


def get_payment(payment_id: UUID) -> PaymentView:
    """This function will return a payment.

    :raises core.errors.NotFound: if the environment has no such payment.
    """
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None:
        raise errors.NotFound
    return _view(payment)


def list_payments(reference: str) -> tuple[PaymentView, ...]:
    """This function will return the payments for what `reference` names, the first first."""
    return tuple(_view(one) for one in Payment.objects.about(reference).order_by("id"))


def has_payment_method(customer_id: UUID) -> bool:
    """This function will tell whether a payment of the customer would have something to charge."""
    return PaymentMethod.objects.of(customer_id).filter(is_default=True).exists()


def _view(payment: Payment) -> PaymentView:
    return PaymentView(
        id=payment.id,
        public_id=payment.public_id,
        customer_id=payment.customer_id,
        status=payment.status,
        reference=payment.reference,
        amount_minor=payment.amount_minor,
        refunded_minor=payment.refunded_minor,
        currency=payment.currency,
        failure_code=payment.failure_code,
        created_at=payment.created_at,
        settled_at=payment.settled_at,
    )
