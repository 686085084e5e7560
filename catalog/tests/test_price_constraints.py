"""What the database refuses of prices and add-ons, whoever writes the SQL."""

import json
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from catalog.models import AddOn, PlanVersion, Price
from catalog.tests.factories import make_addon, make_plan, monthly
from core import ids
from usage.tests.factories import make_meter

pytestmark = pytest.mark.django_db

FLAT: dict[str, Any] = {
    "name": "New", "kind": "fixed", "currency": "USD", "model": "flat", "unit_amount": "1", "tiers": "[]",
    "charge_flat_at_zero": False, "tax_code": "", "interval": "month", "interval_count": 1, "billed": "advance",
    "created_at": "2026-01-15T12:00:00Z",
}  # fmt: skip


def tier(up_to: Any = None, unit_amount: Any = "1", flat_amount: Any = "0") -> dict[str, Any]:
    return {"up_to": up_to, "unit_amount": unit_amount, "flat_amount": flat_amount}


OPEN = tier()
VOLUME = {"model": "volume", "unit_amount": None, "tiers": json.dumps([OPEN])}
PACKAGE = {"model": "package", "package_size": "10", "package_rounding": "up"}


def insert(**columns: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        names = ", ".join(columns)
        places = ", ".join(["%s"] * len(columns))
        cursor.execute(f"INSERT INTO catalog_price ({names}) VALUES ({places})", list(columns.values()))


def insert_price(owner: PlanVersion | AddOn, **columns: Any) -> None:
    """Insert a row of a draft or an add-on, flat unless columns say otherwise."""
    whose = {"version_id": owner.pk} if isinstance(owner, PlanVersion) else {"addon_id": owner.pk}
    insert(**{"id": ids.new(), "environment_id": owner.environment_id, **whose, **FLAT, **columns})


def draft() -> PlanVersion:
    version: PlanVersion = make_plan(publish=False).versions.get()
    return version


@pytest.mark.parametrize(
    "columns",
    [
        {}, VOLUME, PACKAGE, {**VOLUME, "model": "graduated", "charge_flat_at_zero": True},
        {**VOLUME, "tiers": json.dumps([tier("0.5"), tier("10.25", "0.000000000001"), OPEN])},
        {"model": "per_unit", "minimum_amount": "2", "maximum_amount": "2"},
    ],
)  # fmt: skip
def test_a_price_that_makes_sense_is_stored(columns: dict[str, Any]) -> None:
    version = draft()
    insert_price(version, **columns)
    price = version.prices.get(name="New")
    assert price.as_formula().model == columns.get("model", "flat")


TIERS = "catalog_price_tiers_rise_to_an_open_one"
BAD_TIERS: list[Any] = [
    [], None, {}, "10", [None], [1], [{}], [{"up_to": None}],
    [tier("10")], [OPEN, OPEN], [OPEN, tier("10")], [tier("0"), OPEN],
    [tier("10"), tier("10"), OPEN], [tier("20"), tier("10"), OPEN],
    [tier(10), OPEN], [tier("-1"), OPEN], [tier("1e3"), OPEN], [tier("10.00.0"), OPEN],
    [tier(unit_amount=1)], [tier(unit_amount="-1")], [tier(flat_amount="-1")], [tier(unit_amount=None)],
    [tier(unit_amount="0.0000000000001")], [tier(unit_amount="NaN")], [tier(flat_amount="10000000000000000")],
    [tier(unit_amount="01")], [{**OPEN, "more": 1}],
    [*(tier(str(one)) for one in range(1, 101)), OPEN],
]  # fmt: skip


@pytest.mark.parametrize("tiers", BAD_TIERS)
def test_tiers_that_do_not_rise_to_an_open_one_are_refused(tiers: Any) -> None:
    refuse(TIERS, {**VOLUME, "tiers": json.dumps(tiers)})


@pytest.mark.parametrize(
    ("constraint", "columns"),
    [
        (TIERS, {"tiers": json.dumps([OPEN])}),
        (TIERS, {"charge_flat_at_zero": True}),
        ("catalog_price_known_model", {"model": "guess"}),
        ("catalog_price_unit_amount_fits_model", {"unit_amount": None}),
        ("catalog_price_unit_amount_fits_model", {**VOLUME, "unit_amount": "0"}),
        ("catalog_price_package_size_fits_model", {**PACKAGE, "package_size": None}),
        ("catalog_price_package_size_fits_model", {"package_size": "1"}),
        ("catalog_price_package_rounding_fits_model", {**PACKAGE, "package_rounding": None}),
        ("catalog_price_package_rounding_fits_model", {"package_rounding": "up"}),
        ("catalog_price_known_rounding", {**PACKAGE, "package_rounding": "half"}),
        ("catalog_price_package_holds_something", {**PACKAGE, "package_size": "0"}),
        ("catalog_price_percentage_fits_model", {"percentage": "1"}),
        ("catalog_price_percentage_is_of_usage", {"model": "percentage", "unit_amount": None, "percentage": "1"}),
        ("catalog_price_fixed_amount_fits_model", {"fixed_amount": "0"}),
        ("catalog_price_free_units_fits_model", {"free_units": "1"}),
        ("catalog_price_free_events_fits_model", {"free_events": 1}),
        ("catalog_price_not_negative", {"unit_amount": "-0.01"}),
        ("catalog_price_not_negative", {"unit_amount": "NaN"}),
        ("catalog_price_not_negative", {"minimum_amount": "-1"}),
        ("catalog_price_not_negative", {"maximum_amount": "NaN"}),
        ("catalog_price_not_negative", {**PACKAGE, "package_size": "-1"}),
        ("catalog_price_minimum_below_maximum", {"minimum_amount": "2", "maximum_amount": "1"}),
        ("catalog_price_usage_has_a_meter_and_is_billed_after", {"kind": "usage", "billed": "arrears"}),
        ("catalog_price_currency_code", {"currency": "usd"}),
        ("catalog_price_known_interval", {"interval": "decade"}),
        ("catalog_price_interval_count", {"interval_count": 37}),
        ("catalog_price_once_only_for_addons", {"interval": None}),
        ("catalog_price_of_a_version_or_an_addon", {"version_id": None}),
    ],
)
def test_a_price_that_contradicts_itself_is_refused(constraint: str, columns: dict[str, Any]) -> None:
    refuse(constraint, columns)


def refuse(constraint: str, columns: dict[str, Any]) -> None:
    version = draft()
    with pytest.raises(IntegrityError) as refused:
        insert_price(version, **columns)
    assert refused.value.__cause__.diag.constraint_name == constraint
    assert Price.objects.count() == 1


@pytest.mark.parametrize("columns", [{"percentage": None}, {"percentage": "-1"}, {"free_units": "-1"}])
def test_a_percentage_that_contradicts_itself_is_refused(columns: dict[str, Any]) -> None:
    share = {"kind": "usage", "model": "percentage", "unit_amount": None, "percentage": "1", "billed": "arrears"}
    version, meter = draft(), make_meter("sum").pk
    insert_price(version, **share, meter_id=meter)
    with pytest.raises(IntegrityError, match=r"percentage_fits_model|not_negative"):
        insert_price(version, **{**share, **columns}, meter_id=meter)
    assert Price.objects.filter(model="percentage").count() == 1


def test_an_amount_that_no_column_can_hold_is_refused() -> None:
    version = draft()
    with pytest.raises(DataError, match="numeric field overflow"):
        insert_price(version, unit_amount="10000000000000000")
    assert Price.objects.count() == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE catalog_price SET unit_amount = 1",
        "UPDATE catalog_price SET name = 'Cheap'",
        "UPDATE catalog_price SET addon_id = NULL",
        "DELETE FROM catalog_price",
    ],
)
def test_an_add_on_s_price_never_changes(sql: str) -> None:
    make_addon(monthly("5"))
    with pytest.raises(IntegrityError, match="an add-on's prices are frozen") as refused, transaction.atomic():
        connection.cursor().execute(sql)
    assert refused.value.__cause__.diag.constraint_name == "catalog_price_frozen"
    assert Price.objects.get().unit_amount == 5


