"""`/webhook-endpoints` over HTTP."""

from datetime import timedelta

import pytest

from core import clock, ids
from core.models import IdempotencyRecord
from webhooks.models import Delivery, Endpoint
from webhooks.tests.receiver import Reply, listening

pytestmark = pytest.mark.django_db

PLACE = "/api/v1/webhook-endpoints"
URL = "http://127.0.0.1:65535/hooks"


@pytest.fixture
def endpoint(api, loopback) -> dict:
    """An endpoint as the API shows it when it is created."""
    return api.post(PLACE, {"url": URL, "events": ["outbox.*"], "description": "shop"}).json()


def code(response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_an_endpoint_is_created_and_its_secret_shown_once(api, loopback):
    response = api.post(PLACE, {"url": URL, "contact_email": "ops@example.com"})
    body = response.json()

    assert response.status_code == 201
    assert body["secret"].startswith("whsec_")
    assert (body["url"], body["events"], body["state"]) == (URL, ["*"], "enabled")
    shown = api.get(f"{PLACE}/{body['id']}").json()
    assert "secret" not in shown
    assert shown == {name: value for name, value in body.items() if name != "secret"}


@pytest.mark.parametrize("verb", ["create", "rotate"])
def test_a_repeat_shows_no_secret_and_none_is_kept(api, loopback, owner_sql, verb):
    place, body = PLACE, {"url": URL}
    if verb == "rotate":
        place, body = f"{PLACE}/{api.post(PLACE, body).json()['id']}/rotate-secret", {}
    first = api.post(place, body, key="once").json()
    again = api.post(place, body, key="once")

    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.json()["secret"], again.json()["secret_shown"]) == (None, True)
    assert Endpoint.objects.count() == 1
    assert IdempotencyRecord.objects.filter(key="once").exists()
    kept = repr(owner_sql("SELECT body FROM core_idempotencyrecord"))
    assert first["secret"] not in kept
    assert "whsec_" not in kept


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1/x", "https://169.254.169.254/latest/meta-data", "http://[::1]/x", "http://127.1/x",
     "http://2130706433/", "https://user@example.com/", "https://printer.local/", "ftp://example.com/",
     "https://example.com:22/", "nonsense"],
)  # fmt: skip
def test_a_url_that_leads_inside_is_refused_and_nothing_happens(api, facts, url):
    before = facts()
    response = api.post(PLACE, {"url": url})

    assert code(response) == (422, "endpoint_not_allowed")
    assert not Endpoint.objects.exists()
    assert facts() == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": URL, "events": []}, "/events"),
        ({"url": URL, "events": ["Invoice.Paid"]}, "/events/0"),
        ({"url": URL, "events": ["invoice"]}, "/events/0"),
        ({"url": URL, "events": "*"}, "/events"),
        ({"url": 5}, "/url"),
        ({"events": ["*"]}, "/url"),
        ({"url": URL, "secret": "whsec_mine"}, "/secret"),
        ({"url": URL, "contact_email": "nobody"}, "/contact_email"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(api, loopback, body, pointer):
    response = api.post(PLACE, body)

    assert code(response) == (422, "validation_failed")
    assert pointer in [error["pointer"] for error in response.json()["errors"]]


@pytest.mark.parametrize("events", [["invoice.payed"], ["*", "invoces.*"]])
def test_a_filter_that_no_event_will_ever_match_is_refused(api, loopback, facts, events):
    response = api.post(PLACE, {"url": URL, "events": events})

    assert code(response) == (422, "unknown_event_type")
    assert response.json()["unknown"] == events[-1:]
    assert not Endpoint.objects.exists()


def test_endpoints_are_listed_and_filtered(api, endpoint):
    assert [one["id"] for one in api.get(PLACE).json()["data"]] == [endpoint["id"]]
    assert api.get(PLACE, state="disabled").json()["data"] == []


def test_an_endpoint_is_changed_disabled_and_enabled(api, endpoint, facts):
    place = f"{PLACE}/{endpoint['id']}"
    changed = api.patch(place, {"url": URL + "/new", "events": ["*"]}).json()
    assert (changed["url"], changed["events"], changed["description"]) == (URL + "/new", ["*"], "shop")
    assert api.patch(place, {"enabled": False}).json()["state"] == "disabled"
    assert api.patch(place, {"enabled": True}).json()["state"] == "enabled"
    assert api.patch(place, {"enabled": True}).json()["reason"] == ""

    assert [kind for kind in facts() if kind.startswith("webhook")] == [
        "webhook_endpoint.created", "webhook_endpoint.updated", "webhook_endpoint.disabled", "webhook_endpoint.enabled",
    ]  # fmt: skip


def test_a_url_with_a_password_in_it_is_refused(api):
    """Credentials are refused wherever they stand, before anybody looks at the address."""
    response = api.post(PLACE, {"url": "https://user:pass@example.com/"})

    assert code(response)[0] == 422
    assert not Endpoint.objects.exists()


def test_a_change_to_a_url_that_leads_inside_is_refused(api, endpoint):
    response = api.patch(f"{PLACE}/{endpoint['id']}", {"url": "https://192.168.0.1/"})

    assert code(response) == (422, "endpoint_not_allowed")
    assert Endpoint.objects.get().url == URL


def test_a_deleted_endpoint_is_not_found(api, endpoint):
    place = f"{PLACE}/{endpoint['id']}"
    assert api.delete(place).status_code == 204
    assert api.get(place).status_code == api.get(f"{place}/deliveries").status_code == 404
    assert api.delete(place).status_code == 404
    assert api.get(PLACE).json()["data"] == []


def test_deliveries_show_every_attempt(api, loopback, run_jobs, happen, django_assert_max_num_queries):
    with listening(Reply(status=500, body=b"sorry")) as receiver:
        endpoint = api.post(PLACE, {"url": receiver.url, "events": ["outbox.tested"]}).json()
        happen()
        happen()
        run_jobs()
    place = f"{PLACE}/{endpoint['id']}/deliveries"
    with django_assert_max_num_queries(12):
        page = api.get(place).json()["data"]

    assert [one["state"] for one in page] == ["failed", "failed"]
    [attempt] = page[0]["attempts"]
    assert (attempt["number"], attempt["status"], attempt["error"], attempt["response"]) == (
        1, 500, "unexpected_status", "sorry",
    )  # fmt: skip
    assert page[0]["endpoint"] == endpoint["id"]
    assert api.get(f"{place}/{page[0]['id']}").json() == page[0]
    assert api.get(place, state="dead").json()["data"] == []
    assert len(api.get(place, event=page[1]["event"]).json()["data"]) == 1


def test_an_event_and_a_range_are_resent(api, loopback, run_jobs, happen):
    with listening() as receiver:
        endpoint = api.post(PLACE, {"url": receiver.url, "events": ["outbox.tested"]}).json()
        event_id = happen()
        run_jobs()
        one = api.post(f"{PLACE}/{endpoint['id']}/resend", {"event": event_id})
        day = timedelta(days=1)
        span = {"since": (clock.wall() - day).isoformat(), "until": (clock.wall() + day).isoformat()}
        many = api.post(f"{PLACE}/{endpoint['id']}/resend", span)
        run_jobs()

    assert (one.status_code, one.json(), many.status_code, many.json()) == (202, {"resent": 1}, 202, {"resent": 1})
    assert [got.headers["webhook-id"] for got in receiver.received] == [event_id] * 3


@pytest.mark.parametrize(
    "body",
    [{}, {"since": "2026-01-01T00:00:00Z"}, {"event": "evt_1"},
     {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
     {"event": ids.encode("evt", ids.new()), "since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}],
)  # fmt: skip
def test_a_resend_is_of_an_event_or_of_a_range(api, endpoint, body):
    response = api.post(f"{PLACE}/{endpoint['id']}/resend", body)

    assert code(response) == (422, "validation_failed")
    assert not Delivery.objects.exists()


def test_an_unknown_event_is_not_found(api, endpoint):
    response = api.post(f"{PLACE}/{endpoint['id']}/resend", {"event": ids.encode("evt", ids.new())})
    assert code(response) == (404, "event_not_found")


def test_a_test_is_sent(api, loopback, run_jobs):
    with listening() as receiver:
        endpoint = api.post(PLACE, {"url": receiver.url, "events": ["invoice.paid"]}).json()
        response = api.post(f"{PLACE}/{endpoint['id']}/test")
        run_jobs()

    assert (response.status_code, response.json()) == (202, {"type": "webhook.tested", "subject": endpoint["id"]})
    assert len(receiver.received) == 1


def test_a_disabled_endpoint_cannot_be_tested(api, endpoint):
    api.patch(f"{PLACE}/{endpoint['id']}", {"enabled": False})
    assert code(api.post(f"{PLACE}/{endpoint['id']}/test")) == (409, "endpoint_disabled")


def test_another_environments_endpoint_is_not_found(stranger_api, endpoint, facts):
    place = f"{PLACE}/{endpoint['id']}"
    before = facts()
    answers = [
        stranger_api.get(place), stranger_api.patch(place, {"enabled": False}), stranger_api.delete(place),
        stranger_api.get(f"{place}/deliveries"), stranger_api.post(f"{place}/test"),
        stranger_api.post(f"{place}/rotate-secret"),
        stranger_api.post(f"{place}/resend", {"event": ids.encode("evt", ids.new())}),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [404] * 7
    assert stranger_api.get(PLACE).json()["data"] == []
    assert facts() == before
    assert Endpoint.objects.get().is_enabled


def test_live_endpoints_must_be_https(stranger_api, loopback):
    assert code(stranger_api.post(PLACE, {"url": "http://example.com/x"})) == (422, "endpoint_not_allowed")
