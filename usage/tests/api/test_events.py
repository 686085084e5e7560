"""`/events` over HTTP."""

import gzip
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from accounts.tests.api.clients import problem, with_key, with_token
from accounts.tests.factories import make_customer, register
from core import tenancy
from core.tenancy import Scope
from usage.models import UsageEvent
from usage.tests.factories import NOW, make_meter

pytestmark = pytest.mark.django_db

EVENTS, BATCH = "/api/v1/events", "/api/v1/events/batch"


@pytest.fixture(autouse=True)
def frozen(freeze: Callable[[datetime], None]) -> None:
    freeze(NOW)


@pytest.fixture
def told() -> dict[str, Any]:
    """An event as a client writes it."""
    customer = make_customer(external_ref="acme", now=NOW)
    assert customer.external_ref
    make_meter(code="calls")
    return {"id": "once", "meter": "calls", "customer": "acme", "timestamp": "2026-01-15T11:59:00Z", "value": 5}


def test_an_event_is_created_once(told: dict[str, Any]) -> None:
    client = with_key()
    first, again = client.post(EVENTS, told), client.post(EVENTS, told)
    assert (first.status_code, first.json()) == (201, {"id": "once", "status": "accepted"})
    assert (again.status_code, again.json()) == (200, {"id": "once", "status": "duplicate"})
    assert UsageEvent.objects.get().value == 5


def test_an_event_needs_no_idempotency_key(told: dict[str, Any]) -> None:
    client = with_key()
    sent = client.client.post(EVENTS, told, content_type="application/json", headers=client.headers)
    assert sent.status_code == 201


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"meter": "nothing"}, 404, "meter_not_found"),
        ({"customer": "nobody"}, 404, "customer_not_found"),
        ({"timestamp": "2025-01-01T00:00:00Z"}, 422, "timestamp_too_old"),
        ({"timestamp": "2026-01-15T12:06:00Z"}, 422, "timestamp_in_future"),
        ({"timestamp": "2026-01-15T11:59:00"}, 422, "validation_failed"),
        ({"value": "-1"}, 422, "negative_value"),
        ({"value": "1e3"}, 422, "validation_failed"),
        ({"value": True}, 422, "validation_failed"),
        ({"value": "0.0000000000001"}, 422, "validation_failed"),
        ({"unknown": 1}, 422, "validation_failed"),
        ({"properties": {"nested": {"a": 1}}}, 422, "validation_failed"),
        ({"properties": [1]}, 422, "validation_failed"),
        ({"properties": {str(n): n for n in range(51)}}, 422, "validation_failed"),
    ],
)
def test_an_event_that_cannot_be_taken_is_refused(
    told: dict[str, Any], change: dict[str, Any], status: int, code: str
) -> None:
    assert problem(with_key().post(EVENTS, told | change)) == (status, code)
    assert UsageEvent.objects.count() == 0


def test_another_environments_meter_is_not_there(told: dict[str, Any], live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        foreign = make_meter(code="theirs")
    assert problem(with_key().post(EVENTS, told | {"meter": foreign.public_id})) == (404, "meter_not_found")


def test_a_fraction_is_exact(told: dict[str, Any]) -> None:
    body = json.dumps(told | {"properties": {"ratio": 0}})
    body = body.replace('"value": 5', '"value": 0.1').replace(": 0}", ": 0.3}")
    client = with_key()
    sent = client.client.post(EVENTS, body, content_type="application/json", headers=client.headers)
    assert sent.status_code == 201, sent.content
    stored = UsageEvent.objects.get()
    assert (str(stored.value), stored.properties) == ("0.100000000000", {"ratio": "0.3"})


def test_a_batch_answers_for_each_event(told: dict[str, Any]) -> None:
    items = [told, told, told | {"id": "2", "meter": "nothing"}, "no event", told | {"id": "4", "extra": 1}]
    sent = with_key().post(BATCH, {"events": items})
    assert sent.status_code == 202, sent.content
    body = sent.json()
    assert (body["accepted"], body["duplicates"], body["rejected"]) == (1, 1, 3)
    answers = [(one["index"], one["id"], one["status"], one.get("code")) for one in body["results"]]
    assert answers == [
        (0, "once", "accepted", None),
        (1, "once", "duplicate", None),
        (2, "2", "rejected", "meter_not_found"),
        (3, None, "rejected", "invalid"),
        (4, "4", "rejected", "unknown_field"),
    ]
    assert body["results"][4]["message"].startswith("extra: ")


@pytest.mark.parametrize("events", [[], "text", None])
def test_a_batch_needs_events(events: Any) -> None:
    assert problem(with_key().post(BATCH, {"events": events})) == (422, "validation_failed")


def test_a_batch_of_too_many_is_refused_whole(told: dict[str, Any]) -> None:
    assert problem(with_key().post(BATCH, {"events": [told] * 10_001})) == (422, "too_many_items")
    assert UsageEvent.objects.count() == 0


def send(body: bytes, encoding: str = "gzip") -> Any:
    client = with_key()
    headers = client.headers | {"Content-Encoding": encoding}
    return client.client.post(BATCH, body, content_type="application/json", headers=headers)


def test_a_batch_may_come_as_gzip(told: dict[str, Any]) -> None:
    assert send(gzip.compress(json.dumps({"events": [told]}).encode())).json()["accepted"] == 1


def test_gzip_that_unpacks_to_too_much_is_refused() -> None:
    with override_settings(INGESTION_BODY_LIMIT=100_000):
        assert problem(send(gzip.compress(b" " * 100_001))) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("body", "encoding", "answer"),
    [
        (b"{}", "gzip", (400, "malformed_json")),
        (gzip.compress(b'{"events": []}')[:-3], "gzip", (400, "malformed_json")),
        (gzip.compress(b"{}") + b"more", "gzip", (400, "malformed_json")),
        (b"{}", "br", (415, "unsupported_media_type")),
    ],
    ids=["not gzip", "cut off", "more behind it", "another encoding"],
)
def test_other_encodings_and_damaged_gzip_are_refused(body: bytes, encoding: str, answer: tuple[int, str]) -> None:
    assert problem(send(body, encoding)) == answer


def test_only_keys_with_the_scope_tell_events(told: dict[str, Any]) -> None:
    assert problem(with_key("read").post(EVENTS, told)) == (403, "missing_scope")
    assert with_key("events:write").post(EVENTS, told).status_code == 201
    _, tokens = register()
    assert problem(with_token(tokens.access_token).post(EVENTS, told))[0] == 403


def test_the_environments_clock_counts(told: dict[str, Any], freeze: Callable[[datetime], None]) -> None:
    freeze(NOW + timedelta(days=400))
    assert problem(with_key().post(EVENTS, told)) == (422, "timestamp_too_old")
