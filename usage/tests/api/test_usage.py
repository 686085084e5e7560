"""`/usage`, `/meters` and `/entitlements` over HTTP."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Customer
from accounts.tests.api.clients import problem, with_key, with_token
from accounts.tests.factories import make_customer, register
from core import tenancy
from core.tenancy import Scope
from tests.fixtures import Api
from usage.models import Entitlement, UsageCounter
from usage.tests.factories import NOW, event, grant, make_meter, record

pytestmark = pytest.mark.django_db

USE = "/api/v1/usage/use"


@pytest.fixture(autouse=True)
def frozen(freeze: Callable[[datetime], None]) -> None:
    freeze(NOW)


@pytest.fixture
def customer() -> Customer:
    """Somebody who may make fifty calls in January."""
    made = make_customer(external_ref="acme", now=NOW)
    grant(made.id, 50)
    return made


@pytest.fixture
def himself() -> tuple[Customer, Api]:
    """A customer with a login, and his client."""
    made, tokens = register()
    grant(made.id, 50, source="sub_his")
    return made, with_token(tokens.access_token)


def test_a_key_uses_for_a_customer(customer: Customer) -> None:
    sent = with_key().post(USE, {"feature": "calls", "delta": 8, "customer": "acme"})
    assert sent.status_code == 200, sent.content
    assert sent.json() == {
        "feature": "calls", "current_usage": 8, "limit": 50, "remaining": 42, "overage": 0,
        "reset_at": "2026-02-01T00:00:00Z",
    }  # fmt: skip


def test_beyond_a_hard_limit_is_a_429_that_says_where_one_stands(customer: Customer) -> None:
    sent = with_key().post(USE, {"feature": "calls", "delta": 51, "customer": customer.public_id})
    assert problem(sent) == (429, "usage_limit_exceeded")
    shown = sent.json()
    standing = [shown[name] for name in ("feature", "current_usage", "limit", "remaining", "reset_at")]
    assert standing == ["calls", 0, 50, 50, "2026-02-01T00:00:00Z"]
    assert UsageCounter.objects.count() == 0


@pytest.mark.parametrize("delta", [0, -1, 10**12, "1", True, Decimal("1.5")])
def test_a_delta_is_a_positive_integer(customer: Customer, delta: Any) -> None:
    body = {"feature": "calls", "delta": str(delta) if isinstance(delta, Decimal) else delta, "customer": "acme"}
    assert problem(with_key().post(USE, body)) == (422, "validation_failed")
    assert UsageCounter.objects.count() == 0


def test_a_float_is_no_delta(customer: Customer) -> None:
    client = with_key()
    body = '{"feature": "calls", "delta": 1.0, "customer": "acme"}'
    sent = client.client.post(USE, body, content_type="application/json", headers=client.headers)
    assert problem(sent) == (422, "validation_failed")


def test_a_key_says_whose(customer: Customer) -> None:
    client = with_key()
    assert problem(client.post(USE, {"feature": "calls"})) == (422, "validation_failed")
    assert problem(client.post(USE, {"feature": "calls", "customer": "nobody"})) == (404, "not_found")
    assert problem(client.post(USE, {"feature": "gold", "customer": "acme"})) == (404, "feature_not_granted")
    assert problem(client.get("/api/v1/usage/me")) == (400, "invalid_parameter")


def test_one_key_uses_once(customer: Customer) -> None:
    client, body = with_key(), {"feature": "calls", "customer": "acme"}
    answers = [client.post(USE, body, key="same").json() for _ in range(3)]
    assert answers == [answers[0]] * 3
    assert UsageCounter.objects.get().used == 1


def test_a_customer_uses_and_sees_only_what_is_his(himself: tuple[Customer, Api], customer: Customer) -> None:
    own, client = himself
    assert client.post(USE, {"feature": "calls"}).json()["current_usage"] == 1
    assert client.post(USE, {"feature": "calls", "customer": own.public_id}).json()["current_usage"] == 2
    assert problem(client.post(USE, {"feature": "calls", "customer": "acme"})) == (404, "not_found")
    assert problem(client.get("/api/v1/usage/me", customer=customer.public_id)) == (404, "not_found")
    listed = client.get("/api/v1/entitlements").json()["data"]
    assert [one["customer"] for one in listed] == [own.public_id]
    theirs = Entitlement.objects.get(customer=customer)
    assert problem(client.get(f"/api/v1/entitlements/{theirs.public_id}")) == (404, "not_found")


def test_me_shows_every_metered_feature(himself: tuple[Customer, Api]) -> None:
    own, client = himself
    grant(own.id, None, source="sub_other", code="mails", name="Mails", reset="day")
    client.post(USE, {"feature": "calls", "delta": 3})
    shown = client.get("/api/v1/usage/me").json()
    assert shown["customer"] == own.public_id
    calls, mails = shown["features"]
    assert (calls["feature"], calls["current_usage"], calls["remaining"]) == ("calls", 3, 47)
    assert (mails["limit"], mails["remaining"], mails["reset_at"]) == (None, None, "2026-01-16T00:00:00Z")


def test_limits_are_shown(customer: Customer) -> None:
    shown = with_key().get("/api/v1/usage/limits", customer="acme").json()
    assert shown == {
        "customer": customer.public_id,
        "limits": [
            {"feature": "calls", "name": "API calls", "limit": 50, "limit_kind": "hard", "remaining": 50,
             "reset": "subscription", "reset_at": "2026-02-01T00:00:00Z"},
        ],
    }  # fmt: skip


def test_a_summary_shows_each_meter(customer: Customer) -> None:
    calls, peak = make_meter(code="calls"), make_meter("max", code="peak")
    record(event(calls, customer, "2.5"), event(calls, customer, 1))
    shown = with_key().get("/api/v1/usage/summary", customer="acme").json()
    assert (shown["starts_at"], shown["ends_at"]) == ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
    assert [(one["meter"], one["code"], one["value"], one["events"]) for one in shown["meters"]] == [
        (calls.public_id, "calls", "3.5", 2), (peak.public_id, "peak", None, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"starts_at": "2026-01-01"}, (400, "invalid_parameter")),
        ({"starts_at": "2026-03-01T00:00:00Z", "ends_at": "2026-02-01T00:00:00Z"}, (422, "invalid_period")),
        ({"month": "1"}, (400, "unknown_parameter")),
    ],
)
def test_a_summary_of_no_period_is_refused(customer: Customer, query: dict[str, str], answer: tuple[int, str]) -> None:
    assert problem(with_key().get("/api/v1/usage/summary", customer="acme", **query)) == answer


def test_entitlements_are_listed_by_customer(customer: Customer) -> None:
    grant(make_customer(now=NOW).id, 5, source="sub_other")
    shown = with_key().get("/api/v1/entitlements", customer=customer.public_id).json()["data"]
    assert [(one["customer"], one["code"], one["limit"]) for one in shown] == [(customer.public_id, "calls", 50)]


def test_a_list_costs_the_same_whatever_its_length(django_assert_max_num_queries: Any) -> None:
    for number in range(10):
        grant(make_customer(now=NOW).id, 5, source=f"sub_{number}")
    client = with_key()
    client.get("/api/v1/entitlements")
    with django_assert_max_num_queries(8):
        assert len(client.get("/api/v1/entitlements").json()["data"]) == 10


def test_a_meter_is_made_read_listed_and_archived() -> None:
    client = with_key()
    body = {"code": "bytes", "name": "Bytes", "aggregation": "sum", "filters": {"region": ["eu"]}}
    made = client.post("/api/v1/meters", body)
    assert made.status_code == 201, made.content
    place = f"/api/v1/meters/{made.json()['id']}"
    assert client.get(place).json() == made.json()
    assert problem(client.post("/api/v1/meters", body)) == (409, "meter_code_taken")
    assert client.post(f"{place}/archive").json()["archived_at"] == "2026-01-15T12:00:00Z"
    assert problem(client.post(f"{place}/archive")) == (409, "meter_archived")
    assert client.get("/api/v1/meters", archived="false").json()["data"] == []
    assert len(client.get("/api/v1/meters", archived="true", code="bytes").json()["data"]) == 1


@pytest.mark.parametrize(
    "change",
    [{"aggregation": "avg"}, {"code": "two words"}, {"filters": {"a": "eu"}}, {"filters": {"a": []}}, {"filters": []},
     {"filters": {"a": [1]}}, {"code": ""}, {"value_property": ""}],
)  # fmt: skip
def test_a_meter_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    body = {"code": "bytes", "name": "Bytes", "aggregation": "sum"} | change
    assert problem(with_key().post("/api/v1/meters", body)) == (422, "validation_failed")


def test_another_environments_meter_is_not_there(live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        foreign = make_meter()
    assert problem(with_key().get(f"/api/v1/meters/{foreign.public_id}")) == (404, "not_found")
