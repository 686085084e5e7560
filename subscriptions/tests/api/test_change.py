"""Changing a subscription over HTTP."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

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


def test_a_change_is_scheduled_listed_replaced_and_withdrawn(api: Api, running: Subscription, path: str) -> None:
    done = api.post(f"{path}/change", {"quantity": 2, "at": "period_end"})
    assert done.status_code == 200, done.content
    first = done.json()["change"]
    assert (first["state"], first["at"], first["quantity"], first["plan"], first["addons"]) == (
        "pending", "period_end", 2, None, [],
    )  # fmt: skip
    assert (done.json()["invoice"], done.json()["subscription"]["quantity"]) == (None, 1)
    assert first["takes_effect_at"] == done.json()["subscription"]["period_ends_at"]
    assert problem(api.post(f"{path}/change", {"quantity": 3, "at": "period_end"})) == (409, "change_already_scheduled")
    other = api.post(f"{path}/schedule/{first['id']}/replace", {"quantity": 5, "at": first["takes_effect_at"]})
    assert (other.status_code, other.json()["replaces"]) == (201, first["id"])
    assert other.json()["at"] == other.json()["takes_effect_at"] == first["takes_effect_at"]
    listed = api.get(f"{path}/schedule").json()["data"]
    assert [(one["id"], one["state"], one["reason"]) for one in listed] == [
        (other.json()["id"], "pending", ""), (first["id"], "withdrawn", "replaced"),
    ]  # fmt: skip
    assert api.get(f"{path}/schedule", state="pending").json()["data"] == [other.json()]
    assert api.get(f"{path}/schedule/{first['id']}").json() == listed[1]
    withdrawn = api.post(f"{path}/schedule/{other.json()['id']}/withdraw", {"reason": "no need"})
    assert (withdrawn.status_code, withdrawn.json()["state"], withdrawn.json()["reason"]) == (
        200, "withdrawn", "no need",
    )  # fmt: skip
    assert problem(api.post(f"{path}/schedule/{first['id']}/withdraw")) == (409, "scheduled_change_over")


def test_what_is_scheduled_is_asked_about(api: Api, path: str) -> None:
    seen = api.post(f"{path}/change/preview", {"plan": make_plan(seats("40")).public_id, "at": "period_end"}).json()
    assert (seen["invoice"], seen["renewal"]["total_minor"]) == (None, 4000)
    assert api.get(f"{path}/schedule").json()["data"] == []


@pytest.mark.parametrize("wrong", ["later", "2026-01-01T00:00:00", 5, None])
def test_a_wrong_time_is_named(api: Api, path: str, wrong: Any) -> None:
    response = api.post(f"{path}/change", {"quantity": 2, "at": wrong})
    assert problem(response) == (422, "validation_failed")
    assert [error["pointer"] for error in response.json()["errors"]] == ["/at"]
    assert problem(api.post(f"{path}/change", {"quantity": 2, "at": "2020-01-01T00:00:00Z"})) == (
        422, "change_not_in_time",
    )  # fmt: skip


def test_a_customer_sees_what_waits_and_a_stranger_nothing(
    api: Api, stranger_api: Api, as_customer: tuple[Api, str]
) -> None:
    mine = as_customer[0].post(URL, {"plan": free_plan().public_id}).json()["id"]
    change = api.post(f"{URL}/{mine}/change", {"quantity": 2, "at": "period_end"}).json()["change"]
    assert as_customer[0].get(f"{URL}/{mine}/schedule").json()["data"] == [change | {"created_by": "seller"}]
    route = f"{URL}/{mine}/schedule/{change['id']}"
    assert problem(as_customer[0].post(f"{route}/withdraw"))[0] == 403
    foreign = subscribe(make_customer(), free_plan(family=None)).public_id
    assert problem(as_customer[0].get(f"{URL}/{foreign}/schedule"))[0] == 404
    for reading in (f"{URL}/{mine}/schedule", route):
        assert problem(stranger_api.get(reading))[0] == 404
    assert problem(stranger_api.post(f"{route}/withdraw"))[0] == 404
    # An id of one subscription is not found under another.
    assert problem(api.post(f"{URL}/{foreign}/schedule/{change['id']}/withdraw"))[0] == 404


def test_the_queries_of_the_schedule_do_not_grow(api: Api, path: str) -> None:
    counted = []
    for rows in (1, 4):
        while len(api.get(f"{path}/schedule").json()["data"]) < rows:
            change = api.post(f"{path}/change", {"quantity": 2, "at": "period_end"}).json()["change"]
            api.post(f"{path}/schedule/{change['id']}/withdraw")
        with CaptureQueriesContext(connection) as captured:
            assert len(api.get(f"{path}/schedule").json()["data"]) == rows
        counted.append(len(captured))
    assert counted[0] == counted[1]
