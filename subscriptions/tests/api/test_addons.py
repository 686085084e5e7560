"""Add-ons, coupons and anchors over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from subscriptions.models import Subscription, SubscriptionAddOn
from subscriptions.tests.api.test_subscriptions import URL, as_customer, problem
from subscriptions.tests.factories import (
    free_plan,
    make_addon,
    make_coupon,
    make_customer,
    make_plan,
    monthly,
    publish_prices,
    subscribe,
)
from tests.fixtures import Api

__all__ = ["as_customer"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def running() -> Subscription:
    return subscribe(make_customer(), free_plan())


def test_a_subscription_begins_with_add_ons_a_coupon_and_an_anchor(api: Api) -> None:
    make_coupon()
    addon = make_addon(monthly("5", model="per_unit"))
    body = {
        "customer": make_customer().public_id, "plan": make_plan().public_id, "coupons": ["HALF"],
        "addons": [{"addon": addon.public_id, "quantity": 3}], "anchor": "calendar",
    }  # fmt: skip
    response = api.post(URL, body)
    assert response.status_code == 201, response.content
    made = response.json()
    assert [(one["addon"], one["quantity"], one["kind"]) for one in made["addons"]] == [
        (addon.public_id, 3, "recurring")
    ]
    assert [(one["code"], one["cycles_used"]) for one in made["coupons"]] == [("HALF", 1)]
    assert (made["anchor"], made["period_index"], made["next_plan_version"], made["next_timezone"]) == (
        "calendar", 0, None, None,
    )  # fmt: skip
    assert made["anchor_at"] == made["period_ends_at"]
    assert api.get(f"{URL}/{made['id']}").json() == made


def test_an_instant_can_be_the_anchor(api: Api) -> None:
    body = {"customer": make_customer().public_id, "plan": free_plan().public_id, "anchor_at": "2020-01-31T00:00:00Z"}
    assert api.post(URL, body).json()["anchor_at"] == "2020-01-31T00:00:00Z"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"anchor_at": "2100-01-01T00:00:00Z"}, "anchor_too_far"),
        ({"anchor": "calendar", "anchor_at": "2020-01-31T00:00:00Z"}, "validation_failed"),
        ({"anchor": "birthday"}, "validation_failed"),
        ({"addons": [{"addon": "pln_1"}]}, "validation_failed"),
        ({"addons": [{"addon": "{yearly}"}]}, "addon_cycle_mismatch"),
        ({"addons": [{"addon": "{euro}"}]}, "currency_not_offered"),
        ({"coupons": ["NONE"]}, "coupon_unknown"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_made(api: Api, wrong: dict[str, Any], code: str) -> None:
    known = {
        "{yearly}": make_addon(monthly("9", interval="year")).public_id,
        "{euro}": make_addon(monthly("9", currency="EUR")).public_id,
    }
    for addon in wrong.get("addons", []):
        addon["addon"] = known.get(addon["addon"], addon["addon"])
    body = {"customer": make_customer().public_id, "plan": make_plan().public_id, **wrong}
    assert problem(api.post(URL, body)) == (422, code)
    assert not Subscription.objects.exists()


def test_an_add_on_is_added_shown_and_removed(api: Api, running: Subscription) -> None:
    addon, path = make_addon(monthly("0")), f"{URL}/{running.public_id}/addons"
    added = api.post(path, {"addon": addon.public_id, "quantity": 2, "proration": "none"})
    assert (added.status_code, added.json()["quantity"]) == (201, 2)
    assert problem(api.post(path, {"addon": addon.public_id})) == (409, "addon_already_added")
    assert api.get(path).json()["data"] == [added.json()]
    assert [one["id"] for one in api.get(f"{URL}/{running.public_id}").json()["addons"]] == [added.json()["id"]]
    removed = api.post(f"{path}/{added.json()['id']}/remove", {"proration": "next_invoice"})
    assert (removed.status_code, removed.json()["removed_at"] is None) == (200, False)
    assert problem(api.post(f"{path}/{added.json()['id']}/remove")) == (409, "addon_removed")
    assert api.get(f"{URL}/{running.public_id}").json()["addons"] == []


def test_a_coupon_is_redeemed_for_a_running_subscription(api: Api, running: Subscription) -> None:
    make_coupon()
    path = f"{URL}/{running.public_id}/coupons"
    response = api.post(path, {"code": "HALF"})
    assert (response.status_code, [one["code"] for one in response.json()["coupons"]]) == (200, ["HALF"])
    assert problem(api.post(path, {"code": "HALF"})) == (409, "coupon_already_redeemed")
    assert problem(api.post(path, {"code": "NONE"})) == (422, "coupon_unknown")


def test_somebody_else_s_are_not_found(
    api: Api, stranger_api: Api, running: Subscription, as_customer: tuple[Api, str]
) -> None:
    addon = make_addon(monthly("0"))
    path = f"{URL}/{running.public_id}/addons"
    item = api.post(path, {"addon": addon.public_id}).json()["id"]
    for other in (stranger_api, as_customer[0]):
        assert other.get(path).status_code == 404
    assert stranger_api.post(path, {"addon": addon.public_id}).status_code == 404
    assert stranger_api.post(f"{path}/{item}/remove").status_code == 404
    assert stranger_api.post(f"{URL}/{running.public_id}/coupons", {"code": "HALF"}).status_code == 404
    assert SubscriptionAddOn.objects.get().removed_at is None


def test_a_customer_sees_his_add_ons_and_leaves_changing_them_to_others(as_customer: tuple[Api, str]) -> None:
    customer, addon = as_customer[0], make_addon(monthly("0"))
    body = {"plan": free_plan().public_id, "addons": [{"addon": addon.public_id}]}
    made = customer.post(URL, body).json()
    path = f"{URL}/{made['id']}/addons"
    assert [one["addon"] for one in customer.get(path).json()["data"]] == [addon.public_id]
    assert problem(customer.post(path, {"addon": addon.public_id}))[0] == 403
    assert problem(customer.post(f"{path}/{made['addons'][0]['id']}/remove"))[0] == 403


def test_a_version_that_waits_is_shown(api: Api, run_jobs: Callable[[], int]) -> None:
    plan = free_plan()
    subscription = subscribe(make_customer(), plan)
    version = publish_prices(plan, monthly("9"))
    Subscription.objects.filter(pk=subscription.pk).update(next_plan_version=version)
    assert api.get(f"{URL}/{subscription.public_id}").json()["next_plan_version"] == version.public_id


def test_the_queries_of_a_list_do_not_grow_with_its_rows(api: Api) -> None:
    make_coupon()
    api.get(URL)
    counted = []
    for _ in range(2):
        for _ in range(3):
            addons = [(make_addon(monthly("0")).pk, 1), (make_addon(monthly("0")).pk, 2)]
            subscribe(make_customer(), free_plan(), addons=addons, coupons=["HALF"])
        with CaptureQueriesContext(connection) as captured:
            assert api.get(URL, limit=100).status_code == 200
        counted.append(len(captured))
    assert counted[0] == counted[1]
