"""Invoices with taxes and payments, and credit notes, made by the verbs that make them in the house."""

from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from accounts import services as accounts
from billing import internal, services
from billing.models import CreditNote, Invoice, TaxRate
from billing.selectors import InvoiceView
from billing.tests.factories import AT, issue
from core.actor import SYSTEM
from payments import internal as payments
from payments import selectors as money_in
from payments.services import attach_payment_method

_count = count(1)


def tax_rate(percentage: str, **known: Any) -> TaxRate:
    """A rate for every customer in Germany."""
    fields: dict[str, Any] = {
        "code": f"rate-{next(_count)}", "name": "VAT", "country": "DE", "percentage": Decimal(percentage),
        "actor": SYSTEM, "now": AT,
    }  # fmt: skip
    return services.create_tax_rate(**fields | known)


def german() -> UUID:
    """A customer in Germany."""
    fields: dict[str, Any] = {"email": f"ada{next(_count)}@example.com", "country": "DE", "actor": SYSTEM, "now": AT}
    return accounts.create_customer(**fields).id


def credit(invoice: InvoiceView | Invoice, amount_minor: int | None = None, **known: Any) -> CreditNote:
    """A credit note: of all that is left unless an amount, or lines, are given."""
    fields: dict[str, Any] = {
        "reason": "goodwill", "key": f"credit-{next(_count)}", "amount_minor": amount_minor, "actor": SYSTEM, "now": AT,
    }  # fmt: skip
    return services.issue_credit_note(invoice_id=invoice.id, **fields | known)


def with_card() -> UUID:
    """A customer in Germany with a card that works."""
    customer_id = german()
    attach_payment_method(customer_id=customer_id, source="tok_success", actor=SYSTEM, now=AT)
    return customer_id


def paid_by_card(*amounts_minor: int, **known: Any) -> InvoiceView:
    """An invoice whose money was collected from a card, and booked."""
    customer_id = known.pop("customer_id", None) or with_card()
    invoice = issue(*amounts_minor, customer_id=customer_id, **known)
    return collect(invoice, invoice.due_minor)


def collect(invoice: InvoiceView, amount_minor: int) -> InvoiceView:
    """Have an amount collected for an invoice from the customer's card, and book it."""
    payment_id = payments.request_payment(
        customer_id=invoice.customer_id, amount_minor=amount_minor, currency=invoice.currency,
        reference=invoice.public_id, key=f"payment-{next(_count)}", description="", actor=SYSTEM, now=AT,
    )  # fmt: skip
    payments.collect_payment(payment_id=payment_id, now=AT)
    payment = money_in.get_payment(payment_id)
    return internal.settle(
        invoice_id=invoice.id, payment=payment.public_id, amount_minor=payment.amount_minor, currency=payment.currency,
        actor=SYSTEM, now=AT,
    )  # fmt: skip


def went(note: CreditNote) -> tuple[int, int, int, int]:
    """Where a note's total went: due, refund, wallet, out of band."""
    return note.due_minor, note.refund_minor, note.wallet_minor, note.out_of_band_minor
