"""A gateway asked within a request: whoever dies, wherever, one effect and one answer."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog
from django.db import connection

from core import clock, failpoints, health, invariants, tenancy
from core.http import gateway
from core.idempotency import claims, completing, effects, steps
from core.models import IdempotencyRecord, Tenant
from core.tests.http.conftest import Caller, problem
from core.tests.http.edge import CHARGING, Charging

pytestmark = pytest.mark.django_db

PAY = "/api/v1/things/pay"
CARD, TOKEN = {"card": "4242"}, {"token": "tok_1"}
# Everywhere a process can die, in order, and whether the gateway has acted by then.
POINTS = {
    "idempotency.claimed": False, "idempotency.intending": False, "idempotency.intended": False,
    "idempotency.asked": True, "idempotency.noting": True, "idempotency.answered": True, "idempotency.finishing": True,
}  # fmt: skip


class Killed(BaseException):
    """The process dies: nothing that catches exceptions runs, and open transactions are lost."""


@pytest.fixture(autouse=True)
def counter() -> Iterator[Charging]:
    """The gateway's counter, empty."""
    CHARGING.__init__()  # type: ignore[misc]
    yield CHARGING
    CHARGING.__init__()  # type: ignore[misc]


def record() -> IdempotencyRecord:
    return IdempotencyRecord.objects.get(key="a-key-of-the-client")


def abandon() -> None:
    """Let the leases of all requests under way run out."""
    past = clock.wall() - timedelta(seconds=1)
    IdempotencyRecord.objects.filter(state="in_flight").update(locked_until=past)


def paid() -> int:
    return Tenant.objects.filter(name="paid").count()


