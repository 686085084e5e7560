"""What is asked for by name becomes priced lines, or is refused with the number of the item."""

from decimal import Decimal
from typing import Any

import pytest

from billing.internal import _items
from billing.lines import NewLine
from catalog import services as catalog
from catalog.models import Price
from catalog.selectors import CurrencyNotOffered
from catalog.tests.factories import by_percentage, make_addon, make_plan, monthly, seats, tiered
from core import clock, ids, money
from core.actor import SYSTEM
from core.errors import Refusal
from usage.tests.factories import make_meter

pytestmark = pytest.mark.django_db


def lines(*items: dict[str, Any], currency: str = "USD") -> list[NewLine]:
    return _items.lines_of(items, currency)


def price_of(plan: Any, name: str = "Base fee") -> Price:
    return Price.objects.get(version__plan=plan, name=name)


def refused(refusal: type[Refusal], *items: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(refusal) as why:
        lines(*items)
    return why.value.members


def test_a_price_by_units_is_multiplied() -> None:
    price = price_of(make_plan(seats(), name="Pro"), "Seats")
    (line,) = lines({"price": price.public_id, "quantity": Decimal(3)})
    assert (line.description, line.quantity, line.amount_minor) == ("Pro – Seats", 3, 2250)
    assert (line.price, line.plan, line.kind) == (price.public_id, price.version.plan.public_id, "fixed")
    assert line.basis is not None
    assert (line.basis.price_id, line.basis.quantity) == (price.id, 3)


def test_units_may_be_parts() -> None:
    (line,) = lines({"price": price_of(make_plan(seats()), "Seats").public_id, "quantity": Decimal("2.5")})
    assert line.amount_minor == 1875


def test_a_flat_fee_is_charged_so_many_times() -> None:
    (line,) = lines({"price": price_of(make_plan()).public_id, "quantity": Decimal(3)})
    assert (line.quantity, line.amount_minor) == (3, 6000)
    assert line.basis is not None
    assert (line.basis.quantity, line.basis.times) == (1, 3)


def test_an_addon_goes_by_its_code_or_id() -> None:
    addon = make_addon(monthly("5.00"), code="support", name="Support")
    by_code, by_id = lines({"addon": "support"}, {"addon": addon.public_id, "quantity": Decimal(2)})
    assert (by_code.kind, by_code.amount_minor, by_id.amount_minor) == ("addon", 500, 1000)


def test_a_plan_is_what_it_costs_in_advance_and_the_usage_that_is_told() -> None:
    meter = make_meter(code="calls")
    calls = tiered("graduated", name="Calls", kind="usage", billed="arrears", meter_id=meter.id)
    plan = make_plan(monthly(), seats(), calls, code="pro")
    in_advance = lines({"plan": "pro", "quantity": Decimal(2)})
    assert [line.amount_minor for line in in_advance] == [2000, 1500]
    with_usage = lines({"plan": plan.public_id, "usage": {"calls": Decimal(25)}})
    assert [line.amount_minor for line in with_usage] == [2000, 750, 105000]
    assert with_usage[-1].kind == "fixed"


def test_usage_is_told_by_the_price_too() -> None:
    meter = make_meter(code="calls")
    plan = make_plan(monthly(), tiered(name="Calls", kind="usage", billed="arrears", meter_id=meter.id))
    price = price_of(plan, "Calls")
    told = lines({"plan": plan.public_id, "usage": {price.public_id: Decimal(5)}})
    assert told[-1].amount_minor == 25000


def test_an_amount_of_its_own_is_rounded_once() -> None:
    (line,) = lines({"description": "Work", "quantity": Decimal(3), "unit_amount": Decimal("0.335"), "tax_code": "b"})
    # 3 × 0.335 = 1.005
    assert (line.amount_minor, line.kind, line.tax_code, line.basis) == (101, "one_off", "b", None)


def test_items_keep_their_order() -> None:
    addon = make_addon()
    first, last = ({"description": name, "unit_amount": Decimal(amount)} for name, amount in (("B", 1), ("A", 2)))
    told = lines(first, {"addon": addon.code}, last)
    assert [line.amount_minor for line in told] == [100, 500, 200]


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"quantity": Decimal(1)},
        {"price": "prc_1", "plan": "pro"},
        {"description": "", "unit_amount": Decimal(1)},
    ],
)
def test_an_item_names_exactly_one_thing(item: dict[str, Any]) -> None:
    good = {"description": "Good", "unit_amount": Decimal(1)}
    assert refused(_items.ItemUnclear, good, item) == {"item": 2}


