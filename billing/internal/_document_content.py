"""What stands on an invoice, a credit note or a receipt: from the row, its lines and the snapshots of both parties.

Never from the customer or the settings of today, so that a document printed again years later says the same.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from billing.documents import formats
from billing.documents.content import Content, Discount, Kind, Line, Logo, Paid, Settlement, Tax
from billing.documents.parties import party
from billing.models import Account, CreditNote, CreditNoteLine, Invoice, InvoiceLine, InvoiceTax, Posting

_SHORTEST = timedelta(microseconds=1)


def content_of_invoice(invoice: Invoice, *, locale: str, logo: Logo | None = None) -> Content:
    """This function will return what a finalized invoice says: as it was issued, whatever became of it since."""
    due_minor = invoice.total_minor - invoice.credit_applied_minor - invoice.wallet_applied_minor
    return Content(
        kind=Kind.INVOICE,
        settlement=Settlement(
            credits_minor=invoice.credit_applied_minor, wallet_minor=invoice.wallet_applied_minor, due_minor=due_minor
        ),
        issued_at=_stamped(invoice.issued_at),
        issued_on=_day(invoice.issued_at, invoice.issuer_snapshot),
        due_on=_day(invoice.due_at, invoice.issuer_snapshot) if invoice.due_at and due_minor else None,
        notes=invoice.notes,
        payment_url=_payment_url(invoice) if due_minor else "",
        **_of_invoice(invoice, locale, logo),
    )


def content_of_receipt(invoice: Invoice, *, locale: str, logo: Logo | None = None) -> Content | None:
    """This function will return what the receipt of a paid invoice says, or None if no money was paid on it."""
    paid = tuple(_payments(invoice))
    if invoice.paid_at is None or not paid:
        return None
    return Content(
        kind=Kind.RECEIPT,
        settlement=Settlement(
            credits_minor=invoice.credit_applied_minor, wallet_minor=invoice.wallet_applied_minor, payments=paid
        ),
        issued_at=invoice.paid_at,
        issued_on=_day(invoice.paid_at, invoice.issuer_snapshot),
        **_of_invoice(invoice, locale, logo),
    )


def content_of_credit_note(note: CreditNote, *, locale: str, logo: Logo | None = None) -> Content:
    """This function will return what a credit note says."""
    lines, taxes = list(note.lines.all()), {tax.code: tax for tax in note.invoice.taxes.all()}
    spoken, issuer = formats.locale_of(locale), note.issuer_snapshot
    return Content(
        kind=Kind.CREDIT_NOTE, locale=locale, currency=note.currency, number=note.number, logo=logo,
        invoice_number=note.invoice.number or "", reason=note.reason, notes=note.memo, footer=_footer(issuer),
        issued_at=note.issued_at, issued_on=_day(note.issued_at, issuer),
        issuer=party(issuer, spoken), customer=party(note.customer_snapshot, spoken),
        lines=tuple(_credited(line, taxes) for line in lines), taxes=tuple(_credited_taxes(lines, taxes)),
        subtotal_minor=note.subtotal_minor, tax_minor=note.tax_minor, total_minor=note.total_minor,
        settlement=Settlement(
            off_due_minor=note.due_minor, refund_minor=note.refund_minor, to_wallet_minor=note.wallet_minor,
            elsewhere_minor=note.out_of_band_minor,
        ),
    )  # fmt: skip


def _of_invoice(invoice: Invoice, locale: str, logo: Logo | None) -> dict[str, Any]:
    """Return what an invoice and its receipt have in common."""
    rates, zone = list(invoice.taxes.all()), _zone(invoice.customer_snapshot)
    spoken = formats.locale_of(locale)
    percentages = {tax.code: tax.percentage for tax in rates}
    first, last = _days(invoice.period_starts_at, invoice.period_ends_at, zone)
    return {
        "locale": locale, "currency": invoice.currency, "number": invoice.number or "", "logo": logo,
        "issuer": party(invoice.issuer_snapshot, spoken), "customer": party(invoice.customer_snapshot, spoken),
        "footer": _footer(invoice.issuer_snapshot), "period_from": first, "period_to": last,
        "lines": tuple(_line(line, percentages, zone) for line in invoice.lines.all()),
        "discounts": tuple(
            Discount(description=one.description, amount_minor=one.amount_minor) for one in invoice.discounts.all()
        ),
        "taxes": tuple(map(_tax, rates)), "tax_minor": invoice.tax_minor,
        "taxes_included": invoice.tax_behavior == Invoice.TaxBehavior.INCLUSIVE,
        "subtotal_minor": invoice.subtotal_minor, "total_minor": invoice.total_minor,
    }  # fmt: skip


def _line(line: InvoiceLine, percentages: Mapping[str, Decimal], zone: ZoneInfo) -> Line:
    first, last = _days(line.period_starts_at, line.period_ends_at, zone)
    return Line(
        description=line.description, quantity=line.quantity, unit_amount=line.unit_amount,
        amount_minor=line.amount_minor, period_from=first, period_to=last,
        rates=tuple(percentages[one["code"]] for one in line.taxes if one["code"] in percentages),
    )  # fmt: skip


def _tax(tax: InvoiceTax) -> Tax:
    return Tax(
        name=tax.name, percentage=tax.percentage, base_minor=tax.base_minor, tax_minor=tax.tax_minor,
        is_reverse_charge=tax.is_reverse_charge,
    )  # fmt: skip


def _credited(line: CreditNoteLine, taxes: Mapping[str, InvoiceTax]) -> Line:
    rates = tuple(taxes[one["code"]].percentage for one in line.taxes if one["code"] in taxes)
    return Line(description=line.description, amount_minor=line.amount_minor, rates=rates)


def _credited_taxes(lines: Iterable[CreditNoteLine], taxes: Mapping[str, InvoiceTax]) -> Iterable[Tax]:
    bases, parts = dict.fromkeys(taxes, 0), dict.fromkeys(taxes, 0)
    used: dict[str, InvoiceTax] = {}
    for line in lines:
        for one in line.taxes:
            code = one["code"]
            used[code] = taxes[code]
            bases[code] += line.amount_minor
            parts[code] += one["tax_minor"]
    for code, tax in used.items():
        yield Tax(
            name=tax.name, percentage=tax.percentage, base_minor=bases[code], tax_minor=parts[code],
            is_reverse_charge=tax.is_reverse_charge,
        )  # fmt: skip


def _payments(invoice: Invoice) -> Iterable[Paid]:
    """The money that made the invoice paid, by the books: what arrived afterwards is on no receipt."""
    rows = (
        Posting.objects.filter(journal__invoice=invoice, journal__kind="payment", account__code=Account.Code.CASH)
        .filter(journal__at__lte=invoice.paid_at)
        .order_by("journal_id")
        .values_list("journal__at", "amount_minor")
    )
    for at, amount_minor in rows:
        yield Paid(on=_day(at, invoice.issuer_snapshot), amount_minor=amount_minor)


def _payment_url(invoice: Invoice) -> str:
    template: str = invoice.issuer_snapshot.get("payment_url") or ""
    return template.replace("{invoice}", invoice.public_id)


def _footer(issuer: Mapping[str, Any]) -> str:
    return issuer.get("footer") or ""


def _stamped(at: datetime | None) -> datetime:
    if at is None:
        raise ValueError("a draft is not printed")
    return at


def _zone(snapshot: Mapping[str, Any]) -> ZoneInfo:
    return ZoneInfo(snapshot.get("timezone") or "UTC")


def _day(at: datetime | None, snapshot: Mapping[str, Any]) -> date:
    return _stamped(at).astimezone(_zone(snapshot)).date()


def _days(starts_at: datetime | None, ends_at: datetime | None, zone: ZoneInfo) -> tuple[date | None, date | None]:
    """The first and the last day of a period whose end is the first instant that no longer belongs to it."""
    if starts_at is None or ends_at is None:
        return None, None
    return starts_at.astimezone(zone).date(), (ends_at - _SHORTEST).astimezone(zone).date()