def die_at(monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    def reach(name: str) -> None:
        if name == point:
            raise Killed

    monkeypatch.setattr(failpoints, "reach", reach)


def killed_at(point: str, edge: Caller, body: Any) -> None:
    with pytest.MonkeyPatch.context() as patched, pytest.raises(Killed):
        die_at(patched, point)
        edge.post(PAY, body, X_Request_ID="the-killed-one")


def test_a_gateway_is_asked_once_and_every_repeat_gets_the_answer(edge: Caller, counter: Charging) -> None:
    first = edge.post(PAY, TOKEN, X_Request_ID="first-request")
    assert (first.status_code, first.json()["said"]) == (201, "paid")
    assert first.headers["Idempotency-Key"] == "a-key-of-the-client"
    assert "Idempotent-Replayed" not in first.headers
    repeat = edge.post(PAY, TOKEN)
    assert (repeat.status_code, repeat.content) == (201, first.content)
    assert repeat.headers["Idempotent-Replayed"] == "true"
    assert repeat.headers["X-Original-Request-Id"] == "first-request"
    assert (counter.asked, paid()) == (1, 1)
    assert (record().state, record().recovery_point, record().fence) == ("completed", "finished", 1)


def test_no_transaction_is_open_while_the_gateway_is_asked(edge: Caller, counter: Charging) -> None:
    seen: list[Any] = []
    counter.meanwhile = lambda: seen.append(
        (record().recovery_point, [one for one in connection.atomic_blocks if not vars(one)["_from_testcase"]])
    )
    edge.post(PAY, TOKEN)
    assert seen == [("intent_recorded", [])]


def test_a_repeat_meanwhile_is_told_at_once(edge: Caller, counter: Charging) -> None:
    answers: list[Any] = []
    counter.meanwhile = lambda: answers.extend([edge.post(PAY, TOKEN), edge.post(PAY, CARD)])
    assert edge.post(PAY, TOKEN).status_code == 201
    same, other = answers
    assert (problem(same), same.headers["Retry-After"]) == ((409, "idempotency_in_progress"), "1")
    assert problem(other) == (422, "idempotency_key_reused")
    assert (counter.asked, paid()) == (1, 1)


def test_other_principals_and_environments_have_keys_of_their_own(
    edge: Caller, counter: Charging, live_environment: tenancy.Scope
) -> None:
    edge.post(PAY, TOKEN)
    assert "Idempotent-Replayed" not in edge.post(PAY, TOKEN, who="key2").headers
    with tenancy.scope(live_environment):
        assert "Idempotent-Replayed" not in edge.post(PAY, TOKEN).headers
    assert (counter.asked, paid()) == (3, 3)


def test_such_a_route_needs_a_key(edge: Caller, counter: Charging) -> None:
    assert problem(edge.post(PAY, TOKEN, key=None)) == (400, "idempotency_key_missing")
    assert counter.asked == 0


def test_a_refusal_of_the_intent_is_kept(edge: Caller, counter: Charging) -> None:
    first = edge.post(PAY, {"refuse": True})
    assert problem(first) == (409, "already_there")
    assert edge.post(PAY, {"refuse": True}).content == first.content
    assert (counter.asked, Tenant.objects.filter(slug__startswith="intent").count()) == (0, 0)


@pytest.mark.parametrize(("body", "status"), [({"invalid": True}, 422), ({"fail": True}, 500)])
def test_what_is_no_result_gives_the_key_back(edge: Caller, counter: Charging, body: Any, status: int) -> None:
    assert edge.post(PAY, body).status_code == status
    assert not IdempotencyRecord.objects.exists()
    assert counter.asked == 0
    assert edge.post(PAY, TOKEN).status_code == 201


def test_a_refusal_of_the_gateway_is_kept(edge: Caller, counter: Charging) -> None:
    counter.declines = True
    first = edge.post(PAY, TOKEN, X_Request_ID="first-request")
    assert problem(first) == (402, "card_declined")
    repeat = edge.post(PAY, TOKEN)
    assert (repeat.status_code, repeat.content, repeat.headers["Idempotent-Replayed"]) == (402, first.content, "true")
    assert (counter.asked, paid()) == (1, 0)


def test_while_nobody_knows_the_answer_is_202_and_the_same_request_tells_later(edge: Caller, counter: Charging) -> None:
    counter.is_silent = True
    waiting = edge.post(PAY, TOKEN)
    assert (waiting.status_code, waiting.json(), waiting.headers["Retry-After"]) == (
        202,
        {"status": "processing"},
        "15",
    )
    assert problem(edge.post(PAY, TOKEN)) == (409, "idempotency_in_progress")
    assert (record().state, record().recovery_point) == ("in_flight", "intent_recorded")
    counter.is_silent = False
    abandon()
    told = edge.post(PAY, TOKEN)
    assert (told.status_code, "Idempotent-Replayed" in told.headers) == (201, False)
    assert edge.post(PAY, TOKEN).headers["Idempotent-Replayed"] == "true"
    assert (counter.charges, paid()) == (1, 1)


def test_a_silent_gateway_that_had_acted_is_not_made_to_act_again(edge: Caller, counter: Charging) -> None:
    counter.is_silent, counter.acts_when_silent = True, True
    assert edge.post(PAY, TOKEN).status_code == 202
    counter.is_silent = False
    abandon()
    assert completing.complete_abandoned() == 1
    assert edge.post(PAY, TOKEN).json()["said"] == "paid"
    assert (counter.charges, paid()) == (1, 1)


@pytest.mark.parametrize("point", POINTS)
def test_whoever_dies_is_finished_for_by_the_completer(point: str, edge: Caller, counter: Charging) -> None:
    killed_at(point, edge, TOKEN)
    assert problem(edge.post(PAY, TOKEN)) == (409, "idempotency_in_progress")
    assert completing.complete_abandoned() == 0, "the lease has not run out"
    abandon()
    assert completing.complete_abandoned() == 1
    assert not IdempotencyRecord.objects.filter(state="in_flight").exists()
    answered = edge.post(PAY, TOKEN)
    # Who had not recorded an intent has done nothing: the repeat is the first. All others were finished for.
    is_new = point in ("idempotency.claimed", "idempotency.intending")
    assert (answered.status_code, "Idempotent-Replayed" not in answered.headers) == (201, is_new)
    assert (counter.charges, paid()) == (1, 1)
    assert [
        rule.code for rule in invariants.rules() if "idempotency" in rule.code and invariants.broken(rule.code)
    ] == []


@pytest.mark.parametrize("point", POINTS)
def test_whoever_dies_is_finished_for_by_a_repeat(point: str, edge: Caller, counter: Charging) -> None:
    killed_at(point, edge, TOKEN)
    abandon()
    answered = edge.post(PAY, TOKEN)
    assert (answered.status_code, answered.json()["said"]) == (201, "paid")
    assert edge.post(PAY, TOKEN).content == answered.content
    assert (counter.charges, paid()) == (1, 1)
    assert record().fence == 2


@pytest.mark.parametrize("who", ["completer", "repeat"])
@pytest.mark.parametrize(("point", "has_acted"), POINTS.items())
def test_what_only_the_request_knew_is_never_needed_twice(
    point: str, has_acted: bool, who: str, edge: Caller, counter: Charging
) -> None:
    killed_at(point, edge, CARD)
    abandon()
    if who == "completer":
        assert completing.complete_abandoned() == 1
    answered = edge.post(PAY, CARD)
    # What the gateway never heard of is forgotten, and the repeat brings the card again.
    is_replay = "Idempotent-Replayed" in answered.headers
    assert (answered.status_code, is_replay) == (201, has_acted and who == "completer")
    assert (counter.charges, paid()) == (1, 1)
    given_up = Tenant.objects.filter(name="given up").count()
    assert given_up == (1 if point == "idempotency.intended" else 0)
    assert "4242" not in repr(list(IdempotencyRecord.objects.values()))


def test_an_owner_who_was_paused_and_finished_for_writes_nothing(edge: Caller, counter: Charging) -> None:
    def overtaken() -> None:
        counter.meanwhile = None
        abandon()
        assert completing.complete_abandoned() == 1

    counter.acts_first, counter.meanwhile = True, overtaken
    answered = edge.post(PAY, TOKEN)
    assert (answered.status_code, answered.headers["Idempotent-Replayed"]) == (201, "true")
    assert (counter.charges, counter.notes, paid()) == (1, 1, 1)
    assert record().fence == 2


def test_an_owner_who_was_paused_and_taken_over_is_told_to_wait(edge: Caller, counter: Charging) -> None:
    def overtaken() -> None:
        IdempotencyRecord.objects.update(fence=7)

    counter.meanwhile = overtaken
    assert problem(edge.post(PAY, TOKEN)) == (409, "idempotency_in_progress")
    assert (counter.notes, paid(), record().recovery_point) == (0, 0, "intent_recorded")


def test_without_the_fence_the_overtaken_would_write(
    edge: Caller, counter: Charging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_ADVANCE", claims._ADVANCE.replace("AND fence = %(fence)s", ""))
    counter.meanwhile = lambda: IdempotencyRecord.objects.update(fence=7)
    edge.post(PAY, TOKEN)
    assert counter.notes == 1


@pytest.mark.parametrize("write", ["_ADVANCE", "_POSTPONE", "_KEEP", "_RELEASE"])
def test_every_write_compares_the_fence(write: str) -> None:
    assert re.search(r"WHERE .* AND fence = %(\(fence\))?s ", getattr(claims, write))


def test_one_that_fails_stops_no_other_and_is_tried_again(edge: Caller, counter: Charging) -> None:
    for key in ("broken", "sound"):
        with pytest.MonkeyPatch.context() as patched, pytest.raises(Killed):
            die_at(patched, "idempotency.asked")
            edge.post(PAY, TOKEN, key=key)
    IdempotencyRecord.objects.filter(key="broken").update(effect="tests.forgotten")
    abandon()
    with structlog.testing.capture_logs() as said:
        assert completing.complete_abandoned() == 1
    assert [one["event"] for one in said if one["log_level"] == "error"] == ["idempotency.not_completed"]
    states = dict(IdempotencyRecord.objects.values_list("key", "state"))
    assert states == {"broken": "in_flight", "sound": "completed"}
    IdempotencyRecord.objects.filter(key="broken").update(effect="tests.pay")
    assert completing.complete_abandoned() == 0, "it is leased to whoever failed"
    abandon()
    assert completing.complete_abandoned() == 1


def test_what_is_not_finished_in_a_day_is_an_alarm(edge: Caller, counter: Charging) -> None:
    counter.is_silent = True
    edge.post(PAY, TOKEN)
    abandon()
    with structlog.testing.capture_logs() as said:
        completing.complete_abandoned()
    assert "idempotency.stuck" not in [one["event"] for one in said]
    IdempotencyRecord.objects.update(created_at=clock.wall() - timedelta(hours=25))
    abandon()
    with structlog.testing.capture_logs() as said:
        completing.complete_abandoned()
    [alarm] = [one for one in said if one["event"] == "idempotency.stuck"]
    assert (alarm["log_level"], alarm["record"], alarm["effect"]) == ("error", record().public_id, "tests.pay")
    assert health.report("idempotency")["status"] == "degraded"
    assert invariants.broken("core.idempotency_none_stuck") != []


def test_the_completer_works_in_the_records_environment_and_under_its_requests_id(
    edge: Caller, counter: Charging, live_environment: tenancy.Scope
) -> None:
    with tenancy.scope(live_environment):
        killed_at("idempotency.intended", edge, TOKEN)
        abandon()
    assert completing.complete_abandoned() == 1
    assert counter.places == [(live_environment.environment_id, "the-killed-one")]


def test_two_effects_cannot_share_a_name() -> None:
    with pytest.raises(TypeError):
        effects.register("tests.pay", Charging())


def test_what_a_request_has_in_hand_does_not_show() -> None:
    assert "4242" not in repr(gateway.Begun(subject=clock.now, in_hand="4242"))
    assert steps.PATIENCE < claims.LEASE
