"""Monthly recurring revenue: what a month of an agreement is worth, and what a change of that means.

Values are exact until somebody looks at them: a third of a minor unit is kept, and rounding happens once, on the sum
that is shown. Taxes, usage, trials and what is charged once count nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from core.money import round_half_up, spread
from core.periods import Interval
from subscriptions import states

# How many intervals a month holds.
_PER_MONTH: Final = {
    Interval.DAY: Fraction(365, 12),
    Interval.WEEK: Fraction(52, 12),
    Interval.MONTH: Fraction(1),
    Interval.QUARTER: Fraction(1, 3),
    Interval.HALF_YEAR: Fraction(1, 6),
    Interval.YEAR: Fraction(1, 12),
}
# A value is kept with so many decimal places, and a sum of them is looked at with half as many: what a million kept
# thirds of a minor unit lack cannot move a half.
PLACES: Final = 18
_LOOKED_AT: Final = 10**9
# The states in which an agreement is worth something.
COUNTED: Final = (states.ACTIVE, states.PAST_DUE)


class Movement(StrEnum):
    """What a change means for a customer in one currency."""

    NEW = "new"
    REACTIVATION = "reactivation"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"


GAINS: Final = (Movement.NEW, Movement.REACTIVATION, Movement.EXPANSION)
LOSSES: Final = (Movement.CONTRACTION, Movement.CHURN)


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one price charges every period with, in minor units; `plan` and `price` are public ids."""

    amount_minor: Fraction
    plan: str | None = None
    price: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reduction:
    """What a coupon without an end takes off every period: a `percent` of 100, or an `amount_minor`.

    Without `plans` and `prices` it reduces everything, with them what they name, and then it comes first.
    """

    percent: Decimal | None = None
    amount_minor: int | None = None
    plans: frozenset[str] = frozenset()
    prices: frozenset[str] = frozenset()

    @property
    def is_scoped(self) -> bool:
        return bool(self.plans or self.prices)

    def reduces(self, part: Part) -> bool:
        """This function will tell whether it is for a part."""
        return not self.is_scoped or part.plan in self.plans or part.price in self.prices


def monthly(amount_minor: Fraction | int, interval: str, interval_count: int) -> Fraction:
    """This function will return what an amount per `interval_count` intervals is worth in a month."""
    return Fraction(amount_minor) * _PER_MONTH[Interval(interval)] / interval_count


def value(
    parts: Iterable[Part], reductions: Iterable[Reduction], *, status: str, interval: str, interval_count: int
) -> Fraction:
    """This function will return what an agreement is worth in a month, in minor units and exactly."""
    if status not in COUNTED:
        return Fraction()
    left = list(parts)
    for one in sorted(reductions, key=lambda one: not one.is_scoped):
        left = _reduced(left, one)
    return monthly(sum((part.amount_minor for part in left), Fraction()), interval, interval_count)


def movement(*, before: Decimal, after: Decimal, others: Decimal, is_known: bool) -> Movement:
    """This function will return what a change of one agreement's value means.

    `others` is what the customer's other agreements in the currency are worth; `is_known` says that any of his ever
    was worth something.

    :raises ValueError: if nothing changes.
    """
    if after == before:
        raise ValueError("what is worth the same has not moved")
    if after < before:
        return Movement.CONTRACTION if after + others > 0 else Movement.CHURN
    if before + others > 0:
        return Movement.EXPANSION
    return Movement.REACTIVATION if is_known else Movement.NEW


def kept(exact: Fraction) -> Decimal:
    """This function will return a value as it is stored, with 18 decimal places."""
    units = round_half_up(exact * 10**PLACES)
    return Decimal((int(units < 0), tuple(int(digit) for digit in str(abs(units))), -PLACES))


def difference(one: Decimal, other: Decimal) -> Decimal:
    """This function will return what one stored value exceeds another by, however large they are."""
    return kept(Fraction(one) - Fraction(other))


def plain(amount: Decimal) -> str:
    """This function will return a stored value as text, without zeros at its end: `1300`, `4333.333333333333333333`."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown(amount: Decimal | Fraction) -> int:
    """This function will return a sum of stored values in whole minor units, halves away from zero."""
    return round_half_up(Fraction(round_half_up(Fraction(amount) * _LOOKED_AT), _LOOKED_AT))


def rate(part: Fraction | int, whole: Fraction | int) -> Decimal | None:
    """This function will return a share with six decimal places, None of nothing."""
    return None if not whole else Decimal(round_half_up(Fraction(part) / Fraction(whole) * 10**6)).scaleb(-6)


def shown_parts(start: Decimal | Fraction, changes: Sequence[Decimal]) -> tuple[int, list[int], int]:
    """This function will return a start, some changes and the end in whole minor units, which still add up.

    Start and end are rounded each; the changes are rounded so that they lead from the one to the other.
    """
    exact = [Fraction(one) for one in changes]
    first, last = shown(start), shown(Fraction(start) + sum(exact, Fraction()))
    return first, spread(last - first, exact), last


def _reduced(parts: Sequence[Part], by: Reduction) -> list[Part]:
    """What is left of each part; an amount is taken off them in proportion, and never more than there is."""
    whole = sum((part.amount_minor for part in parts if by.reduces(part)), Fraction())
    share = _share(by, whole)
    return [replace(part, amount_minor=part.amount_minor * share) if by.reduces(part) else part for part in parts]


def _share(by: Reduction, whole: Fraction) -> Fraction:
    """The share of a whole that a coupon leaves."""
    if by.percent is not None:
        return 1 - Fraction(by.percent) / 100
    return max(Fraction(), 1 - Fraction(by.amount_minor or 0) / whole) if whole else Fraction(1)
