"""Subscriptions over HTTP."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_key, register
from core import ids
from core.actor import SYSTEM
from core.clock import now as clock_now
from featureflags.services import set_override
from subscriptions.models import Subscription
from subscriptions.tests.factories import free_plan, make_customer, make_plan, subscribe
from tests.fixtures import Api

pytestmark = pytest.mark.django_db
URL = "/api/v1/subscriptions"


def problem(response: Any) -> tuple[int, str]:
    """The status and code of a refusal."""
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


@pytest.fixture
def as_customer() -> tuple[Api, str]:
    """A registered customer's own client, and his id."""
    customer, tokens = register()
    api = Api("")
    api.headers = {"Authorization": f"Bearer {tokens.access_token}"}
    return api, customer.public_id


def test_a_backend_subscribes_a_customer(api: Api) -> None:
    customer, plan = make_customer(), make_plan()
    response = api.post(URL, {"customer": customer.public_id, "plan": plan.public_id, "quantity": 2})
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["status"], body["customer"], body["plan"]) == ("incomplete", customer.public_id, plan.public_id)
    assert body["quantity"] == 2
    assert api.get(f"{URL}/{body['id']}").json() == body


def test_a_key_makes_one_subscription(api: Api) -> None:
    body = {"customer": make_customer().public_id, "plan": make_plan(family=None).public_id}
    first, again = api.post(URL, body, key="k"), api.post(URL, body, key="k")
    assert (first.content, first.status_code) == (again.content, again.status_code)
    assert Subscription.objects.count() == 1


def test_a_second_of_the_family_is_a_conflict(api: Api) -> None:
    subscription = subscribe(make_customer(), free_plan())
    body = {"customer": ids.encode("cus", subscription.customer_id), "plan": make_plan().public_id}
    assert problem(api.post(URL, body)) == (409, "live_subscription_exists")
    assert Subscription.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"quantity": 0}, "/quantity"),
        ({"quantity": "2"}, "/quantity"),
        ({"plan": "sub_1"}, "/plan"),
        ({"starts_at": "2026-01-01T00:00:00"}, "/starts_at"),
        ({"intervals": 0}, "/intervals"),
        ({"price": 1}, "/price"),
    ],
)
def test_a_wrong_field_is_named(api: Api, wrong: dict[str, object], pointer: str) -> None:
    body = {"customer": make_customer().public_id, "plan": make_plan().public_id, **wrong}
    response = api.post(URL, body)
    assert problem(response)[0] == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert not Subscription.objects.exists()


def test_a_trial_is_started(api: Api) -> None:
    body = {"customer": make_customer().public_id, "plan": make_plan(trial_days=14).public_id}
    response = api.post(f"{URL}/trial", body)
    assert (response.status_code, response.json()["status"]) == (201, "trialing")


def test_a_subscription_is_canceled_once(api: Api) -> None:
    subscription = subscribe(make_customer(), free_plan())
    path = f"{URL}/{subscription.public_id}/cancel"
    first = api.post(path, {"at": "now", "reason": "unused"})
    assert (first.status_code, first.json()["status"]) == (200, "canceled")
    assert problem(api.post(path, {"at": "now"})) == (409, "subscription_already_canceled")


def test_deleting_cancels_at_period_end(api: Api) -> None:
    subscription = subscribe(make_customer(), free_plan())
    response = api.delete(f"{URL}/{subscription.public_id}")
    assert (response.status_code, response.json()["status"]) == (200, "active")
    assert response.json()["cancel_at"] == response.json()["period_ends_at"]


def test_a_refused_transition_names_the_ways_that_are_open(api: Api) -> None:
    subscription = subscribe(make_customer())
    response = api.post(f"{URL}/{subscription.public_id}/cancel", {"at": "period_end"})
    assert problem(response) == (409, "invalid_transition")
    body = response.json()
    assert (body["from"], body["to"], "active" in body["allowed"]) == ("incomplete", "canceled", True)


def test_periods_are_bought_ahead(api: Api) -> None:
    subscription = subscribe(make_customer(), free_plan())
    response = api.post(f"{URL}/{subscription.public_id}/renew", {"intervals": 3})
    assert response.status_code == 200
    assert problem(api.post(f"{URL}/{subscription.public_id}/renew", {"intervals": 3})) == (409, "renewal_pending")