@pytest.mark.parametrize("kind", ["price", "addon", "plan"])
def test_what_does_not_exist_is_unknown(kind: str) -> None:
    prefix = {"price": "prc", "addon": "add", "plan": "pln"}[kind]
    name = ids.encode(prefix, ids.new())
    assert refused(_items.ItemUnknown, {kind: name}) == {"item": 1, kind: name}
    assert refused(_items.ItemUnknown, {kind: "nonsense"}) == {"item": 1, kind: "nonsense"}


def test_a_meter_that_the_plan_does_not_bill_is_unknown() -> None:
    make_meter(code="calls")
    plan = make_plan()
    members = refused(_items.ItemUnknown, {"plan": plan.code, "usage": {"calls": Decimal(1)}})
    assert members == {"item": 1, "usage": "calls"}


def test_a_price_that_may_still_change_is_not_sold() -> None:
    plan = make_plan(publish=False)
    assert refused(_items.ItemUnknown, {"price": price_of(plan).public_id})["item"] == 1


def test_what_is_off_the_offer_is_not_sold() -> None:
    plan, addon = make_plan(), make_addon()
    catalog.archive_plan(plan_id=plan.id, actor=SYSTEM, now=clock.now())
    catalog.archive_addon(addon_id=addon.id, actor=SYSTEM, now=clock.now())
    refused(catalog.PlanArchived, {"plan": plan.code})
    refused(catalog.AddOnArchived, {"addon": addon.code})


def test_a_price_of_another_currency_is_refused() -> None:
    price = price_of(make_plan(monthly(currency="EUR")))
    members = refused(_items.PriceCurrencyMismatch, {"price": price.public_id})
    assert members == {"item": 1, "price": price.public_id, "currency": "EUR"}
    refused(CurrencyNotOffered, {"plan": price.version.plan.code})
    refused(CurrencyNotOffered, {"addon": make_addon(monthly(currency="EUR")).code})


@pytest.mark.parametrize("quantity", ["0", "-1", "0.0000000000001", "NaN", "Infinity"])
def test_a_quantity_is_above_zero_and_not_too_fine(quantity: str) -> None:
    members = refused(
        _items.QuantityInvalid, {"description": "Work", "quantity": Decimal(quantity), "unit_amount": Decimal(1)}
    )
    assert members == {"item": 1}


def test_half_a_flat_fee_is_refused() -> None:
    price = price_of(make_plan())
    refused(_items.QuantityInvalid, {"price": price.public_id, "quantity": Decimal("0.5")})


@pytest.mark.parametrize("unit_amount", [None, Decimal(-1), Decimal("0.0000000000001"), Decimal("NaN")])
def test_a_unit_amount_is_from_zero_up_and_not_too_fine(unit_amount: Decimal | None) -> None:
    assert refused(_items.UnitAmountInvalid, {"description": "Work", "unit_amount": unit_amount}) == {"item": 1}


def test_a_part_of_every_event_needs_the_events() -> None:
    meter = make_meter(code="calls")
    plan = make_plan(monthly(), by_percentage(meter.id, billed="arrears"))
    refused(_items.EventsNeeded, {"plan": plan.code, "usage": {"calls": Decimal(10)}})


def test_more_than_can_be_billed_is_refused() -> None:
    item = {"description": "Work", "quantity": Decimal(10**12), "unit_amount": Decimal(10**6)}
    refused(money.AmountOutOfRange, item)
    big = {"description": "Work", "quantity": Decimal(1), "unit_amount": Decimal(10**13)}
    assert lines(big)[0].amount_minor == 10**15
    refused(money.AmountOutOfRange, big, big)


def test_five_hundred_items_are_enough() -> None:
    item = {"description": "Work", "unit_amount": Decimal(1)}
    assert refused(_items.TooManyItems, *[item] * 501) == {"count": 501}
    assert len(lines(*[item] * 500)) == 500


def test_any_number_of_prices_is_one_query(django_assert_num_queries: Any) -> None:
    names = [price_of(make_plan()).public_id for _ in range(3)]
    with django_assert_num_queries(1):
        lines(*({"price": name} for name in names * 10))
