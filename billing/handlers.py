"""What billing does when money moves. The payments of an invoice carry its public id as their reference."""

from billing import internal, selectors
from core import events, ids
from core.actor import SYSTEM
from payments.signals import PaymentFailed, PaymentMethodAttached, PaymentSucceeded, RefundSucceeded


@events.handles(PaymentSucceeded)
def settle_invoice(event: PaymentSucceeded) -> None:
    """This function will book money that arrived for an invoice."""
    invoice_id = selectors.decoded(event.reference)
    if invoice_id is not None:
        internal.settle(
            invoice_id=invoice_id,
            payment=event.subject,
            amount_minor=event.amount_minor,
            currency=event.currency,
            actor=SYSTEM,
            now=event.at,
        )


@events.handles(PaymentFailed)
def record_payment_failure(event: PaymentFailed) -> None:
    """This function will remember on its invoice that a payment was declined."""
    invoice_id = selectors.decoded(event.reference)
    if invoice_id is not None:
        internal.record_payment_failure(
            invoice_id=invoice_id, code=event.code, is_hard=event.is_hard, actor=SYSTEM, now=event.at
        )


@events.handles(RefundSucceeded)
def record_refund(event: RefundSucceeded) -> None:
    """This function will book money of an invoice that went back."""
    invoice_id = selectors.decoded(event.reference)
    if invoice_id is not None:
        internal.record_refund(
            invoice_id=invoice_id,
            refund=event.subject,
            amount_minor=event.amount_minor,
            currency=event.currency,
            actor=SYSTEM,
            now=event.at,
        )


@events.handles(PaymentMethodAttached)
def collect_again(event: PaymentMethodAttached) -> None:
    """This function will try a customer's new payment method on what could not be collected before."""
    internal.collect_again(customer_id=ids.decode("cus", event.customer), actor=SYSTEM, now=event.at)
