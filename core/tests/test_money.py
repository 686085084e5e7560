"""Money: conversion, rounding, splitting."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from core.conformance import Case
from core.money import (
    MAX_MINOR,
    AmountOutOfRange,
    CurrencyMismatch,
    Money,
    UnknownCurrency,
    allocate,
    currencies,
    exponent,
    format_plain,
    round_half_up,
    spread,
    to_major,
    to_minor,
)
from tests.conformance import cases, check

MINOR = st.integers(min_value=-MAX_MINOR, max_value=MAX_MINOR)
CURRENCY = st.sampled_from(currencies())


@pytest.mark.parametrize("case", cases("money"))
def test_an_amount_becomes_minor_units(case: Case) -> None:
    check("money", case)


@pytest.mark.parametrize("case", cases("allocate"))
def test_a_total_is_split_by_largest_remainder(case: Case) -> None:
    check("allocate", case)


@generated(minor=MINOR, currency=CURRENCY)
def test_minor_units_survive_the_way_to_major_units_and_back(minor: int, currency: str) -> None:
    assert to_minor(to_major(minor, currency), currency) == minor


@generated(total=MINOR, weights=st.lists(st.integers(0, 10**12), min_size=1, max_size=12).filter(any))
def test_parts_add_up_and_are_less_than_one_unit_off(total: int, weights: list[int]) -> None:
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1


@generated(total=MINOR, weights=st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any))
def test_the_signs_of_the_parts_follow_the_total(total: int, weights: list[int]) -> None:
    assert allocate(-total, weights) == [-part for part in allocate(total, weights)]


@generated(total=st.integers(0, 10**9), weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any))
def test_no_part_exceeds_its_weight_when_the_total_does_not(total: int, weights: list[int]) -> None:
    parts = allocate(min(total, sum(weights)), weights)
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


@generated(st.fractions(max_denominator=10**6))
def test_rounding_is_nearest_and_symmetric(value: Fraction) -> None:
    rounded = round_half_up(value)
    assert abs(rounded - value) <= Fraction(1, 2)
    assert round_half_up(-value) == -rounded
    if abs(rounded - value) == Fraction(1, 2):
        assert abs(rounded) > abs(value)


@pytest.mark.parametrize(("value", "rounded"), [("2.5", 3), ("-2.5", -3), ("0.5", 1), ("-0.5", -1), ("2.4999", 2)])
def test_halves_go_away_from_zero(value: str, rounded: int) -> None:
    assert round_half_up(Decimal(value)) == rounded


@pytest.mark.parametrize("code", ["XXX", "XAU", "XTS", "usd", "US", "", "USDX", "ÚSD", None])
def test_what_nobody_can_pay_in_is_refused(code: Any) -> None:
    with pytest.raises(UnknownCurrency) as refusal:
        exponent(code)
    assert refusal.value.code == "unknown_currency"


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+1000000", "92233720368547758.08"])
def test_what_cannot_be_stored_is_refused(amount: str) -> None:
    with pytest.raises(AmountOutOfRange):
        to_minor(Decimal(amount), "USD")


def test_extreme_inputs_are_exact_and_quick() -> None:
    assert to_minor(Decimal("92233720368547758.07"), "USD") == MAX_MINOR
    assert to_minor(Decimal("1E-1000000"), "USD") == 0
    assert to_minor(Decimal("0.005" + "0" * 5000), "USD") == 1
    assert to_minor(Decimal("0.004" + "9" * 5000), "USD") == 0


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1050, "USD", "10.50 USD"), (-5, "USD", "-0.05 USD"), (500, "JPY", "500 JPY"), (0, "KWD", "0.000 KWD")],
)
def test_plain_text_has_the_places_of_the_currency(minor: int, currency: str, text: str) -> None:
    assert format_plain(minor, currency) == text
    assert str(Money(minor, currency)) == text


def test_weights_must_have_something_to_give() -> None:
    assert allocate(0, [0, 0]) == [0, 0]
    assert allocate(0, []) == []
    for total, weights in ((1, [0, 0]), (1, []), (1, [2, -1])):
        with pytest.raises(ValueError, match="weights"):
            allocate(total, weights)


def test_shares_of_mixed_signs_are_spread() -> None:
    assert spread(57, [Fraction(-5, 2), Fraction(119, 2)]) == [-2, 59]
    with pytest.raises(ValueError, match="total"):
        spread(60, [Fraction(-5, 2), Fraction(119, 2)])


def test_money_of_one_currency_is_added_and_compared() -> None:
    ten, two = Money.of(Decimal(10), "USD"), Money(200, "USD")
    assert (ten + two, ten - two, -two) == (Money(1200, "USD"), Money(800, "USD"), Money(-200, "USD"))
    assert two < ten
    assert two <= two
    assert ten > two
    assert ten >= two
    assert not ten < two


def test_currencies_never_meet() -> None:
    with pytest.raises(CurrencyMismatch) as refusal:
        Money(1, "USD") + Money(1, "EUR")
    assert refusal.value.members == {"currencies": ["EUR", "USD"]}
    with pytest.raises(CurrencyMismatch):
        assert Money(1, "USD") < Money(2, "EUR")


def test_money_is_an_integer_of_a_known_currency() -> None:
    for minor in (Decimal(1), "1", True):
        with pytest.raises(TypeError):
            Money(minor, "USD")
    with pytest.raises(UnknownCurrency):
        Money(1, "XXX")
    with pytest.raises(AmountOutOfRange):
        Money(MAX_MINOR + 1, "USD")
