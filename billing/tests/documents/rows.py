"""Rows that documents are printed from."""

from itertools import count
from typing import Any

from billing import services
from billing.models import BillingSettings, CreditNote, Invoice
from billing.selectors import InvoiceView
from billing.tests.factories import AT, make_customer_id
from core.actor import SYSTEM

_count = count(1)


def set_up(**chosen: Any) -> BillingSettings:
    """The environment's billing settings, these fields as given."""
    row, _ = BillingSettings.objects.update_or_create(defaults={"updated_at": AT} | chosen)
    return row


def draft(**known: Any) -> Invoice:
    """An invoice that is not finalized."""
    fields: dict[str, Any] = {
        "customer_id": make_customer_id(), "kind": "one_off", "key": f"draft-{next(_count)}", "currency": "USD",
        "created_at": AT,
    }  # fmt: skip
    return Invoice.objects.create(**fields | known)


def credit_note(invoice: InvoiceView, amount_minor: int, **known: Any) -> CreditNote:
    """A credit note over a part of an invoice: off what is due first, the rest into the wallet."""
    fields: dict[str, Any] = {
        "reason": "goodwill", "key": f"note-{next(_count)}", "settle": "wallet", "actor": SYSTEM, "now": AT,
    }  # fmt: skip
    return services.issue_credit_note(invoice_id=invoice.id, amount_minor=amount_minor, **fields | known)
