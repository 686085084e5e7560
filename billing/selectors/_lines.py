"""What has been charged for the prices of an agreement in a period."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Sum, When

from billing.lines import Basis, NewLine, from_content
from billing.models import Invoice, InvoiceLine, PendingLine
from core.periods import Period

# A price, of how many units, and how many times over; None for what no basis tells of any more.
Unit = tuple[UUID, Decimal, int] | None


@dataclass(frozen=True, kw_only=True)
class PaidFor:
    """What a price was charged with in a period and its parts, in minor units.

    `billed_minor` is before discounts. After them `paid_minor` is on paid invoices, `owed_minor` on those that still
    wait for their money, and on lines that wait for their invoice. `credited_minor` was given back, by credits of
    changes and by credit notes. What is void or written off counts nothing. `units` tells how often it was charged with
    so many units, less how often that was credited.
    """

    billed_minor: int = 0
    paid_minor: int = 0
    owed_minor: int = 0
    credited_minor: int = 0
    units: Mapping[Unit, int] = field(default_factory=dict, compare=False)


Key = tuple[str, str]
_COLUMNS = (
    "id", "reference", "state", "price", "period_starts_at", "period_ends_at", "amount_minor", "discount_minor",
    "noted", "basis",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Part:
    key: Key
    sums: PaidFor


def paid_for(reference: str, price: str, period: Period) -> PaidFor:
    """This function will return what a price was charged with for an agreement; both are public ids."""
    return list_paid({reference: period}, [price]).get((reference, price), PaidFor())


def list_paid(periods: Mapping[str, Period], prices: Collection[str] | None = None) -> dict[Key, PaidFor]:
    """This function will return what prices were charged with for agreements, each in a period of its own.

    `periods` are the agreements' by public id; `prices` None are all. The answer is by agreement and price; what was
    never charged is left out. It takes two queries, however many there are.
    """
    found: dict[Key, PaidFor] = {}
    for part in (*_invoiced(periods, prices), *_waiting(periods, prices)):
        found[part.key] = _added(found.get(part.key, PaidFor()), part.sums)
    return found


def waiting_minor(reference: str, currency: str) -> int:
    """This function will return what waits for an agreement's next invoice in minor units; credits count negative."""
    rows = PendingLine.objects.about(reference).waiting().filter(currency=currency)
    total: int | None = rows.aggregate(total=Sum("amount_minor"))["total"]
    return total or 0


def waiting_ids(reference: str) -> frozenset[UUID]:
    """This function will return which lines wait for an agreement's next invoice."""
    return frozenset(PendingLine.objects.about(reference).waiting().values_list("id", flat=True))


def list_waiting(reference: str, currency: str, *, besides: Collection[UUID] = ()) -> tuple[NewLine, ...]:
    """This function will return the lines that wait for an agreement's next invoice, the oldest first.

    `besides` are the ids of those that are left out.
    """
    rows = PendingLine.objects.about(reference).waiting().filter(currency=currency).exclude(pk__in=besides)
    rows = rows.order_by("id")
    return tuple(from_content(row.content) for row in rows)


def _invoiced(periods: Mapping[str, Period], prices: Collection[str] | None) -> Iterator[_Part]:
    if not periods:
        return iter(())
    rows = (
        InvoiceLine.objects.filter(invoice__reference__in=periods, **_named(prices))
        .filter(period_starts_at__gte=min(period.starts_at for period in periods.values()))
        .filter(period_ends_at__lte=max(period.ends_at for period in periods.values()))
        .exclude(invoice__state__in=(Invoice.State.VOID, Invoice.State.UNCOLLECTIBLE))
        .annotate(
            reference=F("invoice__reference"),
            state=F("invoice__state"),
            # A credit note's amount is without tax, a line's with it where prices include it.
            noted=Sum(
                Case(
                    When(invoice__tax_behavior="inclusive", then="credits__total_minor"),
                    default="credits__amount_minor",
                )
            ),
        )
        .values_list(*_COLUMNS, named=True)
    )
    return _parts(rows, periods)


def _named(prices: Collection[str] | None) -> dict[str, Any]:
    return {"price__isnull": False} if prices is None else {"price__in": prices}


def _parts(rows: Iterable[Any], periods: Mapping[str, Period]) -> Iterator[_Part]:
    for row in rows:
        if _is_within(row.period_starts_at, row.period_ends_at, periods[row.reference]):
            yield _Part(key=(row.reference, row.price), sums=_of_line(row))


def _of_line(row: Any) -> PaidFor:
    units = _units(Basis.from_json(row.basis) if row.basis else None)
    if row.amount_minor < 0:
        return PaidFor(credited_minor=-row.amount_minor, units=units)
    left, noted = row.amount_minor - row.discount_minor, row.noted or 0
    if row.state == Invoice.State.PAID:
        return PaidFor(billed_minor=row.amount_minor, paid_minor=left, credited_minor=noted, units=units)
    return PaidFor(billed_minor=row.amount_minor, owed_minor=left, credited_minor=noted, units=units)


def _units(basis: Basis | None) -> dict[Unit, int]:
    return {None: -1} if basis is None else {(basis.price_id, basis.quantity, basis.times): basis.sign}


def _waiting(periods: Mapping[str, Period], prices: Collection[str] | None) -> Iterator[_Part]:
    rows = PendingLine.objects.waiting().filter(reference__in=periods).values_list("reference", "content")
    for reference, content in rows:
        line = from_content(content)
        if line.price is None or (prices is not None and line.price not in prices):
            continue
        if _is_within(line.period_starts_at, line.period_ends_at, periods[reference]):
            charged, credited = max(line.amount_minor, 0), max(-line.amount_minor, 0)
            sums = PaidFor(
                billed_minor=charged, owed_minor=charged, credited_minor=credited, units=_units(line.basis)
            )  # fmt: skip
            yield _Part(key=(reference, line.price), sums=sums)


def _is_within(starts_at: Any, ends_at: Any, period: Period) -> bool:
    # A pause lengthens a period, so what was charged before it ended earlier.
    return bool(starts_at and ends_at and starts_at >= period.starts_at and ends_at <= period.ends_at)


def _added(one: PaidFor, other: PaidFor) -> PaidFor:
    """This function will return two sums together."""
    return PaidFor(
        billed_minor=one.billed_minor + other.billed_minor,
        paid_minor=one.paid_minor + other.paid_minor,
        owed_minor=one.owed_minor + other.owed_minor,
        credited_minor=one.credited_minor + other.credited_minor,
        units={unit: one.units.get(unit, 0) + other.units.get(unit, 0) for unit in (*one.units, *other.units)},
    )
