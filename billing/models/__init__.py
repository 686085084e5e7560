"""Invoices with their lines and numbers, and the double-entry ledger."""

from billing.models._invoices import (
    Invoice,
    InvoiceLine,
    InvoiceNotDraft,
    InvoiceNotOpen,
    InvoiceQuerySet,
    RefundBeforePayment,
)
from billing.models._ledger import Account, Journal, Posting
from billing.models._numbers import NumberCounter, NumberSeries

__all__ = [
    "Account",
    "Invoice",
    "InvoiceLine",
    "InvoiceNotDraft",
    "InvoiceNotOpen",
    "InvoiceQuerySet",
    "Journal",
    "NumberCounter",
    "NumberSeries",
    "Posting",
    "RefundBeforePayment",
]
