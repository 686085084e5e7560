"""What a quantity costs at a price: pure arithmetic, exact until the one rounding at the end.

Unit amounts and fees are decimals in major units with up to 12 places; the answer is in minor units of the currency.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from core import errors
from core.money import exponent, round_half_up

MAX_PLACES: Final = 12


class Model(StrEnum):
    FLAT = "flat"
    PER_UNIT = "per_unit"
    GRADUATED = "graduated"
    VOLUME = "volume"
    PACKAGE = "package"
    PERCENTAGE = "percentage"


class PackageRounding(StrEnum):
    UP = "up"
    DOWN = "down"


class InvalidPrice(errors.Invalid):
    """`field` names the member that does not fit the model."""

    code = "invalid_price"
    title = "The price is not complete, or contradicts itself."


class NegativeQuantity(errors.Invalid):
    code = "negative_quantity"
    title = "A negative quantity has no price."


@dataclass(frozen=True, kw_only=True)
class Tier:
    """Quantities above the tier before up to `up_to`, inclusive; None is the last, open tier."""

    up_to: Decimal | None
    unit_amount: Decimal = Decimal(0)
    flat_amount: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Price:
    """One price in one currency. Only the members of its model matter.

    `unit_amount` is per unit, per package, or the whole flat fee. `percentage` is per hundred of the events' values,
    with `fixed_amount` per event; free while every given one of `free_units` and `free_events` lasts. `minimum_amount`
    and `maximum_amount` bound what a period costs.
    """

    model: Model
    currency: str
    unit_amount: Decimal | None = None
    tiers: tuple[Tier, ...] = ()
    charge_flat_at_zero: bool = False
    package_size: Decimal | None = None
    package_rounding: PackageRounding = PackageRounding.UP
    percentage: Decimal | None = None
    fixed_amount: Decimal = Decimal(0)
    free_units: Decimal | None = None
    free_events: int | None = None
    minimum_amount: Decimal | None = None
    maximum_amount: Decimal | None = None

    def __post_init__(self) -> None:
        """This function will refuse a price that cannot be computed.

        :raises InvalidPrice: a member is missing, negative, not finite, too fine, or the tiers do not rise to an open
        one.
        :raises UnknownCurrency: the currency is not known.
        """
        exponent(self.currency)
        object.__setattr__(self, "model", Model(self.model))
        object.__setattr__(self, "package_rounding", PackageRounding(self.package_rounding))
        _check_amounts(self)
        _check_required(self)
        _check_tiers(self)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One part of a computation: `quantity` times `unit_amount` plus `flat_amount`, in major units, not rounded.

    `tier` is the number of the tier from 0, for tiered models.
    """

    quantity: Decimal
    unit_amount: Decimal
    flat_amount: Decimal = Decimal(0)
    tier: int | None = None

    @property
    def amount(self) -> Fraction:
        """This function will answer the exact amount in major units."""
        return Fraction(self.quantity) * Fraction(self.unit_amount) + Fraction(self.flat_amount)


@dataclass(frozen=True, kw_only=True)
class Rating:
    """What a quantity costs in minor units, and the steps that lead there before minimum, maximum and rounding."""

    amount_minor: int
    steps: tuple[Step, ...]


def rate(price: Price, quantity: Decimal = Decimal(1), event_values: Sequence[Decimal] = ()) -> Rating:
    """What a quantity costs.

    `quantity` is what the period has altogether, decimals allowed; `event_values` are the values of its events in
    order, in major units, for percentage prices. This function will sum the exact steps, apply minimum and maximum, and
    round once, half away from zero.

    :raises NegativeQuantity: the quantity or an event's value is below zero or not a number.
    """
    if any(not value.is_finite() or value < 0 for value in (quantity, *event_values)):
        raise NegativeQuantity
    steps = _steps(price, quantity, event_values)
    exact = sum((step.amount for step in steps), Fraction())
    if price.minimum_amount is not None:
        exact = max(exact, Fraction(price.minimum_amount))
    if price.maximum_amount is not None:
        exact = min(exact, Fraction(price.maximum_amount))
    return Rating(amount_minor=round_half_up(exact * 10 ** exponent(price.currency)), steps=steps)


def amount_for_increase(price: Price, before: Decimal, after: Decimal) -> int:
    """What going from one quantity of a period to another costs.

    This function will answer the difference of the two amounts in minor units, so that partial charges always add up to
    the charge for the whole; it is negative when the quantity, or a volume price, falls.

    :raises NegativeQuantity: see `rate`.
    """
    return rate(price, after).amount_minor - rate(price, before).amount_minor


def _steps(price: Price, quantity: Decimal, event_values: Sequence[Decimal]) -> tuple[Step, ...]:
    unit_amount = price.unit_amount or Decimal(0)
    match price.model:
        case Model.FLAT:
            return (Step(quantity=Decimal(1), unit_amount=unit_amount),)
        case Model.PER_UNIT:
            return (Step(quantity=quantity, unit_amount=unit_amount),)
        case Model.GRADUATED:
            return tuple(_graduated(price, quantity))
        case Model.VOLUME:
            return tuple(_volume(price, quantity))
        case Model.PACKAGE:
            return (Step(quantity=_packages(price, quantity), unit_amount=unit_amount),)
        case Model.PERCENTAGE:
            return _percentage(price, event_values)


