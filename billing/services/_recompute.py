"""Computing an invoice again, from what it was computed from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from billing import arithmetic, explaining
from billing.arithmetic import LineTotals, TaxBehavior, Totals
from billing.coupons import HeldCoupon
from billing.internal import _rating
from billing.lines import NewLine
from billing.models import Invoice, InvoiceDiscount, InvoiceLine, InvoiceTax
from core.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A figure that is not what the computation gives today; `line` is empty for a figure of the whole invoice."""

    line: str
    field: str
    was: str
    now: str


@dataclass(frozen=True, kw_only=True)
class LateUsage:
    """Events of a line's window that have come since it was measured: how many, and what they changed."""

    line: str
    description: str
    events: int
    was: str
    now: str
    amount_minor: int


@dataclass(frozen=True, kw_only=True)
class Recomputation:
    """Whether an invoice comes out the same again, and otherwise where it does not. Nothing is changed by asking."""

    invoice: str
    number: str | None
    identical: bool
    differences: tuple[Difference, ...]
    late_usage: tuple[LateUsage, ...]


def recompute_invoice(*, invoice_id: UUID, now: datetime) -> Recomputation:
    """This function will work an invoice out again and say where it comes out differently; nothing is stored.

    Each line is priced again at the price it was sold at, usage as the meter shows it now; then come the discounts and
    taxes that the invoice itself records, not those of today.

    :raises core.errors.NotFound: if the environment has no such invoice.
    """
    invoice = Invoice.objects.filter(pk=invoice_id).first()
    if invoice is None:
        raise NotFound
    rows = list(invoice.lines.order_by("position"))
    lines = [_again(row, invoice, now) for row in rows]
    discounts = list(invoice.discounts.select_related("redemption__coupon").order_by("position"))
    taxes = list(invoice.taxes.order_by("position"))
    totals = _totals(invoice, rows, lines, discounts, taxes)
    differences = (
        *_line_differences(rows, lines, totals.lines), *_discount_differences(discounts, totals),
        *_tax_differences(taxes, totals), *_of(invoice, "", _FIGURES, totals),
    )  # fmt: skip
    return Recomputation(
        invoice=invoice.public_id, number=invoice.number, identical=not differences, differences=differences,
        late_usage=tuple(_late(rows, lines)),
    )  # fmt: skip


_FIGURES = ("subtotal_minor", "discount_minor", "tax_minor", "total_minor")


def _again(row: InvoiceLine, invoice: Invoice, now: datetime) -> NewLine:
    """A line priced anew; an item of its own is so many at so much."""
    fresh = _rating.rated_again(row, customer_id=invoice.customer_id, now=now)
    done = explaining.work(fresh, None, invoice.currency) if fresh.basis is None else None
    return replace(fresh, amount_minor=done.amount_minor) if done else fresh


def _totals(
    invoice: Invoice,
    rows: Sequence[InvoiceLine],
    lines: Sequence[NewLine],
    discounts: Sequence[InvoiceDiscount],
    taxes: Sequence[InvoiceTax],
) -> Totals:
    # A percentage of 8.25 is a rate of 0.0825; moving the point loses nothing.
    rates = {row.code: arithmetic.Tax(code=row.code, rate=row.percentage.scaleb(-2)) for row in taxes}
    ids = [str(row.position) for row in rows]
    computed = [
        arithmetic.Line(
            id=str(row.position), amount_minor=line.amount_minor, taxes=tuple(rates[one["code"]] for one in row.taxes)
        )
        for row, line in zip(rows, lines, strict=True)
    ]
    return arithmetic.compute_invoice(
        computed, coupons=[_coupon(row).as_arithmetic(lines, ids) for row in discounts],
        tax_behavior=TaxBehavior(invoice.tax_behavior),
    )  # fmt: skip


def _coupon(row: InvoiceDiscount) -> HeldCoupon:
    """What a redeemed coupon says never changes."""
    coupon = row.redemption.coupon
    return HeldCoupon(
        redemption_id=row.redemption_id, coupon_id=coupon.id, code=coupon.code, description=row.description,
        percent=coupon.percent, amount_minor=coupon.amount_minor, plans=frozenset(coupon.plans),
        prices=frozenset(coupon.prices),
    )  # fmt: skip


def _line_differences(
    rows: Sequence[InvoiceLine], lines: Sequence[NewLine], totals: Sequence[LineTotals]
) -> Iterator[Difference]:
    for row, line, shown in zip(rows, lines, totals, strict=True):
        yield from _of(row, row.public_id, ("quantity", "unit_amount"), line)
        yield from _of(row, row.public_id, ("amount_minor", "discount_minor", "tax_minor"), shown)
        if row.total_minor != shown.gross_minor:
            yield _difference(row.public_id, "total_minor", row.total_minor, shown.gross_minor)


def _discount_differences(rows: Sequence[InvoiceDiscount], totals: Totals) -> Iterator[Difference]:
    for row, minor in zip(rows, totals.discounts_minor, strict=True):
        if row.amount_minor != minor:
            yield _difference("", f"discounts.{row.position}.amount_minor", row.amount_minor, minor)


def _tax_differences(rows: Sequence[InvoiceTax], totals: Totals) -> Iterator[Difference]:
    found = {one.code: one for one in totals.taxes}
    for row in rows:
        again = found.get(row.code)
        for name in ("base_minor", "tax_minor"):
            minor = getattr(again, name) if again else 0
            if getattr(row, name) != minor:
                yield _difference("", f"taxes.{row.code}.{name}", getattr(row, name), minor)


def _of(was: object, line: str, fields: Sequence[str], now: object) -> Iterator[Difference]:
    for name in fields:
        before, after = getattr(was, name), getattr(now, name)
        if before != after:
            yield _difference(line, name, before, after)


def _difference(line: str, field: str, was: object, now: object) -> Difference:
    return Difference(line=line, field=field, was=_text(was), now=_text(now))


def _text(value: object) -> str:
    return explaining.count(value) if isinstance(value, Decimal) else str(value)


def _late(rows: Sequence[InvoiceLine], lines: Sequence[NewLine]) -> Iterator[LateUsage]:
    for row, line in zip(rows, lines, strict=True):
        before, after = row.as_line().basis, line.basis
        if before is None or after is None or before.events == after.events:
            continue
        yield LateUsage(
            line=row.public_id, description=row.description, events=(after.events or 0) - (before.events or 0),
            was=explaining.count(before.quantity), now=explaining.count(after.quantity),
            amount_minor=line.amount_minor - row.amount_minor,
        )  # fmt: skip
