"""`/environments` over HTTP, and the travelling clock of a sandbox."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.api.clients import problem, with_key
from core import ids, tenancy
from core.models import Environment
from core.tenancy import Scope
from outbox.internal import relay_here
from subscriptions.tests.factories import make_customer, make_plan, monthly, subscribe

pytestmark = pytest.mark.django_db

ENVIRONMENTS = "/api/v1/environments"
NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def path(scope: Scope) -> str:
    return f"{ENVIRONMENTS}/{ids.encode('env', scope.environment_id)}"


def test_a_tenant_sees_its_worlds_and_not_the_platform() -> None:
    kinds = {one["kind"] for one in with_key().get(ENVIRONMENTS).json()["data"]}
    assert kinds == {"live", "sandbox"}
    platform = ids.encode("env", tenancy.PLATFORM_ID)
    assert problem(with_key().get(f"{ENVIRONMENTS}/{platform}")) == (404, "not_found")


def test_a_sandbox_lets_days_pass(environment: Scope, freeze: Callable[[datetime], None]) -> None:
    freeze(NOON)
    response = with_key().post(f"{path(environment)}/clock/advance", {"by_days": 14})
    assert response.status_code == 202, response.content
    assert response.json().items() >= {
        "kind": "sandbox", "clock_at": "2026-01-15T12:00:00Z", "advancing_to": "2026-01-29T12:00:00Z",
    }.items()  # fmt: skip


def test_a_sandbox_goes_to_an_instant_and_never_back(environment: Scope, freeze: Callable[[datetime], None]) -> None:
    freeze(NOON)
    advance = f"{path(environment)}/clock/advance"
    assert problem(with_key().post(advance, {"to": "2026-01-15T11:59:59Z"})) == (409, "clock_refused")
    assert with_key().post(advance, {"to": "2026-02-01T00:00:00+02:00"}).status_code == 202
    assert Environment.objects.get(pk=environment.environment_id).advancing_to == datetime(2026, 1, 31, 22, tzinfo=UTC)


def test_a_live_clock_is_left_alone(live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        client = with_key()
    response = client.post(f"{path(live_environment)}/clock/advance", {"by_days": 1})
    assert problem(response) == (409, "clock_refused")


def test_only_the_environment_of_the_credentials_moves(live_environment: Scope, environment: Scope) -> None:
    with tenancy.scope(live_environment):
        client = with_key()
    assert problem(client.post(f"{path(environment)}/clock/advance", {"by_days": 1})) == (404, "not_found")
    assert Environment.objects.get(pk=environment.environment_id).advancing_to is None


@pytest.mark.parametrize(
    "body", [{}, {"by_days": 0}, {"by_days": 1, "to": "2026-02-01T00:00:00Z"}, {"to": "2026-02-01T00:00:00"}]
)
def test_a_wrong_body_moves_nothing(environment: Scope, body: dict[str, object]) -> None:
    response = with_key().post(f"{path(environment)}/clock/advance", body)
    assert response.status_code in (400, 422)
    assert Environment.objects.get(pk=environment.environment_id).advancing_to is None


def test_the_web_pages_that_may_read_answers_are_listed(environment: Scope, facts: Callable[[], list[str]]) -> None:
    client, wanted = with_key(), ["https://shop.example", "http://localhost:3000"]
    answer = client.patch(path(environment), {"allowed_origins": wanted})
    assert (answer.status_code, answer.json()["allowed_origins"]) == (200, sorted(wanted))
    assert facts().count("environment.origins_allowed") == 1
    assert client.patch(path(environment), {"allowed_origins": wanted}).status_code == 200
    assert client.patch(path(environment), {}).json()["allowed_origins"] == sorted(wanted)
    assert facts().count("environment.origins_allowed") == 1


@pytest.mark.parametrize(
    "wanted", [["shop.example"], ["*"], ["https://shop.example/"], ["https://a.example"] * 21, "https://a.example"]
)
def test_what_is_no_origin_is_refused(environment: Scope, wanted: object) -> None:
    refused = with_key().patch(path(environment), {"allowed_origins": wanted})
    assert problem(refused) == (422, "validation_failed")
    assert Environment.objects.get(pk=environment.environment_id).allowed_origins == []


def test_a_live_environment_allows_https_only(live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        client = with_key()
    refused = client.patch(path(live_environment), {"allowed_origins": ["http://shop.example"]})
    assert problem(refused) == (422, "origin_refused")
    assert Environment.objects.get(pk=live_environment.environment_id).allowed_origins == []


def test_another_environments_pages_are_not_decided_about(environment: Scope, live_environment: Scope) -> None:
    refused = with_key().patch(path(live_environment), {"allowed_origins": ["https://shop.example"]})
    assert problem(refused) == (404, "not_found")
    reader = with_key("read").patch(path(environment), {"allowed_origins": ["https://shop.example"]})
    assert problem(reader) == (403, "missing_scope")
    assert not Environment.objects.exclude(allowed_origins=[]).exists()


def test_a_clock_that_was_never_moved_is_real_time(environment: Scope) -> None:
    seen = with_key().get(f"{path(environment)}/clock").json()
    assert (seen["state"], seen["clock_at"], seen["move"], seen["happened"]) == ("real_time", None, None, [])


def test_whoever_moves_a_clock_can_ask_how_far_it_is_and_what_happened(
    environment: Scope, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]
) -> None:
    freeze(NOON)
    client = with_key()
    moved = client.post(f"{path(environment)}/clock/advance", {"by_days": 1})
    assert moved["Location"] == f"{path(environment)}/clock"
    for _ in ("before its beginning is relayed", "after that"):
        moving = client.get(moved["Location"]).json()
        assert (moving["state"], moving["advancing_to"]) == ("moving", "2026-01-16T12:00:00Z")
        assert moving["move"] == {
            "starts_at": "2026-01-15T12:00:00Z", "to": "2026-01-16T12:00:00Z", "percent": 0, "facts": 0, "counts": {},
        }  # fmt: skip
        relay_here()
    subscription = subscribe(make_customer(), make_plan(monthly("0", interval="day")))
    run_jobs()
    arrived = client.get(f"{moved['Location']}?limit=2").json()
    assert (arrived["state"], arrived["clock_at"]) == ("stopped", "2026-01-16T12:00:00Z")
    assert arrived["move"]["percent"] == 100
    assert arrived["move"]["counts"]["subscription.renewed"] == 1
    told = arrived["happened"]
    while told[-1]["sequence"] < arrived["last_sequence"] or len(told) < arrived["move"]["facts"]:
        page = client.get(f"{moved['Location']}?after={told[-1]['sequence']}&limit=100").json()
        told += page["happened"]
    assert len(told) == arrived["move"]["facts"]
    assert [one["sequence"] for one in told] == sorted(one["sequence"] for one in told)
    renewed = next(one for one in told if one["type"] == "subscription.renewed")
    assert (renewed["subject"], renewed["at"]) == (subscription.public_id, "2026-01-16T12:00:00Z")
    assert not [one for one in told if one["type"].startswith("environment.clock")]


def test_the_next_move_lists_what_happened_in_it(
    environment: Scope, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]
) -> None:
    freeze(NOON)
    client = with_key()
    for days in (1, 2):
        client.post(f"{path(environment)}/clock/advance", {"by_days": days})
        run_jobs()
        freeze(Environment.objects.get(pk=environment.environment_id).clock_at or NOON)
    seen = client.get(f"{path(environment)}/clock").json()
    assert (seen["move"]["starts_at"], seen["move"]["to"]) == ("2026-01-16T12:00:00Z", "2026-01-18T12:00:00Z")
    assert seen["move"]["facts"] == 0


@pytest.mark.parametrize("query", ["after=-1", "after=x", f"after={'9' * 19}", "limit=0", "since=1"])
def test_a_wrong_place_is_refused(environment: Scope, query: str) -> None:
    assert problem(with_key().get(f"{path(environment)}/clock?{query}"))[0] == 400


def test_another_environments_clock_is_not_shown(environment: Scope, live_environment: Scope) -> None:
    assert problem(with_key().get(f"{path(live_environment)}/clock")) == (404, "not_found")


def test_asking_for_a_clock_costs_the_same_however_much_happened(
    environment: Scope, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]
) -> None:
    freeze(NOON)
    client, counts = with_key(), []
    client.get(f"{path(environment)}/clock")
    for _ in range(2):
        subscribe(make_customer(), make_plan(monthly("0", interval="day")))
        client.post(f"{path(environment)}/clock/advance", {"by_days": 1})
        run_jobs()
        freeze(Environment.objects.get(pk=environment.environment_id).clock_at or NOON)
        with CaptureQueriesContext(connection) as captured:
            client.get(f"{path(environment)}/clock")
        counts.append(len(captured))
    assert counts[0] == counts[1]
