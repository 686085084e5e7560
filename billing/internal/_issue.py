"""Issuing an invoice: priced lines in, a numbered and booked invoice out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts import internal as accounts
from accounts import selectors as customers
from billing import arithmetic, selectors
from billing.internal import _collect, _finalize
from billing.models import Invoice, InvoiceLine
from billing.selectors import InvoiceView
from core import errors, money, tenancy
from core.actor import Actor
from core.models import Tenant
from core.periods import Period


class InvoiceEmpty(errors.Invalid):
    code = "invoice_empty"
    title = "An invoice needs at least one line."


class InvoiceNegative(errors.Invalid):
    code = "invoice_negative"
    title = "The credits of an invoice cannot exceed its charges."


@dataclass(frozen=True, kw_only=True)
class NewLine:
    """A priced line. `amount_minor` counts, `unit_amount` is shown; a credit is negative. `price` is a public id."""

    description: str
    quantity: Decimal
    unit_amount: Decimal | None
    amount_minor: int
    price: str | None = None
    period_starts_at: datetime | None = None
    period_ends_at: datetime | None = None
    kind: str = "fixed"


@transaction.atomic
def issue_invoice(
    *,
    customer_id: UUID,
    currency: str,
    kind: str,
    lines: Sequence[NewLine],
    reference: str,
    key: str,
    collect: bool,
    actor: Actor,
    now: datetime,
    period: Period | None = None,
) -> InvoiceView:
    """Create and finalize an invoice in one step, and ask for its money when `collect` is set.

    This function will return the invoice of `key` if there is one already, whatever else is asked for. Otherwise it
    numbers and books a new one; an invoice of nothing is paid at once.

    :raises accounts.models.CurrencyMismatch: if the customer is billed in another currency.
    :raises core.money.UnknownCurrency: if the currency is none.
    :raises InvoiceEmpty: without lines.
    :raises InvoiceNegative: if the credits exceed the charges.
    :raises core.errors.NotFound: if the environment has no such customer.
    """
    money.exponent(currency)
    # Locks the customer: two calls with one key come one after the other, and the second finds the first one's row.
    accounts.fix_currency(customer_id, currency)
    first = Invoice.objects.filter(key=key).first()
    if first is not None:
        return selectors.view(first)
    head = Invoice(
        customer_id=customer_id,
        currency=currency,
        kind=Invoice.Kind(kind),
        reference=reference,
        key=key,
        created_at=now,
    )
    invoice = _draft(head, lines, period)
    _finalize.finalize(invoice, actor=actor, now=now)
    if collect and invoice.due_minor:
        _collect.request(invoice, actor=actor, now=now)
    return selectors.view(invoice)


def _draft(head: Invoice, lines: Sequence[NewLine], period: Period | None) -> Invoice:
    if not lines:
        raise InvoiceEmpty
    totals = arithmetic.compute_invoice(
        [arithmetic.Line(id=str(position), amount_minor=line.amount_minor) for position, line in enumerate(lines)]
    )
    if min(totals.subtotal_minor, totals.total_minor) < 0:
        raise InvoiceNegative(total_minor=totals.total_minor, currency=head.currency)
    head.subtotal_minor, head.discount_minor = totals.subtotal_minor, totals.discount_minor
    head.tax_minor, head.total_minor, head.due_minor = totals.tax_minor, totals.total_minor, totals.due_minor
    if period is not None:
        head.period_starts_at, head.period_ends_at = period.starts_at, period.ends_at
    head.customer_snapshot, head.issuer_snapshot = _customer(head.customer_id), _issuer()
    head.save(force_insert=True)
    pairs = zip(lines, totals.lines, strict=True)
    InvoiceLine.objects.bulk_create(_line(head, at, new, shown) for at, (new, shown) in enumerate(pairs, start=1))
    return head


def _line(invoice: Invoice, position: int, new: NewLine, shown: arithmetic.LineTotals) -> InvoiceLine:
    return InvoiceLine(
        invoice=invoice,
        position=position,
        kind=InvoiceLine.Kind(new.kind),
        description=new.description,
        quantity=new.quantity,
        unit_amount=new.unit_amount,
        currency=invoice.currency,
        amount_minor=shown.amount_minor,
        discount_minor=shown.discount_minor,
        tax_minor=shown.tax_minor,
        total_minor=shown.gross_minor,
        price=new.price,
        period_starts_at=new.period_starts_at,
        period_ends_at=new.period_ends_at,
    )


def _customer(customer_id: UUID) -> dict[str, str | None]:
    """The customer as he is now: what is printed on the invoice does not follow him when he moves."""
    known = customers.get_customer(customer_id)
    return {
        "id": known.public_id,
        "external_ref": known.external_ref,
        "name": known.name,
        "email": known.email,
        "country": known.country,
    }


def _issuer() -> dict[str, str]:
    tenant = Tenant.objects.get(pk=tenancy.require().tenant_id)
    return {"id": tenant.public_id, "name": tenant.name}
