"""Asking for the money of an invoice."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from billing.models import Invoice
from core.actor import Actor
from payments import internal as payments
from payments import selectors as money_in
from payments.selectors import PaymentView


def request(invoice: Invoice, *, actor: Actor, now: datetime, payment_method_id: UUID | None = None) -> PaymentView:
    """This function will ask for what is due on a locked invoice, once: a payment under way is returned.

    The key counts the payments asked for before, so that a repeat in another transaction makes no second one.
    """
    earlier = money_in.list_payments(invoice.public_id)
    under_way = next((one for one in earlier if one.is_unsettled), None)
    if under_way is not None:
        return under_way
    return money_in.get_payment(
        _ask(invoice, len(earlier) + 1, actor=actor, now=now, payment_method_id=payment_method_id)
    )


def request_first(invoice: Invoice, *, actor: Actor, now: datetime) -> None:
    """This function will ask for what is due on an invoice that was written in this transaction."""
    request_first_of([invoice], actor=actor, now=now)


def request_first_of(invoices: Sequence[Invoice], *, actor: Actor, now: datetime) -> None:
    """This function will do so for many invoices in the same statements."""
    new = [
        payments.NewPayment(
            customer_id=invoice.customer_id, amount_minor=invoice.due_minor, currency=invoice.currency,
            reference=invoice.public_id, key=f"{invoice.public_id}:1", description=f"Invoice {invoice.number}",
        )
        for invoice in invoices
    ]  # fmt: skip
    if new:
        payments.request_many(new, actor=actor, now=now)


def _ask(invoice: Invoice, number: int, *, actor: Actor, now: datetime, payment_method_id: UUID | None) -> UUID:
    return payments.request_payment(
        customer_id=invoice.customer_id,
        amount_minor=invoice.due_minor,
        currency=invoice.currency,
        reference=invoice.public_id,
        key=f"{invoice.public_id}:{number}",
        description=f"Invoice {invoice.number}",
        actor=actor,
        now=now,
        payment_method_id=payment_method_id,
    )
