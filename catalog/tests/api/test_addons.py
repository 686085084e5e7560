"""Add-ons over HTTP."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_key
from catalog.models import AddOn, Price
from catalog.services import archive_addon
from catalog.tests.factories import make_addon
from core.actor import SYSTEM
from core.clock import now as clock_now
from tests.fixtures import Api

pytestmark = pytest.mark.django_db
URL = "/api/v1/addons"
SUPPORT: dict[str, Any] = {
    "code": "support",
    "name": "Support",
    "prices": [
        {"currency": "USD", "unit_amount": "49.00"},
        {"currency": "EUR", "unit_amount": "45", "name": "Beistand", "interval": "year", "tax_code": "service"},
    ],
}
SETUP: dict[str, Any] = {
    "code": "setup",
    "name": "Setup",
    "kind": "one_off",
    "prices": [{"currency": "USD", "unit_amount": "99"}],
}


def problem(response: Any) -> tuple[int, str]:
    """The status and code of a refusal."""
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def test_an_add_on_is_made_with_its_prices(api: Api) -> None:
    response = api.post(URL, SUPPORT)
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["code"], body["kind"], body["description"], body["archived_at"]) == ("support", "recurring", "", None)
    dollars, euros = body["prices"]
    assert (dollars["name"], dollars["unit_amount"], dollars["interval"]) == ("Support", "49", "month")
    assert (euros["name"], euros["tax_code"], euros["interval"]) == ("Beistand", "service", "year")
    assert (dollars["addon"], dollars["plan"], dollars["plan_version"]) == (body["id"], None, None)
    assert api.get(f"{URL}/{body['id']}").json() == body


def test_a_one_off_add_on_has_no_interval(api: Api) -> None:
    (price,) = api.post(URL, SETUP).json()["prices"]
    assert (price["interval"], price["interval_count"], price["billed"]) == (None, 1, "advance")


def test_an_add_on_is_archived_once(api: Api) -> None:
    addon = make_addon()
    assert api.post(f"{URL}/{addon.public_id}/archive").json()["archived_at"] is not None
    assert problem(api.post(f"{URL}/{addon.public_id}/archive")) == (409, "addon_archived")


def test_a_code_is_taken_once(api: Api) -> None:
    make_addon(code="support")
    assert problem(api.post(URL, SUPPORT)) == (409, "addon_code_taken")
    assert AddOn.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "status_and_code"),
    [
        ({"prices": []}, (422, "addon_has_no_prices")),
        ({"prices": SETUP["prices"] * 2}, (422, "currency_repeated")),
        ({"prices": [{"currency": "USD", "unit_amount": "1", "interval": "month"}], "kind": "one_off"},
         (422, "invalid_price")),
        ({"prices": [{"currency": "USD", "unit_amount": "1", "kind": "usage", "meter": f"mtr_{'0' * 26}"}]},
         (422, "invalid_price")),
        ({"prices": [{"currency": "USD", "model": "volume", "tiers": []}]}, (422, "invalid_price")),
        ({"prices": [{"currency": "USD", "unit_amount": "-1"}]}, (422, "validation_failed")),
        ({"prices": [{"currency": "XXX", "unit_amount": "1"}]}, (422, "validation_failed")),
        ({"kind": "sometimes"}, (422, "validation_failed")),
        ({"code": "a b"}, (422, "validation_failed")),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(api: Api, wrong: dict[str, Any], status_and_code: tuple[int, str]) -> None:
    assert problem(api.post(URL, {**SUPPORT, **wrong})) == status_and_code
    assert (AddOn.objects.count(), Price.objects.count()) == (0, 0)


def test_a_shop_sees_what_can_be_added_and_no_more(api: Api) -> None:
    offered, archived = make_addon(), make_addon()
    archive_addon(addon_id=archived.pk, actor=SYSTEM, now=clock_now())
    shop = Api(make_key(type="publishable"))
    assert [one["id"] for one in shop.get(URL).json()["data"]] == [offered.public_id]
    assert problem(shop.get(f"{URL}/{archived.public_id}"))[0] == 404
    assert problem(shop.post(URL, SUPPORT))[0] == 403
    assert [one["id"] for one in api.get(URL, archived="true").json()["data"]] == [archived.public_id]
    assert len(api.get(URL, kind="recurring").json()["data"]) == 2
    assert api.get(URL, code=offered.code).json()["data"][0]["id"] == offered.public_id


def test_another_environment_s_add_on_is_not_there(stranger_api: Api) -> None:
    addon = make_addon()
    assert problem(stranger_api.get(f"{URL}/{addon.public_id}")) == (404, "not_found")
    assert problem(stranger_api.post(f"{URL}/{addon.public_id}/archive"))[0] == 404
    assert stranger_api.get(URL).json()["data"] == []
    assert AddOn.objects.get().archived_at is None


def test_a_list_costs_the_same_however_long(api: Api) -> None:
    make_addon()
    api.get(URL)
    with CaptureQueriesContext(connection) as short:
        api.get(URL)
    for _ in range(4):
        make_addon()
    with CaptureQueriesContext(connection) as long:
        assert len(api.get(URL).json()["data"]) == 5
    assert len(long) == len(short)
