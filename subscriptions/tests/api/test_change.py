"""Changing a subscription over HTTP."""

from typing import Any

import pytest

from subscriptions.models import Subscription
from subscriptions.tests.api.test_subscriptions import URL, as_customer, problem
from subscriptions.tests.factories import free_plan, make_addon, make_customer, make_plan, monthly, seats, subscribe
from tests.fixtures import Api

__all__ = ["as_customer"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def running() -> Subscription:
    return subscribe(make_customer(), free_plan())


@pytest.fixture
def path(running: Subscription) -> str:
    return f"{URL}/{running.public_id}"


def test_a_change_is_asked_about_and_made(api: Api, running: Subscription, path: str) -> None:
    plan, addon = make_plan(seats("40.00")), make_addon(monthly("10"))
    body = {
        "plan": plan.public_id, "quantity": 3, "addons": [{"addon": addon.public_id, "quantity": 2}],
        "proration": "full_charge_reset_anchor",
    }  # fmt: skip
    asked = api.post(f"{path}/change/preview", body)
    assert asked.status_code == 200, asked.content
    told = asked.json()
    assert [line["amount_minor"] for line in told["invoice"]["lines"]] == [12000, 2000]
    assert (told["due_minor"], told["proration"], told["waiting"]) == (14000, "full_charge_reset_anchor", [])
    assert told["renewal"]["total_minor"] == 14000
    running.refresh_from_db()
    assert running.quantity == 1
    made = api.post(f"{path}/change", body)
    assert made.status_code == 200, made.content
    done = made.json()
    assert api.get(path).json() == done["subscription"]
    assert (done["subscription"]["plan"], done["subscription"]["quantity"]) == (plan.public_id, 3)
    invoice = api.get(f"/api/v1/invoices/{done['invoice']}").json()
    shown = ("amount_minor", "discount_minor", "tax_minor", "total_minor", "description", "period_starts_at")
    for line, asked_line in zip(invoice["lines"], told["invoice"]["lines"], strict=True):
        assert [line[name] for name in shown[:5]] == [asked_line[name] for name in shown[:5]]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({}, ""),
        ({"proration": "none"}, ""),
        ({"quantity": 0}, "/quantity"),
        ({"plan": "sub_1"}, "/plan"),
        ({"anchor": "later"}, "/anchor"),
        ({"anchor": "2026-01-01T00:00:00"}, "/anchor"),
        ({"addons": []}, "/addons"),
        ({"addons": [{"addon": "{addon}", "quantity": 1}, {"addon": "{addon}", "quantity": 2}]}, "/addons"),
        ({"quantity": 2, "proration": "later"}, "/proration"),
        ({"price": 1}, "/price"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_changes(
    api: Api, running: Subscription, path: str, wrong: dict[str, Any], pointer: str
) -> None:
    addon = make_addon(monthly("10")).public_id
    for one in wrong.get("addons", []):
        one["addon"] = addon
    for route in ("change", "change/preview"):
        response = api.post(f"{path}/{route}", wrong)
        assert problem(response) == (422, "validation_failed"), response.content
        assert [error["pointer"].rstrip("/") for error in response.json()["errors"]] == [pointer]
    assert Subscription.objects.get().version == running.version


def test_put_changes_plan_or_quantity_and_is_repeatable(api: Api, path: str) -> None:
    def put(body: Any, **headers: str) -> Any:
        return api.client.put(path, body, content_type="application/json", headers=api.headers | headers)

    first = put({"quantity": 2, "proration": "none"})
    assert (first.status_code, first.json()["quantity"]) == (200, 2)
    assert put({"quantity": 2}).json() == first.json()
    assert problem(put({"quantity": 2, "coupon": "HALF"})) == (422, "validation_failed")
    tag = api.get(path).headers["ETag"]
    assert first.headers["ETag"] == tag
    changed = put({"quantity": 3}, **{"If-Match": tag})
    assert changed.status_code == 200
    assert problem(put({"quantity": 4}, **{"If-Match": tag})) == (412, "precondition_failed")
    assert api.get(path).json()["quantity"] == 3


def test_delete_cancels_at_the_period_s_end_and_heeds_what_was_seen(api: Api, path: str) -> None:
    def delete(**headers: str) -> Any:
        return api.client.delete(path, headers=api.headers | headers)

    tag = api.get(path).headers["ETag"]
    api.post(f"{path}/change", {"quantity": 2})
    assert problem(delete(**{"If-Match": tag})) == (412, "precondition_failed")
    assert api.get(path).json()["cancel_at"] is None
    done = delete(**{"If-Match": api.get(path).headers["ETag"]})
    assert (done.status_code, done.json()["cancel_at"]) == (200, done.json()["period_ends_at"])


def test_a_refusal_names_the_states(api: Api) -> None:
    subscription = subscribe(make_customer())
    response = api.post(f"{URL}/{subscription.public_id}/change", {"quantity": 2})
    assert problem(response) == (409, "invalid_transition")
    assert (response.json()["from"], response.json()["to"]) == ("incomplete", "incomplete")


def test_strangers_and_customers_change_nothing(
    api: Api, stranger_api: Api, running: Subscription, path: str, as_customer: tuple[Api, str]
) -> None:
    for route in ("change", "change/preview"):
        assert problem(stranger_api.post(f"{path}/{route}", {"quantity": 2}))[0] == 404
        assert problem(as_customer[0].post(f"{path}/{route}", {"quantity": 2}))[0] == 403
    assert (
        problem(
            stranger_api.client.put(
                path, {"quantity": 2}, content_type="application/json", headers=stranger_api.headers
            )
        )[0]
        == 404
    )
    assert Subscription.objects.get().version == running.version
