"""Prices over HTTP."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_key
from catalog.models import Plan, PlanVersion, Price
from catalog.services import archive_plan
from catalog.tests.factories import by_percentage, make_addon, make_plan, monthly, seats, tiered
from core.actor import SYSTEM
from core.clock import now as clock_now
from featureflags.services import set_override
from tests.fixtures import Api
from usage.tests.factories import make_meter

pytestmark = pytest.mark.django_db
URL = "/api/v1/prices"
OPEN: dict[str, Any] = {"up_to": None, "unit_amount": "1"}
TIERS = {"model": "graduated", "tiers": [{"up_to": "10", "unit_amount": "0.50", "flat_amount": "2"}, OPEN]}


def problem(response: Any) -> tuple[int, str]:
    """The status and code of a refusal."""
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def price(plan: Plan | None = None, **terms: Any) -> dict[str, Any]:
    """A price in USD, of a plan if one is given."""
    return {"name": "New", "currency": "USD", **({"plan": plan.public_id} if plan else {}), **terms}


def draft_price() -> Price:
    row: Price = make_plan(monthly("20"), publish=False).versions.get().prices.get()
    return row


def test_a_tiered_price_joins_the_plan_s_draft(api: Api) -> None:
    plan = make_plan(monthly("20"))
    response = api.post(URL, price(plan, **TIERS, charge_flat_at_zero=True, minimum_amount="5", tax_code="saas"))
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["plan"], body["addon"], body["unit_amount"]) == (plan.public_id, None, None)
    assert body["tiers"] == [
        {"up_to": "10", "unit_amount": "0.5", "flat_amount": "2"},
        {"up_to": None, "unit_amount": "1", "flat_amount": "0"},
    ]
    assert (body["charge_flat_at_zero"], body["minimum_amount"], body["tax_code"]) == (True, "5", "saas")
    assert api.get(f"{URL}/{body['id']}").json() == body
    draft = plan.versions.get(published_at=None)
    assert (body["plan_version"], draft.number, draft.prices.count()) == (draft.public_id, 2, 2)


def test_every_model_is_made_with_a_plan_and_shown(api: Api) -> None:
    meter = make_meter("sum").public_id
    share = {"kind": "usage", "meter": meter, "model": "percentage", "percentage": "1.3", "fixed_amount": "2"}
    prices = [
        price(unit_amount="20"), price(model="per_unit", unit_amount="0.000000000001"), price(**TIERS),
        price(model="volume", tiers=[OPEN]), price(model="package", unit_amount="5", package_size="10"),
        price(**share, free_units="250", free_events=3),
    ]  # fmt: skip
    response = api.post("/api/v1/plans", {"code": "all", "name": "All", "prices": prices, "proration_basis": "day"})
    assert response.status_code == 201, response.content
    shown = response.json()["version"]["prices"]
    assert [one["model"] for one in shown] == [
        "flat", "per_unit", "graduated", "volume", "package", "percentage"
    ]  # fmt: skip
    assert (shown[1]["unit_amount"], shown[4]["package_rounding"]) == ("0.000000000001", "up")
    assert [shown[5][name] for name in ("percentage", "fixed_amount", "free_units", "free_events", "billed")] == [
        "1.3", "2", "250", 3, "arrears",
    ]  # fmt: skip
    assert response.json()["proration_basis"] == "day"


def test_a_draft_s_price_is_changed_and_removed(api: Api) -> None:
    row = draft_price()
    changed = api.patch(f"{URL}/{row.public_id}", {"model": "package", "package_size": "10"}).json()
    assert (changed["name"], changed["unit_amount"], changed["package_size"]) == ("Base fee", "20", "10")
    tiered_now = {"model": "volume", "tiers": [OPEN], "unit_amount": None, "package_size": None}
    changed = api.patch(f"{URL}/{row.public_id}", {**tiered_now, "package_rounding": None}).json()
    assert (changed["model"], changed["unit_amount"], len(changed["tiers"])) == ("volume", None, 1)
    assert api.delete(f"{URL}/{row.public_id}").status_code == 204
    assert problem(api.get(f"{URL}/{row.public_id}"))[0] == 404


def test_a_published_price_is_frozen(api: Api) -> None:
    for row in (make_plan(monthly("20")).versions.get().prices.get(), make_addon(monthly("20")).prices.get()):
        before = api.get(f"{URL}/{row.public_id}").json()
        assert problem(api.patch(f"{URL}/{row.public_id}", {"unit_amount": "1"})) == (409, "price_published")
        assert problem(api.delete(f"{URL}/{row.public_id}")) == (409, "price_published")
        assert api.get(f"{URL}/{row.public_id}").json() == before


def test_an_archived_plan_gets_no_prices(api: Api) -> None:
    plan = make_plan()
    archive_plan(plan_id=plan.pk, actor=SYSTEM, now=clock_now())
    assert problem(api.post(URL, price(plan, unit_amount="1"))) == (409, "plan_archived")
    assert Price.objects.count() == 1


UP_TO_TEN = {"up_to": "10", "unit_amount": "1"}
# What the arithmetic refuses, by the member that is wrong.
CONTRADICTORY: list[tuple[dict[str, Any], str]] = [
    ({}, "unit_amount"),
    ({"model": "graduated"}, "tiers"),
    ({"model": "graduated", "tiers": []}, "tiers"),
    ({"model": "graduated", "tiers": [UP_TO_TEN]}, "tiers"),
    ({"model": "graduated", "tiers": [OPEN, UP_TO_TEN]}, "tiers"),
    ({"model": "volume", "tiers": [OPEN, OPEN]}, "tiers"),
    ({"model": "volume", "tiers": [UP_TO_TEN, UP_TO_TEN, OPEN]}, "tiers"),
    ({"model": "volume", "tiers": [{"up_to": "20"}, UP_TO_TEN, OPEN]}, "tiers"),
    ({"model": "volume", "tiers": [{"up_to": "0"}, OPEN]}, "tiers"),
    ({"unit_amount": "1", "tiers": [OPEN]}, "tiers"),
    ({"unit_amount": "1", "minimum_amount": "2", "maximum_amount": "1.99"}, "maximum_amount"),
    ({"unit_amount": "1", "kind": "usage"}, "meter"),
    ({"unit_amount": "1", "free_units": "1"}, "free_units"),
    ({"unit_amount": "1", "free_events": 1}, "free_events"),
    ({"unit_amount": "1", "fixed_amount": "1"}, "fixed_amount"),
    ({"unit_amount": "1", "percentage": "1"}, "percentage"),
    ({"model": "percentage", "percentage": "1"}, "kind"),
    ({"unit_amount": "1", "package_size": "1"}, "package_size"),
    ({"unit_amount": "1", "model": "package"}, "package_size"),
    ({"unit_amount": "1", "model": "package", "package_size": "0"}, "package_size"),
    ({"unit_amount": "1", "charge_flat_at_zero": True}, "charge_flat_at_zero"),
]


@pytest.mark.parametrize(("terms", "field"), CONTRADICTORY)
def test_a_price_that_contradicts_itself_changes_nothing(api: Api, terms: dict[str, Any], field: str) -> None:
    plan = make_plan()
    for response in (
        api.post(URL, price(plan, **terms)),
        api.post("/api/v1/plans", {"code": "bad", "name": "Bad", "prices": [price(**terms)]}),
    ):
        assert problem(response) == (422, "invalid_price")
        assert response.json()["field"] == field
    assert (Plan.objects.count(), PlanVersion.objects.count(), Price.objects.count()) == (1, 1, 1)


# What the shape of a body refuses, by where it is wrong.
MISSHAPEN: list[tuple[dict[str, Any], str, str]] = [
    ({"unit_amount": "-1"}, "/unit_amount", "out_of_range"),
    ({"unit_amount": "0.0000000000001"}, "/unit_amount", "too_precise"),
    ({"unit_amount": "10000000000000000"}, "/unit_amount", "out_of_range"),
    ({"unit_amount": "NaN"}, "/unit_amount", "not_a_decimal"),
    ({"unit_amount": "1e3"}, "/unit_amount", "not_a_decimal"),
    ({"unit_amount": True}, "/unit_amount", "not_a_decimal"),
    ({"unit_amount": "1", "currency": "XXX"}, "/currency", "unknown_currency"),
    ({"unit_amount": "1", "currency": "usd"}, "/currency", "unknown_currency"),
    ({"unit_amount": "1", "minimum_amount": "-1"}, "/minimum_amount", "out_of_range"),
    ({"unit_amount": "1", "maximum_amount": "0.0000000000001"}, "/maximum_amount", "too_precise"),
    ({"unit_amount": "1", "interval": None}, "/interval", "null"),
    ({"unit_amount": "1", "interval": "decade"}, "/interval", "not_a_choice"),
    ({"unit_amount": "1", "model": "guess"}, "/model", "not_a_choice"),
    ({"unit_amount": "1", "free_events": -1}, "/free_events", "out_of_range"),
    ({"unit_amount": "1", "free_events": 2**31}, "/free_events", "out_of_range"),
    ({"unit_amount": "1", "tax_code": "x" * 41}, "/tax_code", "too_long"),
    ({"unit_amount": "1", "meter": "api_calls"}, "/meter", "invalid_id"),
    ({"unit_amount": "1", "color": "red"}, "/color", "unknown_field"),
    ({"model": "volume", "tiers": OPEN}, "/tiers", "not_a_list"),
    ({"model": "volume", "tiers": [{"unit_amount": "1"}]}, "/tiers/0/up_to", "required"),
    ({"model": "volume", "tiers": [UP_TO_TEN, {**OPEN, "unit_amount": "-1"}]}, "/tiers/1/unit_amount", "out_of_range"),
    ({"model": "volume", "tiers": [{**OPEN, "flat_amount": "0.0000000000001"}]}, "/tiers/0/flat_amount", "too_precise"),
    ({"model": "volume", "tiers": [{**OPEN, "from": "1"}]}, "/tiers/0/from", "unknown_field"),
    ({"model": "volume", "tiers": [UP_TO_TEN] * 100 + [OPEN]}, "/tiers", "max_length"),
]


@pytest.mark.parametrize(("terms", "pointer", "code"), MISSHAPEN)
def test_a_wrong_field_is_named_and_changes_nothing(api: Api, terms: dict[str, Any], pointer: str, code: str) -> None:
    plan = make_plan()
    response = api.post(URL, price(plan, **terms))
    assert problem(response) == (422, "validation_failed")
    assert [(one["pointer"], one["code"]) for one in response.json()["errors"]] == [(pointer, code)]
    assert (PlanVersion.objects.count(), Price.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"unit_amount": "-1"}, "validation_failed"),
        ({"unit_amount": None}, "invalid_price"),
        ({"model": "volume"}, "invalid_price"),
        ({"kind": "usage", "billed": "arrears", "meter": f"mtr_{'0' * 26}"}, "unknown_meter"),
        ({"plan": f"pln_{'0' * 26}"}, "validation_failed"),
        ({"interval": None}, "validation_failed"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(api: Api, changes: dict[str, Any], expected: str) -> None:
    row = draft_price()
    before = api.get(f"{URL}/{row.public_id}").json()
    assert problem(api.patch(f"{URL}/{row.public_id}", changes)) == (422, expected)
    assert api.get(f"{URL}/{row.public_id}").json() == before


def test_a_plan_nobody_knows_gets_no_price(api: Api) -> None:
    assert problem(api.post(URL, {**price(unit_amount="1"), "plan": f"pln_{'0' * 26}"}))[0] == 404
    assert not Price.objects.exists()


def test_prices_are_listed_by_what_they_are(api: Api) -> None:
    meter, addon = make_meter("sum"), make_addon(monthly("5"))
    plan = make_plan(monthly("20"), seats(currency="EUR"), tiered(), by_percentage(meter.pk))
    version = plan.versions.get()

    def listed(**query: str) -> list[str]:
        return [one["name"] for one in reversed(api.get(URL, **query).json()["data"])]

    assert listed(plan=plan.public_id) == ["Base fee", "Seats", "Tiers", "Share"]
    assert listed(plan_version=version.public_id, currency="EUR") == ["Seats"]
    assert listed(addon=addon.public_id) == ["Base fee"]
    assert listed(kind="usage") == listed(meter=meter.public_id) == listed(model="percentage") == ["Share"]
    assert problem(api.get(URL, model="guess"))[0] == 400


def test_a_list_costs_the_same_however_long(api: Api) -> None:
    make_plan()
    make_addon()
    api.get(URL)
    with CaptureQueriesContext(connection) as short:
        api.get(URL)
    for _ in range(3):
        make_plan(monthly(), tiered())
        make_addon()
    with CaptureQueriesContext(connection) as long:
        assert len(api.get(URL).json()["data"]) == 11
    assert len(long) == len(short)


def test_another_environment_s_price_is_not_there(stranger_api: Api) -> None:
    row = draft_price()
    assert problem(stranger_api.get(f"{URL}/{row.public_id}")) == (404, "not_found")
    assert problem(stranger_api.patch(f"{URL}/{row.public_id}", {"name": "Mine"}))[0] == 404
    assert problem(stranger_api.delete(f"{URL}/{row.public_id}"))[0] == 404
    assert stranger_api.get(URL).json()["data"] == []
    assert row.version is not None
    assert problem(stranger_api.post(URL, price(row.version.plan, unit_amount="1")))[0] == 404
    assert Price.objects.get().name == "Base fee"


def test_prices_are_not_for_publishable_keys(api: Api) -> None:
    row = draft_price()
    shop = Api(make_key(type="publishable"))
    assert problem(shop.get(URL))[0] == 403
    assert problem(shop.patch(f"{URL}/{row.public_id}", {"unit_amount": "0"}))[0] == 403
    assert Price.objects.get().unit_amount == 20


def test_the_routes_close_with_their_flag(api: Api) -> None:
    set_override(name="plans_enabled", is_on=False, actor=SYSTEM, now=clock_now())
    for path in (URL, "/api/v1/addons"):
        assert problem(api.get(path)) == (503, "feature_unavailable")