def _graduated(price: Price, quantity: Decimal) -> list[Step]:
    """Each tier that the quantity enters, with the units inside it."""
    steps, lower = [], Decimal(0)
    for number, tier in enumerate(price.tiers):
        if quantity > lower or (number == 0 and price.charge_flat_at_zero):
            upper = quantity if tier.up_to is None else min(quantity, tier.up_to)
            steps.append(_in_tier(_minus(upper, lower), tier, number))
        lower = tier.up_to if tier.up_to is not None else quantity
    return steps


def _volume(price: Price, quantity: Decimal) -> list[Step]:
    """The one tier in which the whole quantity lies."""
    if quantity == 0 and not price.charge_flat_at_zero:
        return []
    tiers = enumerate(price.tiers)
    number, tier = next((n, tier) for n, tier in tiers if tier.up_to is None or quantity <= tier.up_to)
    return [_in_tier(quantity, tier, number)]


def _in_tier(units: Decimal, tier: Tier, number: int) -> Step:
    return Step(quantity=units, unit_amount=tier.unit_amount, flat_amount=tier.flat_amount, tier=number)


def _packages(price: Price, quantity: Decimal) -> Decimal:
    share = Fraction(quantity) / Fraction(price.package_size or 1)
    whole = share.numerator // share.denominator
    started = whole + (share > whole)
    return Decimal(started if price.package_rounding is PackageRounding.UP else whole)


def _percentage(price: Price, event_values: Sequence[Decimal]) -> tuple[Step, ...]:
    paid = _paid_values(price, event_values)
    rate_of_value = _exact_decimal(Fraction(price.percentage or 0) / 100)
    units = sum((Fraction(value) for value in paid), Fraction())
    return (
        Step(quantity=_exact_decimal(units), unit_amount=rate_of_value),
        Step(quantity=Decimal(len(paid)), unit_amount=price.fixed_amount),
    )


def _paid_values(price: Price, event_values: Sequence[Decimal]) -> list[Decimal]:
    """Of each event that pays, the value that it pays for. The allowance ends when any of its limits ends."""
    paid: list[Decimal] = []
    free = price.free_units is not None or price.free_events is not None
    units_left = price.free_units
    for number, value in enumerate(event_values):
        free = free and (price.free_events is None or number < price.free_events)
        if not free:
            paid.append(value)
        elif units_left is None:
            continue
        elif value <= units_left:
            units_left = _minus(units_left, value)
        else:
            free = False
            paid.append(_minus(value, units_left))
    return paid


def _minus(left: Decimal, right: Decimal) -> Decimal:
    """Decimals subtract at the precision of their context, and quantities may have more digits than that."""
    return _exact_decimal(Fraction(left) - Fraction(right))


def _exact_decimal(value: Fraction) -> Decimal:
    """The decimal of a fraction that came from decimals, so that its denominator divides a power of ten."""
    places = value.denominator.bit_length() - 1
    digits = abs((value * 10**places).numerator)
    return Decimal((int(value < 0), tuple(map(int, str(digits))), -places))


def _check_required(price: Price) -> None:
    required = {
        Model.FLAT: ("unit_amount",),
        Model.PER_UNIT: ("unit_amount",),
        Model.GRADUATED: ("tiers",),
        Model.VOLUME: ("tiers",),
        Model.PACKAGE: ("unit_amount", "package_size"),
        Model.PERCENTAGE: ("percentage",),
    }
    for field in required[price.model]:
        if getattr(price, field) in (None, ()):
            raise InvalidPrice(field=field)
    if price.package_size is not None and not price.package_size > 0:
        raise InvalidPrice(field="package_size")
    if price.free_events is not None and price.free_events < 0:
        raise InvalidPrice(field="free_events")
    least, most = price.minimum_amount, price.maximum_amount
    if least is not None and most is not None and least > most:
        raise InvalidPrice(field="maximum_amount")


def _check_amounts(price: Price) -> None:
    fields = "unit_amount package_size percentage fixed_amount free_units minimum_amount maximum_amount"
    for field in fields.split():
        if not _is_amount(getattr(price, field)):
            raise InvalidPrice(field=field)


def _check_tiers(price: Price) -> None:
    bounds = [tier.up_to for tier in price.tiers]
    for tier in price.tiers:
        if not all(_is_amount(value) for value in (tier.up_to, tier.unit_amount, tier.flat_amount)):
            raise InvalidPrice(field="tiers")
    closed = [Decimal(0), *(bound for bound in bounds[:-1] if bound is not None)]
    rises = all(lower < upper for lower, upper in itertools.pairwise(closed))
    if bounds and (bounds[-1] is not None or len(closed) != len(bounds) or not rises):
        raise InvalidPrice(field="tiers")


def _is_amount(value: Decimal | None) -> bool:
    if value is None:
        return True
    # Compared first: no context can turn a digit of the input into something else.
    return value.is_finite() and value >= 0 and _places(value) <= MAX_PLACES and value.adjusted() < 20


def _places(value: Decimal) -> int:
    return max(0, -int(value.as_tuple().exponent))
