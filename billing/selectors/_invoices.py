"""Answers about invoices."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from billing.models import Invoice
from core import ids
from core.errors import NotFound

# Which flow `issue_invoice` is: one transaction from lines to number and journal, money by rows.
FLOW_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class InvoiceView:
    """An invoice as other apps know it. Amounts are minor units of `currency`; instants are UTC."""

    id: UUID
    public_id: str
    customer_id: UUID
    kind: str
    state: str
    reference: str
    number: str | None
    currency: str
    total_minor: int
    paid_minor: int
    refunded_minor: int
    due_minor: int
    period_starts_at: datetime | None
    period_ends_at: datetime | None
    issued_at: datetime | None
    paid_at: datetime | None
    voided_at: datetime | None
    last_failure_code: str


def get_invoice(invoice_id: UUID) -> InvoiceView:
    """This function will return an invoice of the environment in force.

    :raises core.errors.NotFound: if it has no such invoice.
    """
    row = Invoice.objects.filter(pk=invoice_id).first()
    if row is None:
        raise NotFound
    return view(row)


def find_invoice(public_id: str) -> InvoiceView | None:
    """This function will return the invoice of a public id, or None if the text is none or names nothing."""
    invoice_id = decoded(public_id)
    row = Invoice.objects.filter(pk=invoice_id).first() if invoice_id else None
    return view(row) if row else None


def list_invoices(reference: str) -> tuple[InvoiceView, ...]:
    """This function will return every invoice of an agreement or gift by its public id, the oldest first."""
    return tuple(view(row) for row in Invoice.objects.about(reference).order_by("id"))


def list_open_invoices(reference: str) -> tuple[InvoiceView, ...]:
    """This function will return the invoices of a reference that wait for money, the oldest first."""
    return tuple(view(row) for row in Invoice.objects.about(reference).open().order_by("id"))


def count_by_state() -> dict[str, int]:
    """This function will return how many invoices the environment has in each state, also where it has none."""
    counted = dict(Invoice.objects.order_by().values_list("state").annotate(Count("id")))
    return {state: counted.get(state, 0) for state in Invoice.State.values}


def view(row: Invoice) -> InvoiceView:
    """This function will return the frozen view of a row."""
    return InvoiceView(
        id=row.id,
        public_id=row.public_id,
        customer_id=row.customer_id,
        kind=row.kind,
        state=row.state,
        reference=row.reference,
        number=row.number,
        currency=row.currency,
        total_minor=row.total_minor,
        paid_minor=row.paid_minor,
        refunded_minor=row.refunded_minor,
        due_minor=row.due_minor,
        period_starts_at=row.period_starts_at,
        period_ends_at=row.period_ends_at,
        issued_at=row.issued_at,
        paid_at=row.paid_at,
        voided_at=row.voided_at,
        last_failure_code=row.last_failure_code,
    )


def decoded(text: str) -> UUID | None:
    """This function will return the id behind an invoice's public id, or None if the text is none."""
    try:
        return ids.decode(Invoice.prefix, text)
    except NotFound:
        return None
