"""The event feed, and the outbox's own routes."""

import pytest

from accounts import services
from accounts.tests.factories import PASSWORD, make_key
from core import clock, ids, tenancy
from core.models import scope_of
from outbox import internal
from outbox.models import OutboxEvent
from outbox.services import send_test_fact
from tests.fixtures import Api

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


def member_of(role: str) -> Api:
    """The client of a member of the tenant, who has logged in to the sandbox."""
    here, wall = tenancy.require(), clock.wall()
    user = services.create_operator("grace@example.com", PASSWORD, now=wall)
    services.join_tenant(user_id=user.pk, tenant_id=here.tenant_id, role=role, now=wall)
    tokens = services.log_in_member(
        email=user.email, password=PASSWORD, environment_id=here.environment_id, address="192.0.2.1", now=wall
    )
    api = Api("")
    api.headers = {"Authorization": f"Bearer {tokens.access_token}"}
    return api


@pytest.fixture
def operator(environment) -> Api:
    """Who holds a system key, at work in the sandbox."""
    with tenancy.scope(scope_of(tenancy.PLATFORM_ID)):
        api = Api(make_key(type="system"))
    api.headers |= {"X-Environment": ids.encode("env", environment.environment_id)}
    return api


def test_an_operators_test_fact_goes_the_way_of_every_fact(operator, api):
    response = operator.post("/api/outbox/test", {"note": "are you there"})
    internal.relay_here()

    assert (response.status_code, response.json()["type"]) == (202, "outbox.tested")
    assert notes(api.get(FEED).json()) == ["are you there"]


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_owners_and_admins_may_send_one_too(role, environment):
    assert member_of(role).post("/api/outbox/test", {"note": "me"}).status_code == 202
    assert OutboxEvent.objects.filter(type="outbox.tested").count() == 1


@pytest.mark.parametrize("role", ["finance", "support", "developer", "viewer"])
def test_other_members_may_not(role, environment):
    response = member_of(role).post("/api/outbox/test", {"note": "me"})
    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")
    assert not OutboxEvent.objects.filter(type="outbox.tested").exists()


def test_a_secret_key_that_may_do_everything_is_no_operator(api):
    response = api.post("/api/outbox/test", {"note": "me"})
    assert (response.status_code, response.json()["code"]) == (403, "wrong_credentials")
    assert not OutboxEvent.objects.filter(type="outbox.tested").exists()


def test_the_feed_can_be_read_by_type(api, five):
    assert notes(api.get(FEED, type="outbox.tested").json()) == ["0", "1", "2", "3", "4"]
    assert api.get(FEED, type="invoice.paid").json()["data"] == []


@pytest.mark.parametrize("query", [{"wait": "31"}, {"wait": "-1"}, {"wait": "x"}, {"type": "invoice.eaten"}])
def test_nonsense_is_refused(api, query):
    response = api.get(FEED, **query)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_parameter")


def test_each_fact_tells_the_version_of_what_it_is_about(api, five):
    facts = api.get(FEED, type="outbox.tested").json()["data"]
    assert [fact["aggregate_version"] for fact in facts] == [1, 2, 3, 4, 5]


def test_strangers_send_no_test_facts(api):
    assert api.client.post("/api/outbox/test", {}, content_type="application/json").status_code == 401
    assert api.client.get("/api/outbox/stats").status_code == 401
