"""What a period of a subscription costs, as invoice lines."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from billing.internal import NewLine
from catalog.selectors import PlanTerms, PriceTerms
from core.money import round_half_up
from core.periods import Period

# What a meter measured in a period, given the price's meter.
Measure = Callable[[PriceTerms, Period], Decimal]


def advance_lines(
    terms: PlanTerms, *, currency: str, quantity: int, period: Period, intervals: int = 1
) -> list[NewLine]:
    """This function will return the lines charged before a span that holds `intervals` whole periods."""
    prices = [one for one in terms.prices_in(currency) if not one.is_usage and one.is_in_advance]
    return [_fixed(terms, price, quantity, period, intervals) for price in prices]


def arrears_lines(
    terms: PlanTerms, *, currency: str, quantity: int, period: Period, elapsed: Period, measure: Measure
) -> list[NewLine]:
    """This function will return the lines charged after a period, of which only `elapsed` was used.

    Usage is what was measured in `elapsed`; a meter that measured nothing makes no line. A fixed price counts for the
    elapsed share of the whole period, rounded once, half away from zero.
    """
    lines = []
    for price in terms.prices_in(currency):
        if price.is_usage:
            lines += _usage(terms, price, max(measure(price, elapsed), Decimal(0)), elapsed)
        elif not price.is_in_advance:
            lines.append(_elapsed(_fixed(terms, price, quantity, elapsed, 1), period, elapsed))
    return lines


def _fixed(terms: PlanTerms, price: PriceTerms, quantity: int, period: Period, intervals: int) -> NewLine:
    shown = quantity if price.is_per_unit else 1
    return NewLine(
        description=_description(terms, price), quantity=Decimal(shown * intervals), unit_amount=price.unit_amount,
        amount_minor=price.amount(Decimal(quantity)).minor * intervals, price=price.public_id,
        period_starts_at=period.starts_at, period_ends_at=period.ends_at, kind="fixed",
    )  # fmt: skip


def _usage(terms: PlanTerms, price: PriceTerms, value: Decimal, period: Period) -> list[NewLine]:
    amount = price.amount(value)
    if not value and not amount.minor:
        return []
    return [
        NewLine(
            description=_description(terms, price), quantity=value, unit_amount=price.unit_amount,
            amount_minor=amount.minor, price=price.public_id, period_starts_at=period.starts_at,
            period_ends_at=period.ends_at, kind="usage",
        )
    ]  # fmt: skip


def _elapsed(line: NewLine, period: Period, elapsed: Period) -> NewLine:
    if elapsed == period:
        return line
    share = Fraction(elapsed.length // elapsed.length.resolution, period.length // period.length.resolution)
    return NewLine(
        description=line.description, quantity=line.quantity, unit_amount=line.unit_amount,
        amount_minor=round_half_up(line.amount_minor * share), price=line.price,
        period_starts_at=line.period_starts_at, period_ends_at=line.period_ends_at, kind="proration",
    )  # fmt: skip


def _description(terms: PlanTerms, price: PriceTerms) -> str:
    return terms.name if price.name == terms.name else f"{terms.name} – {price.name}"
