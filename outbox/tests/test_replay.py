"""Facts of the past go to one handler once more: chosen, audited, and once in effect unless it is asked for again."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.tests.factories import make_key
from audit.models import Entry
from core import errors, ids, tenancy
from core.models import scope_of
from jobs.models import Job
from outbox import internal, replaying
from outbox.models import OutboxEvent, Receipt
from outbox.replaying import Choice
from outbox.tests.kinds import heard, note
from tests.fixtures import Api

pytestmark = pytest.mark.django_db
HEAR = "outbox.hear"
REPLAY = "/api/outbox/replay"


@pytest.fixture
def handled(environment, run_jobs) -> None:
    """Four facts, all dealt with."""
    for number, subject in ((1, "sub_a"), (2, "sub_a"), (3, "sub_b"), (4, "sub_a")):
        with transaction.atomic():
            note(number, subject)
    run_jobs()
    heard.clear()


def fact(number: int) -> OutboxEvent:
    return OutboxEvent.objects.get(data__number=number)


@pytest.fixture
def replay(actor, now, run_jobs) -> Any:
    def go(*, again: bool = True, handler: str = HEAR, **choice: Any) -> list[int]:
        replaying.replay_facts(
            handler=handler, choice=Choice(**choice), again=again, reason="to see", actor=actor, now=now
        )
        run_jobs()
        numbers = [number for _, number in heard]
        heard.clear()
        return numbers

    return go


def test_by_id_by_place_by_time_and_by_type(handled, replay, owner_sql):
    owner_sql("UPDATE outbox_outboxevent SET created_at = created_at - (10 - sequence) * interval '1 hour'")
    places = {number: fact(number).sequence for number in (1, 2, 3, 4)}
    assert sorted(replay(ids=[fact(2).event_id, fact(3).event_id])) == [2, 3]
    assert replay(from_sequence=places[2], to_sequence=places[3]) == [2, 3]
    assert replay(since=fact(3).created_at, until=fact(4).created_at) == [3]
    assert sorted(replay(types=["test.noted"])) == [1, 2, 3, 4]
    assert replay(types=["invoice.paid"]) == []


def test_what_was_dealt_with_is_left_alone_unless_it_is_asked_for_again(handled, replay):
    assert replay(again=False, types=["test.noted"]) == []
    assert replay(again=True, ids=[fact(1).event_id]) == [1]


def test_again_is_once_per_replay_however_often_its_job_runs(handled, actor, now, run_jobs):
    begun = replaying.begin_replay(
        handler=HEAR, choice=Choice(types=["test.noted"]), again=True, reason="x y z", actor=actor, now=now
    )
    for _ in range(2):
        assert replaying.replay_batch(begun, after=0)[0] == begun.facts == 4
    run_jobs()
    internal.handle(event_id=fact(1).event_id, handler_name=HEAR, again=begun.id)
    assert sorted(heard) == [("sub_a", 1), ("sub_a", 2), ("sub_a", 4), ("sub_b", 3)]
    assert [number for subject, number in heard if subject == "sub_a"] == [1, 2, 4]


def test_what_a_new_handler_has_missed_it_is_told_in_order(handled, replay):
    """As if the handler had been written after the facts: it has no receipts."""
    Receipt.objects.filter(consumer=HEAR).delete()
    assert [number for number in replay(again=False, types=["test.noted"]) if number != 3] == [1, 2, 4]
    assert replay(again=False, types=["test.noted"]) == []


def test_it_takes_nothing_that_was_published_later(handled, actor, now, run_jobs):
    begun = replaying.begin_replay(
        handler=HEAR, choice=Choice(from_sequence=1), again=True, reason="x y z", actor=actor, now=now
    )
    with transaction.atomic():
        note(5, "sub_a")
    run_jobs()
    heard.clear()
    replaying.replay_batch(begun, after=0)
    run_jobs()
    assert sorted(number for _, number in heard) == [1, 2, 3, 4]


def test_a_delivery_that_must_not_happen_twice_is_kept_from_it_by_its_own_key(handled, replay):
    before = Job.objects.filter(kind__startswith="webhooks").count()
    replay(handler="webhooks.queue_deliveries", types=["test.noted"])
    assert Receipt.objects.filter(consumer__startswith="webhooks.queue_deliveries#").count() == 4
    assert Job.objects.filter(kind__startswith="webhooks").count() == before


def test_it_is_written_down_with_its_reason(handled, replay):
    replay(ids=[fact(1).event_id])
    entry = Entry.objects.get(action="outbox.replayed")
    assert entry.actor == "key:key_test"
    assert all(word in entry.text for word in ('"facts":1', '"again":true', '"reason":"to see"', HEAR))


@pytest.mark.parametrize(
    ("handler", "choice", "code"),
    [
        ("billing.eat_invoice", {"types": ["test.noted"]}, "replay_unknown_handler"),
        (HEAR, {}, "replay_nothing_chosen"),
    ],
)
def test_nonsense_is_refused(handled, actor, now, handler, choice, code):
    before = Job.objects.count(), OutboxEvent.objects.count()
    with pytest.raises(errors.Invalid) as refused:
        replaying.replay_facts(
            handler=handler, choice=Choice(**choice), again=False, reason="x y z", actor=actor, now=now
        )
    assert refused.value.code == code
    assert (Job.objects.count(), OutboxEvent.objects.count()) == before


def test_more_than_a_request_may_ask_for_is_refused_whole(handled, actor, now, monkeypatch):
    monkeypatch.setattr(replaying, "MOST", 3)
    before = Job.objects.count(), OutboxEvent.objects.count()
    with pytest.raises(replaying.TooManyFacts):
        replaying.replay_facts(
            handler=HEAR, choice=Choice(types=["test.noted"]), again=True, reason="x y z", actor=actor, now=now
        )
    assert (Job.objects.count(), OutboxEvent.objects.count()) == before


def test_many_batches_take_all_of_them(handled, replay, monkeypatch):
    monkeypatch.setattr(replaying, "BATCH", 3)
    assert sorted(replay(types=["test.noted"])) == [1, 2, 3, 4]


def test_another_environments_facts_are_not_replayed(handled, live_environment, actor, now, run_jobs):
    mine = fact(1).event_id
    with tenancy.scope(live_environment):
        begun = replaying.replay_facts(
            handler=HEAR, choice=Choice(ids=[mine]), again=True, reason="x y z", actor=actor, now=now
        )
        run_jobs()
    assert (begun.facts, heard) == (0, [])


@pytest.fixture
def operator(environment) -> Api:
    with tenancy.scope(scope_of(tenancy.PLATFORM_ID)):
        api = Api(make_key(type="system"))
    api.headers |= {"X-Environment": ids.encode("env", environment.environment_id)}
    return api


def test_an_operator_replays_over_the_api_once_per_key(handled, operator, run_jobs):
    body = {"handler": HEAR, "ids": [fact(2).public_id], "again": True, "reason": "to see"}
    first = operator.post(REPLAY, body, key="one")
    second = operator.post(REPLAY, body, key="one")
    run_jobs()

    assert (first.status_code, first.json()["facts"], second.json()) == (202, 1, first.json())
    assert heard == [("sub_a", 2)]


def test_a_secret_key_may_not(handled, api):
    before = Job.objects.count()
    response = api.post(REPLAY, {"handler": HEAR, "types": ["test.noted"], "reason": "to see"})
    assert (response.status_code, response.json()["code"]) == (403, "wrong_credentials")
    assert Job.objects.count() == before


def test_the_command_replays_and_says_how_many(handled, run_jobs, capsys):
    call_command(
        "replay_facts", HEAR, "--environment", "sandbox", "--type", "test.noted", "--again", "--reason", "to see"
    )
    run_jobs()
    assert "4 facts go to outbox.hear" in capsys.readouterr().out
    assert sorted(number for _, number in heard) == [1, 2, 3, 4]


def test_the_command_says_what_is_wrong(handled):
    with pytest.raises(CommandError, match="handler"):
        call_command("replay_facts", "no.body", "--environment", "sandbox", "--type", "test.noted", "--reason", "x")
    with pytest.raises(CommandError, match="no environment"):
        call_command("replay_facts", HEAR, "--environment", "moon", "--type", "test.noted", "--reason", "x")


def test_a_fact_of_the_last_hour_is_within_it(handled, replay):
    at = fact(4).created_at
    assert 4 in replay(since=at, until=at + timedelta(hours=1))
