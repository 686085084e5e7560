"""Plans over HTTP."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_key
from catalog.models import Plan
from catalog.services import archive_plan
from catalog.tests.factories import make_plan, monthly
from core.actor import SYSTEM
from core.clock import now as clock_now
from featureflags.services import set_override
from tests.fixtures import Api

pytestmark = pytest.mark.django_db
URL = "/api/v1/plans"
PRO = {
    "code": "pro",
    "name": "Pro",
    "trial_days": 14,
    "prices": [
        {"name": "Base fee", "currency": "USD", "unit_amount": "20.00"},
        {"name": "Seats", "currency": "USD", "model": "per_unit", "unit_amount": "7.5"},
    ],
    "features": [{"code": "api_calls", "name": "API calls", "kind": "metered", "limit": "1000"}],
}


def problem(response: Any) -> tuple[int, str]:
    """The status and code of a refusal."""
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def test_a_plan_is_made_with_its_prices_and_features(api: Api) -> None:
    response = api.post(URL, PRO)
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["code"], body["family"], body["trial_days"]) == ("pro", "default", 14)
    assert body["version"]["number"] == 1
    assert [one["unit_amount"] for one in body["version"]["prices"]] == ["20", "7.5"]
    assert body["version"]["features"][0]["limit"] == "1000"
    assert api.get(f"{URL}/{body['id']}").json() == body


def test_a_draft_is_published_later(api: Api) -> None:
    body = api.post(URL, {**PRO, "publish": False}).json()
    assert body["version"] is None
    published = api.patch(f"{URL}/{body['id']}", {"publish": True}).json()
    assert published["version"]["number"] == 1


def test_a_changed_price_is_a_new_version(api: Api) -> None:
    plan = make_plan(monthly("20"))
    price = {"name": "Base fee", "currency": "USD", "unit_amount": "25"}
    body = api.patch(f"{URL}/{plan.public_id}", {"name": "Dearer", "prices": [price]}).json()
    assert (body["name"], body["version"]["number"]) == ("Dearer", 2)
    versions = api.get(f"{URL}/{plan.public_id}/versions").json()["data"]
    assert [(one["number"], one["prices"][0]["unit_amount"]) for one in versions] == [(2, "25"), (1, "20")]


def test_a_plan_is_archived_once(api: Api) -> None:
    plan = make_plan()
    assert api.post(f"{URL}/{plan.public_id}/archive").json()["archived_at"] is not None
    assert problem(api.post(f"{URL}/{plan.public_id}/archive")) == (409, "plan_archived")


def test_a_code_is_taken_once(api: Api) -> None:
    make_plan(code="pro")
    assert problem(api.post(URL, PRO)) == (409, "plan_code_taken")
    assert Plan.objects.count() == 1


def test_mixed_cycles_are_refused_in_clear_words(api: Api) -> None:
    yearly = {"name": "Yearly", "currency": "USD", "unit_amount": "200", "interval": "year"}
    response = api.post(URL, {**PRO, "prices": [*PRO["prices"], yearly]})  # type: ignore[misc]
    assert problem(response) == (422, "mixed_cycles")
    assert response.json()["cycles"] == ["1 month", "1 year"]
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"unit_amount": "-1"}, "/prices/0/unit_amount"),
        ({"unit_amount": "0.0000000000001"}, "/prices/0/unit_amount"),
        ({"currency": "usd"}, "/prices/0/currency"),
        ({"interval_count": 37}, "/prices/0/interval_count"),
        ({"model": "guess"}, "/prices/0/model"),
        ({"color": "red"}, "/prices/0/color"),
    ],
)
def test_a_wrong_field_of_a_price_is_named(api: Api, wrong: dict[str, object], pointer: str) -> None:
    price = {"name": "Base fee", "currency": "USD", "unit_amount": "20.00", **wrong}
    response = api.post(URL, {**PRO, "prices": [price]})
    assert problem(response)[0] == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert not Plan.objects.exists()


def test_a_meter_nobody_knows_is_refused(api: Api) -> None:
    price = {"name": "Calls", "currency": "USD", "unit_amount": "1", "kind": "usage", "meter": f"mtr_{'0' * 26}"}
    assert problem(api.post(URL, {**PRO, "prices": [price]})) == (422, "unknown_meter")


def test_a_publishable_key_sees_what_is_on_offer_and_no_more(api: Api) -> None:
    offered, draft, archived = make_plan(), make_plan(publish=False), make_plan()
    archive_plan(plan_id=archived.pk, actor=SYSTEM, now=clock_now())
    shop = Api(make_key(type="publishable"))
    assert [one["id"] for one in shop.get(URL).json()["data"]] == [offered.public_id]
    assert problem(shop.get(f"{URL}/{draft.public_id}"))[0] == 404
    assert problem(shop.post(URL, PRO))[0] == 403
    assert len(api.get(URL).json()["data"]) == 3
    assert [one["id"] for one in api.get(URL, archived="true").json()["data"]] == [archived.public_id]


def test_another_environment_s_plan_is_not_there(stranger_api: Api) -> None:
    plan = make_plan()
    for path in ("", "/versions"):
        assert problem(stranger_api.get(f"{URL}/{plan.public_id}{path}")) == (404, "not_found")
    assert problem(stranger_api.post(f"{URL}/{plan.public_id}/archive"))[0] == 404
    assert problem(stranger_api.patch(f"{URL}/{plan.public_id}", {"name": "Mine"}))[0] == 404


def test_a_list_costs_the_same_however_long(api: Api) -> None:
    make_plan()
    api.get(URL)
    with CaptureQueriesContext(connection) as short:
        api.get(URL)
    for _ in range(4):
        make_plan()
    with CaptureQueriesContext(connection) as long:
        api.get(URL)
    assert len(long) == len(short)


def test_the_routes_close_with_their_flag(api: Api) -> None:
    set_override(name="plans_enabled", is_on=False, actor=SYSTEM, now=clock_now())
    response = api.get(URL)
    assert problem(response) == (503, "feature_unavailable")
    assert response.json()["feature_flag"] == "plans_enabled"
