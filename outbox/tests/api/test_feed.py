"""The event feed, and the outbox's own routes."""

import pytest

from outbox import internal
from outbox.services import send_test_fact

pytestmark = pytest.mark.django_db
FEED = "/api/v1/events-feed"


@pytest.fixture
def five(actor, now) -> None:
    for number in range(5):
        send_test_fact(note=str(number), actor=actor, now=now)
    internal.relay_here()


def notes(page) -> list[str]:
    return [fact["data"]["note"] for fact in page["data"] if fact["type"] == "outbox.tested"]


def test_the_feed_is_read_on_from_where_one_was(api, five):
    first = api.get(FEED, after=0, limit=3).json()
    second = api.get(FEED, after=first["last_sequence"], limit=100).json()
    sequences = [fact["sequence"] for page in (first, second) for fact in page["data"]]

    assert notes(first) + notes(second) == ["0", "1", "2", "3", "4"]
    assert sequences == list(range(1, len(sequences) + 1))


def test_at_its_end_the_feed_is_empty_and_stays_where_it_is(api, five):
    end = api.get(FEED, after=1000).json()
    assert end == {"data": [], "last_sequence": 1000}


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "9" * 20, "٣"])
def test_a_place_that_is_no_number_is_refused(api, after):
    response = api.get(FEED, after=after)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_parameter")


def test_another_environment_has_its_own_feed(stranger_api, five):
    assert notes(stranger_api.get(FEED).json()) == []


def test_the_stats_say_what_is_pending(api, actor, now):
    send_test_fact(note="x", actor=actor, now=now)
    before = api.get("/api/outbox/stats").json()
    internal.relay()
    after = api.get("/api/outbox/stats").json()

    assert before["pending_events"] >= 1
    assert (after["pending_events"], after["dispatcher_running"]) == (0, True)


def test_a_test_fact_goes_the_way_of_every_fact(api):
    response = api.post("/api/outbox/test", {"note": "are you there"})
    internal.relay_here()

    assert (response.status_code, response.json()["type"]) == (202, "outbox.tested")
    assert notes(api.get(FEED).json()) == ["are you there"]


def test_strangers_send_no_test_facts(api):
    assert api.client.post("/api/outbox/test", {}, content_type="application/json").status_code == 401
    assert api.client.get("/api/outbox/stats").status_code == 401
