"""What billing does when money moves. The payments of an invoice carry its public id as their reference."""

from billing import internal, selectors
from billing.signals import CreditNoteIssued, InvoiceFinalized, InvoicePaid, WalletLow
from core import events, ids
from core.actor import SYSTEM
from payments.signals import (
    PaymentFailed,
    PaymentMethodAttached,
    PaymentMethodMadeDefault,
    PaymentSucceeded,
    RefundSucceeded,
)


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
    _collect_again(event)


@events.handles(PaymentMethodMadeDefault)
def collect_with_other_default(event: PaymentMethodMadeDefault) -> None:
    """This function will try the method that a customer has chosen on what could not be collected before."""
    _collect_again(event)


@events.handles(InvoiceFinalized)
def print_invoice(event: InvoiceFinalized) -> None:
    """This function will have a finalized invoice printed, and mailed where the environment's settings say so."""
    internal.order_invoice(event.subject)


@events.handles(InvoicePaid)
def print_receipt(event: InvoicePaid) -> None:
    """This function will have the receipt of a paid invoice printed."""
    internal.order_receipt(event.subject)


@events.handles(CreditNoteIssued)
def print_credit_note(event: CreditNoteIssued) -> None:
    """This function will have a credit note printed."""
    internal.order_credit_note(event.subject)


@events.handles(WalletLow)
def top_up_wallet(event: WalletLow) -> None:
    """This function will buy value for a wallet that is below its threshold, unless some is bought already."""
    internal.top_up_if_low(ids.decode("wal", event.subject), actor=SYSTEM, now=event.at)


def _collect_again(event: PaymentMethodAttached | PaymentMethodMadeDefault) -> None:
    internal.collect_again(
        customer_id=ids.decode("cus", event.customer), payment_method_id=ids.decode("pym", event.subject),
        actor=SYSTEM, now=event.at,
    )  # fmt: skip