def test_the_history_is_the_newest_first(api: Api) -> None:
    subscription = subscribe(make_customer(), free_plan())
    api.post(f"{URL}/{subscription.public_id}/cancel", {"at": "now", "reason": "unused"})
    rows = api.get(f"{URL}/{subscription.public_id}/events").json()["data"]
    assert [(one["number"], one["type"], one["reason"]) for one in rows] == [
        (2, "canceled", "unused"),
        (1, "created", ""),
    ]
    page = api.get(f"{URL}/{subscription.public_id}/events", limit=1).json()
    rest = api.get(f"{URL}/{subscription.public_id}/events", limit=1, cursor=page["next"]).json()
    assert [one["number"] for one in rest["data"]] == [1]


def test_lists_are_narrowed(api: Api) -> None:
    one, _ = subscribe(make_customer(), free_plan()), subscribe(make_customer())
    for query in ({"status": "active"}, {"customer": ids.encode("cus", one.customer_id)}):
        assert [row["id"] for row in api.get(URL, **query).json()["data"]] == [one.public_id]
    assert problem(api.get(URL, state="active"))[0] == 400


def test_a_list_costs_the_same_however_long(api: Api) -> None:
    plan = free_plan()
    subscribe(make_customer(), plan)
    api.get(URL)
    with CaptureQueriesContext(connection) as short:
        api.get(URL)
    for _ in range(4):
        subscribe(make_customer(), plan)
    with CaptureQueriesContext(connection) as long:
        api.get(URL)
    assert len(long) == len(short)


def test_another_environment_s_subscription_is_not_there(stranger_api: Api) -> None:
    subscription = subscribe(make_customer(), free_plan())
    for path in ("", "/events"):
        assert problem(stranger_api.get(f"{URL}/{subscription.public_id}{path}")) == (404, "not_found")
    assert problem(stranger_api.post(f"{URL}/{subscription.public_id}/cancel", {}))[0] == 404


def test_a_customer_subscribes_and_cancels_himself(as_customer: tuple[Api, str]) -> None:
    api, customer_id = as_customer
    made = api.post(URL, {"plan": free_plan().public_id}).json()
    assert made["customer"] == customer_id
    assert [one["id"] for one in api.get(f"{URL}/me").json()["data"]] == [made["id"]]
    response = api.post(f"{URL}/{made['id']}/cancel", {"reason": "unused", "comment": "done"})
    body = response.json()
    assert (response.status_code, body["reason"], body["comment"]) == (200, "unused", "done")


def test_a_customer_sees_nobody_else(as_customer: tuple[Api, str]) -> None:
    api, _ = as_customer
    other = subscribe(make_customer(), free_plan())
    assert api.get(URL).json()["data"] == []
    assert problem(api.get(f"{URL}/{other.public_id}"))[0] == 404
    assert problem(api.get(f"{URL}/{other.public_id}/events"))[0] == 404
    assert problem(api.post(f"{URL}/{other.public_id}/cancel", {"at": "now"}))[0] == 404
    other.refresh_from_db()
    assert other.status == "active"


def test_a_customer_does_not_choose_how_long_he_may_try(as_customer: tuple[Api, str]) -> None:
    api, _ = as_customer
    response = api.post(URL, {"plan": make_plan().public_id, "trial_days": 700})
    assert problem(response)[0] == 422
    assert not Subscription.objects.exists()


def test_only_customers_have_subscriptions_of_their_own(api: Api) -> None:
    assert problem(api.get(f"{URL}/me"))[0] == 403


@pytest.mark.parametrize("path", ["", "/me"])
def test_the_routes_close_with_their_flag(api: Api, as_customer: tuple[Api, str], path: str) -> None:
    set_override(name="subscriptions_enabled", is_on=False, actor=SYSTEM, now=clock_now())
    response = (as_customer[0] if path else api).get(f"{URL}{path}")
    assert problem(response) == (503, "feature_unavailable")
    assert response.json()["feature_flag"] == "subscriptions_enabled"


def test_nobody_writes_with_a_read_only_key(environment: Any) -> None:
    reader = Api(make_key(scopes=("read",)))
    subscription = subscribe(make_customer(), free_plan())
    assert reader.get(f"{URL}/{subscription.public_id}").status_code == 200
    assert problem(reader.post(f"{URL}/{subscription.public_id}/cancel", {}))[0] == 403
