"""What a period of a subscription costs, as invoice lines."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from billing.internal import Basis, NewLine, priced_line
from catalog.selectors import PlanTerms, PriceTerms
from core.periods import Period
from subscriptions.proration import Basis as Clock
from subscriptions.proration import remaining_share


@dataclass(frozen=True, kw_only=True)
class Item:
    """One price that a subscription is charged with.

    It is charged `times` over for `quantity` units. `since` is when it was added, if it was added later than the plan;
    `kind` is that of its lines.
    """

    terms: PriceTerms
    quantity: Decimal
    description: str
    times: int = 1
    kind: str = "fixed"
    since: datetime | None = None

    @property
    def is_in_advance(self) -> bool:
        return self.terms.is_in_advance and not self.terms.is_usage

    @property
    def amount_minor(self) -> int:
        """What a whole period costs. This function will answer minor units; usage is not known and counts nothing."""
        return 0 if self.terms.is_usage else self.terms.rate(self.quantity).amount_minor * self.times


@dataclass(frozen=True, kw_only=True)
class Span:
    """The current period: the whole true one that it is, or is the rest of, and how shares of it are measured.

    `rests` are the pauses in it by which it was lengthened.
    """

    whole: Period
    starts_at: datetime
    clock: Clock = Clock.SECOND
    timezone: str = "UTC"
    rests: tuple[Period, ...] = ()

    @property
    def period(self) -> Period:
        return Period(self.starts_at, self.whole.ends_at)

    @property
    def share(self) -> Fraction:
        """Which part of a whole period it is. This function will answer 1 unless the period is a short first one."""
        return self.left_at(self.starts_at)

    def left_at(self, at: datetime) -> Fraction:
        """This function will return which part of the whole period is left at an instant inside it, or at its end.

        Pauses that were given back do not count; no count of dates can leave them out, so seconds are counted then.
        """
        if not self.rests:
            return remaining_share(self.whole, at, self.clock, self.timezone)
        left, whole = _running(self.rests, at, self.whole.ends_at), _running(self.rests, *_ends(self.whole))
        return Fraction(left // _TICK, whole // _TICK)

    def is_rest(self, part: Period) -> bool:
        """This function will tell whether a part of the period is nothing but pauses that were given back."""
        return bool(self.rests) and not _running(self.rests, *_ends(part))

    def elapsed_share(self, elapsed: Period) -> Fraction:
        """This function will return which part of the whole period a part of it is."""
        return self.left_at(elapsed.starts_at) - self.left_at(elapsed.ends_at)


_TICK = timedelta.resolution

# The line of what a usage price's meter measured in a span.
Measure = Callable[[Item, Period], NewLine]


def items_of(terms: PlanTerms, *, currency: str, quantity: int, since: datetime | None = None) -> tuple[Item, ...]:
    """This function will return what a version of a plan is charged with in a currency.

    `since` is when the quantity was changed inside the period: what is charged for it in arrears counts from there.

    :raises catalog.selectors.CurrencyNotOffered: if it has no prices in it.
    """
    return tuple(
        Item(
            terms=price, quantity=Decimal(quantity), description=_description(terms.name, price),
            kind="usage" if price.is_usage else "fixed",
            since=None if price.is_usage or price.is_in_advance else since,
        )
        for price in terms.prices_in(currency)
    )  # fmt: skip


def addon_item(price: PriceTerms, *, quantity: int, kind: str = "addon", since: datetime | None = None) -> Item:
    """This function will return what an add-on is charged with: three of one at a flat fee are three fees."""
    name = _description(price.plan_name, price)
    units, times = (quantity, 1) if price.is_per_unit else (1, quantity)
    return Item(terms=price, quantity=Decimal(units), times=times, description=name, kind=kind, since=since)


def paid_item(price: PriceTerms, quantity: Decimal, times: int) -> Item:
    """This function will return what was charged with a price that may no longer be in force."""
    return Item(terms=price, quantity=quantity, times=times, description=_description(price.plan_name, price))


def period_minor(items: Iterable[Item]) -> int:
    """This function will return what a whole period costs in minor units, usage left out."""
    return sum(item.amount_minor for item in items)


def advance_lines(
    items: Iterable[Item], *, period: Period, share: Fraction = Fraction(1), intervals: int = 1
) -> list[NewLine]:
    """This function will return the lines charged before a span that holds `intervals` whole periods.

    A short first period costs the `share` of the whole one that it is, rounded once per line.
    """
    return [_fixed(item, period, share, intervals) for item in items if item.is_in_advance]


def arrears_lines(items: Iterable[Item], *, span: Span, elapsed: Period, measure: Measure) -> list[NewLine]:
    """This function will return the lines charged after a period, of which only `elapsed` was used.

    A fixed price counts for the share of the whole period that passed. Usage is what was measured; the minimum and the
    maximum of a usage price are owed whole for a part of a period, too, so a minimum is charged also when nothing was
    measured. What neither measured nor costs anything makes no line.
    """
    lines = []
    for item in items:
        part = _part(item, elapsed)
        if part is None:
            continue
        if item.terms.is_usage:
            lines += [line for line in [measure(item, part)] if line.quantity or line.amount_minor]
        elif not item.is_in_advance:
            lines.append(_fixed(item, part, span.elapsed_share(part), 1))
    return lines


def once_lines(items: Iterable[Item]) -> list[NewLine]:
    """This function will return the lines of what is charged once."""
    return [
        priced_line(
            item.terms, Basis(price_id=item.terms.price_id, quantity=item.quantity, times=item.times),
            description=item.description, kind=item.kind,
        )
        for item in items
    ]  # fmt: skip


def _running(rests: Iterable[Period], starts_at: datetime, ends_at: datetime) -> timedelta:
    """How long a span is without the pauses in it."""
    rested = [
        min(one.ends_at, ends_at) - max(one.starts_at, starts_at)
        for one in rests
        if one.starts_at < ends_at and one.ends_at > starts_at
    ]
    return (ends_at - starts_at) - sum(rested, timedelta(0))


def _ends(period: Period) -> tuple[datetime, datetime]:
    return period.starts_at, period.ends_at


def _part(item: Item, elapsed: Period) -> Period | None:
    """What was added inside the period counts from there."""
    starts_at = max(elapsed.starts_at, item.since) if item.since else elapsed.starts_at
    return Period(starts_at, elapsed.ends_at) if starts_at < elapsed.ends_at else None


def _fixed(item: Item, period: Period, share: Fraction, intervals: int) -> NewLine:
    basis = Basis(price_id=item.terms.price_id, quantity=item.quantity, times=intervals * item.times, share=share)
    kind = item.kind if share == 1 else "proration"
    return priced_line(item.terms, basis, description=item.description, kind=kind, period=period)


def _description(owner: str, price: PriceTerms) -> str:
    return owner if price.name == owner else f"{owner} – {price.name}"