@pytest.mark.parametrize(
    ("constraint", "kind", "columns"),
    [
        ("catalog_price_fits_addon", "recurring", {"interval": None}),
        ("catalog_price_fits_addon", "one_off", {}),
        ("catalog_price_once_only_for_addons", "one_off", {"interval": None, "interval_count": 2}),
        ("catalog_price_once_only_for_addons", "one_off", {"interval": None, "billed": "arrears"}),
        ("catalog_price_one_per_addon_and_currency", "recurring", {"currency": "USD"}),
    ],
)
def test_an_add_on_s_price_fits_its_kind(constraint: str, kind: str, columns: dict[str, Any]) -> None:
    addon = make_addon(monthly("5", interval=None if kind == "one_off" else "month"), kind=kind)
    with pytest.raises(IntegrityError) as refused:
        insert_price(addon, **{"currency": "EUR", **columns})
    assert refused.value.__cause__.diag.constraint_name == constraint
    assert Price.objects.count() == 1


def test_usage_is_not_sold_as_an_add_on() -> None:
    addon, meter = make_addon(), make_meter()
    with pytest.raises(IntegrityError, match="catalog_price_addon_is_fixed"):
        insert_price(addon, currency="EUR", kind="usage", billed="arrears", meter_id=meter.pk)
    assert Price.objects.count() == 1


def test_an_add_on_keeps_its_kind() -> None:
    make_addon()
    with pytest.raises(IntegrityError, match="an add-on keeps its kind"), transaction.atomic():
        AddOn.objects.update(kind="one_off")
    assert AddOn.objects.get().kind == "recurring"


def test_a_price_of_a_draft_cannot_be_slipped_into_an_add_on_of_another_kind() -> None:
    version, addon = draft(), make_addon(monthly("5", interval=None), kind="one_off")
    with pytest.raises(IntegrityError, match="only what is charged once"), transaction.atomic():
        version.prices.update(version=None, addon=addon, currency="EUR")
    assert version.prices.count() == 1
