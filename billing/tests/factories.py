"""Invoices for tests, made by the verbs that make them in the house."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from accounts import services as accounts
from billing import internal
from billing.internal import NewLine
from billing.selectors import InvoiceView
from core import ids
from core.actor import SYSTEM

AT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
_count = count(1)


def make_customer_id(**known: Any) -> UUID:
    """A customer of the scope's environment."""
    fields: dict[str, Any] = {"email": f"customer{next(_count)}@example.com", "actor": SYSTEM, "now": AT}
    return accounts.create_customer(**fields | known).id


def line(amount_minor: int = 1000, **known: Any) -> NewLine:
    """A fixed line of one unit."""
    fields: dict[str, Any] = {
        "description": "Team plan", "quantity": Decimal(1), "unit_amount": None, "amount_minor": amount_minor,
    }  # fmt: skip
    return NewLine(**fields | known)


def issue(*amounts_minor: int, **known: Any) -> InvoiceView:
    """A finalized invoice in USD, by default of one line of 10.00 and uncollected."""
    fields: dict[str, Any] = {
        "customer_id": known.get("customer_id") or make_customer_id(),
        "currency": "USD",
        "kind": "one_off",
        "lines": [line(amount) for amount in amounts_minor or (1000,)],
        "reference": "sub_test",
        "key": f"key-{next(_count)}",
        "collect": False,
        "actor": SYSTEM,
        "now": AT,
    }
    return internal.issue_invoice(**fields | known)


def payment_id() -> str:
    """The public id of a payment that billing hears of."""
    return ids.encode("pay", ids.new())


def settle(invoice: InvoiceView, amount_minor: int | None = None, **known: Any) -> InvoiceView:
    """Money arrives for an invoice: what is due unless said otherwise."""
    fields: dict[str, Any] = {
        "payment": payment_id(),
        "amount_minor": invoice.due_minor if amount_minor is None else amount_minor,
        "currency": invoice.currency,
        "actor": SYSTEM,
        "now": AT,
    }
    return internal.settle(invoice_id=invoice.id, **fields | known)


def refund(invoice: InvoiceView, amount_minor: int, **known: Any) -> InvoiceView:
    """Money of an invoice goes back."""
    fields: dict[str, Any] = {
        "refund": ids.encode("rfd", ids.new()), "currency": invoice.currency, "actor": SYSTEM, "now": AT,
    }  # fmt: skip
    return internal.record_refund(invoice_id=invoice.id, amount_minor=amount_minor, **fields | known)
