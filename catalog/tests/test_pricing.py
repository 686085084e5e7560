"""What quantities cost."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from catalog.pricing import (
    InvalidPrice,
    Model,
    NegativeQuantity,
    Price,
    Tier,
    amount_for_increase,
    rate,
)
from core.conformance import Case
from core.money import UnknownCurrency
from tests.conformance import cases, check

AMOUNTS = st.decimals(0, 10_000, places=6)
QUANTITIES = st.decimals(0, 100_000, places=3)


@st.composite
def tiered(draw: st.DrawFn) -> Price:
    bounds = sorted(draw(st.sets(st.decimals("0.5", 1000, places=2), max_size=4)))
    tiers = [Tier(up_to=bound, unit_amount=draw(AMOUNTS), flat_amount=draw(AMOUNTS)) for bound in [*bounds, None]]
    model = draw(st.sampled_from([Model.GRADUATED, Model.VOLUME]))
    return Price(model=model, currency="USD", tiers=tuple(tiers), charge_flat_at_zero=draw(st.booleans()))


@st.composite
def prices(draw: st.DrawFn) -> Price:
    simple = st.builds(
        Price, model=st.sampled_from([Model.FLAT, Model.PER_UNIT]), currency=st.just("USD"), unit_amount=AMOUNTS
    )
    package = st.builds(
        Price,
        model=st.just(Model.PACKAGE),
        currency=st.just("JPY"),
        unit_amount=AMOUNTS,
        package_size=st.decimals(1, 1000, places=1),
        package_rounding=st.sampled_from(["up", "down"]),
    )
    return draw(st.one_of(simple, package, tiered()))


@pytest.mark.parametrize("case", cases("price"))
def test_a_quantity_is_rated(case: Case) -> None:
    check("price", case)


@generated(price=prices(), before=QUANTITIES, after=QUANTITIES)
def test_parts_add_up_to_the_whole(price: Price, before: Decimal, after: Decimal) -> None:
    whole = rate(price, after).amount_minor
    assert rate(price, before).amount_minor + amount_for_increase(price, before, after) == whole


@generated(price=tiered(), quantity=QUANTITIES)
def test_the_units_of_all_tiers_are_the_quantity(price: Price, quantity: Decimal) -> None:
    steps = rate(price, quantity).steps
    assert sum((Fraction(step.quantity) for step in steps), Fraction()) == Fraction(quantity)


@generated(price=tiered(), before=QUANTITIES, after=QUANTITIES)
def test_a_graduated_price_never_falls(price: Price, before: Decimal, after: Decimal) -> None:
    if price.model is Model.GRADUATED and before <= after:
        assert amount_for_increase(price, before, after) >= 0


@generated(quantity=QUANTITIES)
def test_one_tier_is_a_price_per_unit(quantity: Decimal) -> None:
    single = (Tier(up_to=None, unit_amount=Decimal("1.37")),)
    expected = rate(Price(model=Model.PER_UNIT, currency="USD", unit_amount=Decimal("1.37")), quantity).amount_minor
    for model in (Model.GRADUATED, Model.VOLUME):
        assert rate(Price(model=model, currency="USD", tiers=single), quantity).amount_minor == expected


@generated(values=st.lists(AMOUNTS, max_size=8), free_units=AMOUNTS, free_events=st.integers(0, 8))
def test_an_allowance_never_costs_more(values: list[Decimal], free_units: Decimal, free_events: int) -> None:
    terms: dict[str, Any] = {
        "model": "percentage",
        "currency": "USD",
        "percentage": Decimal(3),
        "fixed_amount": Decimal(1),
    }
    paid = rate(Price(**terms), event_values=values).amount_minor
    some = rate(Price(**terms, free_units=free_units), event_values=values).amount_minor
    both = rate(Price(**terms, free_units=free_units, free_events=free_events), event_values=values).amount_minor
    assert 0 <= some <= both <= paid


def test_the_event_that_ends_exactly_on_the_limit_is_free() -> None:
    price = Price(
        model=Model.PERCENTAGE,
        currency="USD",
        percentage=Decimal(10),
        fixed_amount=Decimal(1),
        free_units=Decimal(100),
    )
    assert rate(price, event_values=[Decimal(60), Decimal(40)]).amount_minor == 0
    assert rate(price, event_values=[Decimal(60), Decimal(40), Decimal(10)]).amount_minor == 200


def test_a_computation_can_be_shown() -> None:
    tiers = (
        Tier(up_to=Decimal(10), unit_amount=Decimal(2), flat_amount=Decimal(5)),
        Tier(up_to=None, unit_amount=Decimal(1)),
    )
    rating = rate(Price(model=Model.GRADUATED, currency="USD", tiers=tiers), Decimal("12.5"))
    assert [(step.tier, step.quantity, step.amount) for step in rating.steps] == [
        (0, Decimal(10), 25),
        (1, Decimal("2.5"), Fraction(5, 2)),
    ]


def test_flat_ignores_the_quantity() -> None:
    price = Price(model=Model.FLAT, currency="USD", unit_amount=Decimal("9.99"))
    assert rate(price, Decimal(7)).amount_minor == rate(price).amount_minor == 999


def test_many_digits_are_rounded_once() -> None:
    price = Price(model=Model.PER_UNIT, currency="USD", unit_amount=Decimal("0.000000000001"))
    quantity = Decimal("4999999999.9999999999999999999999999999")
    assert rate(price, quantity).amount_minor == 0
    assert rate(price, Decimal(5000000000)).amount_minor == 1


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"model": "flat"}, "unit_amount"),
        ({"model": "graduated"}, "tiers"),
        ({"model": "package", "unit_amount": Decimal(1)}, "package_size"),
        ({"model": "package", "unit_amount": Decimal(1), "package_size": Decimal(0)}, "package_size"),
        ({"model": "percentage"}, "percentage"),
        ({"model": "percentage", "percentage": Decimal(1), "free_events": -1}, "free_events"),
        ({"model": "flat", "unit_amount": Decimal(-1)}, "unit_amount"),
        ({"model": "flat", "unit_amount": Decimal("NaN")}, "unit_amount"),
        ({"model": "flat", "unit_amount": Decimal("1E+30")}, "unit_amount"),
        ({"model": "flat", "unit_amount": Decimal("0.0000000000001")}, "unit_amount"),
        (
            {"model": "flat", "unit_amount": Decimal(1), "minimum_amount": Decimal(2), "maximum_amount": Decimal(1)},
            "maximum_amount",
        ),
        ({"model": "volume", "tiers": (Tier(up_to=Decimal(1)),)}, "tiers"),
        ({"model": "volume", "tiers": (Tier(up_to=None), Tier(up_to=None))}, "tiers"),
        ({"model": "volume", "tiers": (Tier(up_to=Decimal(0)), Tier(up_to=None))}, "tiers"),
        ({"model": "volume", "tiers": (Tier(up_to=Decimal(2)), Tier(up_to=Decimal(2)), Tier(up_to=None))}, "tiers"),
        ({"model": "volume", "tiers": (Tier(up_to=None, unit_amount=Decimal(-1)),)}, "tiers"),
    ],
)
def test_a_price_that_cannot_be_computed_is_refused(members: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidPrice) as refusal:
        Price(currency="USD", **members)
    assert refusal.value.members == {"field": field}


def test_a_price_is_in_a_known_currency() -> None:
    with pytest.raises(UnknownCurrency):
        Price(model=Model.FLAT, currency="XXX", unit_amount=Decimal(1))


@pytest.mark.parametrize("quantity", ["-1", "NaN", "Infinity"])
def test_a_negative_quantity_has_no_price(quantity: str) -> None:
    price = Price(model=Model.PER_UNIT, currency="USD", unit_amount=Decimal(1))
    with pytest.raises(NegativeQuantity):
        rate(price, Decimal(quantity))
