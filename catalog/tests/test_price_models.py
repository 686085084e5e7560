"""Every model of a price is stored whole, and what contradicts itself is not stored."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from catalog import services
from catalog.models import Plan, Price
from catalog.pricing import InvalidPrice
from catalog.selectors import PriceTerms, get_current_terms
from catalog.tests.factories import by_percentage, make_plan, monthly, seats, tiered, tiers
from core.actor import Actor
from core.money import UnknownCurrency
from usage.tests.factories import make_meter

pytestmark = pytest.mark.django_db
Facts = Callable[[], list[str]]


def stored(price: services.NewPrice) -> PriceTerms:
    """The price as other apps read it, from the database."""
    (found,) = get_current_terms(make_plan(price).pk).prices
    return found


def amounts(price: services.NewPrice, *quantities: str) -> list[int]:
    terms = stored(price)
    return [terms.amount(Decimal(quantity)).minor for quantity in quantities]


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (tiered("graduated"), {"5": 250, "15": 700, "25": 1050}),
        (tiered("volume"), {"5": 250, "15": 600, "25": 750}),
        (
            tiered("graduated", ("10", "10", "2"), ("20", "5", "3"), (None, "5", "3"), charge_flat_at_zero=True),
            {"0": 2, "1": 12, "10": 102, "11": 110},
        ),
        (
            tiered("volume", ("100", "2", "10"), ("200", "1", "0"), (None, "0.5", "50")),
            {"1": 12, "100": 210, "100.5": Decimal("100.5")},
        ),
        (monthly("50", model="package", package_size=Decimal(10)), {"25": 150, "0": 0}),
        (monthly("1", model="package", package_size=Decimal(100), package_rounding="up"), {"50": 1, "250": 3}),
        (monthly("1", model="package", package_size=Decimal(100), package_rounding="down"), {"50": 0, "250": 2}),
        (seats("2", minimum_amount=Decimal(5), maximum_amount=Decimal(9)), {"1": 5, "3": 6, "8": 9}),
        (seats("0.000000000001"), {"5000000000": Decimal("0.01")}),
    ],
)
def test_a_price_computes_after_it_was_stored(price: services.NewPrice, expected: dict[str, Any]) -> None:
    assert amounts(price, *expected) == [amount * 100 for amount in expected.values()]


def test_a_percentage_counts_each_event_after_the_free_ones() -> None:
    free = {"free_units": Decimal(250), "free_events": 3, "fixed_amount": Decimal(2)}
    terms = stored(by_percentage(make_meter("sum").pk, **free))
    assert (terms.needs_event_values, terms.billed) == (True, "arrears")
    values = [Decimal(value) for value in (50, 100, 250, 400)]
    rating = terms.rate(Decimal(800), values)
    assert rating.amount_minor == 1115
    assert [(step.quantity, step.flat_amount) for step in rating.steps] == [(Decimal(550), 0), (Decimal(2), 0)]


def test_the_steps_of_a_tiered_price_name_their_tiers() -> None:
    rating = stored(tiered()).rate(Decimal(15))
    assert [(step.tier, step.quantity, step.unit_amount) for step in rating.steps] == [
        (0, Decimal(10), Decimal(50)),
        (1, Decimal(5), Decimal(40)),
    ]


def test_a_revision_keeps_every_member_of_a_price(actor: Actor, now: datetime) -> None:
    meter = make_meter("sum").pk
    prices = [
        tiered("volume", ("0.5", "0.000000000001", "1"), (None, "2", "3"), charge_flat_at_zero=True, tax_code="books"),
        monthly("3", model="package", package_size=Decimal("2.5"), package_rounding="down", minimum_amount=Decimal(1)),
        by_percentage(meter, fixed_amount=Decimal("0.3"), free_units=Decimal(7), free_events=2),
    ]
    draft = services.revise_plan(plan_id=make_plan(*prices).pk, actor=actor, now=now)
    kept = [services.NewPrice.of(row) for row in draft.prices.order_by("id")]
    assert [one.columns() for one in kept] == [one.columns() for one in prices]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"model": "graduated", "unit_amount": None}, "tiers"),
    ({"model": "volume", "tiers": tiers((None, "1", "0"))}, "unit_amount"),
    ({"model": "volume", "tiers": tiers((None, "1", "0")), "unit_amount": Decimal(0)}, "unit_amount"),
    ({"tiers": tiers((None, "1", "0"))}, "tiers"),
    ({"model": "graduated", "unit_amount": None, "tiers": tiers(("10", "1", "0"))}, "tiers"),
    ({"model": "graduated", "unit_amount": None, "tiers": tiers((None, "1", "0"), (None, "1", "0"))}, "tiers"),
    ({"model": "graduated", "unit_amount": None, "tiers": tiers(("0", "1", "0"), (None, "1", "0"))}, "tiers"),
    (
        {"model": "volume", "unit_amount": None, "tiers": tiers(("9", "1", "0"), ("9", "1", "0"), (None, "1", "0"))},
        "tiers",
    ),
    (
        {"model": "volume", "unit_amount": None, "tiers": tiers(("9", "1", "0"), ("5", "1", "0"), (None, "1", "0"))},
        "tiers",
    ),
    ({"model": "volume", "unit_amount": None, "tiers": tiers(("9", "-1", "0"), (None, "1", "0"))}, "tiers"),
    ({"model": "volume", "unit_amount": None, "tiers": tiers((None, "1", "-0.01"))}, "tiers"),
    ({"model": "volume", "unit_amount": None, "tiers": tiers((None, "0.0000000000001", "0"))}, "tiers"),
    ({"model": "volume", "unit_amount": None, "tiers": tiers((None, "NaN", "0"))}, "tiers"),
    ({"model": "volume", "unit_amount": None, "tiers": tiers((None, "1e16", "0"))}, "tiers"),
    (
        {
            "model": "volume",
            "unit_amount": None,
            "tiers": tiers(*((str(one), "1", "0") for one in range(1, 101)), (None, "1", "0")),
        },
        "tiers",
    ),
    ({"unit_amount": None}, "unit_amount"),
    ({"unit_amount": Decimal("-0.01")}, "unit_amount"),
    ({"unit_amount": Decimal("NaN")}, "unit_amount"),
    ({"unit_amount": Decimal("Infinity")}, "unit_amount"),
    ({"unit_amount": Decimal("0.0000000000001")}, "unit_amount"),
    ({"unit_amount": Decimal("1e16")}, "unit_amount"),
    ({"charge_flat_at_zero": True}, "charge_flat_at_zero"),
    ({"model": "package"}, "package_size"),
    ({"model": "package", "package_size": Decimal(0)}, "package_size"),
    ({"package_size": Decimal(1)}, "package_size"),
    ({"package_rounding": "up"}, "package_rounding"),
    ({"model": "percentage", "unit_amount": None, "percentage": Decimal(1)}, "kind"),
    ({"percentage": Decimal(1)}, "percentage"),
    ({"fixed_amount": Decimal(0)}, "fixed_amount"),
    ({"free_units": Decimal(1)}, "free_units"),
    ({"free_events": 0}, "free_events"),
    ({"minimum_amount": Decimal(-1)}, "minimum_amount"),
    ({"minimum_amount": Decimal(2), "maximum_amount": Decimal(1)}, "maximum_amount"),
    ({"interval": None}, "interval"),
    ({"kind": "usage"}, "meter"),
]


@pytest.mark.parametrize(("terms", "field"), WRONG)
def test_a_price_that_contradicts_itself_is_refused(terms: dict[str, Any], field: str, facts: Facts) -> None:
    with pytest.raises(InvalidPrice) as refused:
        make_plan(monthly(**{"unit_amount": Decimal(1), **terms}))
    assert refused.value.members == {"field": field}
    assert (Price.objects.count(), Plan.objects.count(), facts()) == (0, 0, [])


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"percentage": None}, "percentage"),
        ({"percentage": Decimal(-1)}, "percentage"),
        ({"unit_amount": Decimal(1)}, "unit_amount"),
        ({"free_events": -1}, "free_events"),
        ({"free_events": 2**31}, "free_events"),
        ({"free_units": Decimal(-1)}, "free_units"),
        ({"billed": "advance"}, "billed"),
    ],
)
def test_a_percentage_that_contradicts_itself_is_refused(terms: dict[str, Any], field: str) -> None:
    meter = make_meter("sum").pk
    with pytest.raises(InvalidPrice) as refused:
        make_plan(by_percentage(meter, **terms))
    assert refused.value.members == {"field": field}
    assert not Price.objects.exists()


def test_a_currency_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        make_plan(tiered(currency="XXX"))
    assert not Plan.objects.exists()
