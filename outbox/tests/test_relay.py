"""From a fact in a transaction to its handlers, once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from core import clock, events, tenancy
from core.events import Handler
from jobs.models import Job
from jobs.services import NewJob, enqueue_many
from outbox import internal, selectors
from outbox.models import OutboxEvent, Receipt
from outbox.services import send_test_fact
from outbox.tests.kinds import heard, note

pytestmark = pytest.mark.django_db


def happen(number: int, subject: str = "sub_1") -> None:
    with transaction.atomic():
        note(number, subject)


def test_a_rolled_back_change_publishes_nothing(environment):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        happen(1)
        raise ZeroDivisionError

    assert not OutboxEvent.objects.exists()


def test_facts_are_numbered_densely_from_one(environment):
    for number in range(3):
        happen(number)
    internal.relay_here()
    happen(3)
    internal.relay_here()

    assert [fact.sequence for fact in selectors.list_facts(after=0, limit=10)] == [1, 2, 3, 4]
    assert [fact.data["number"] for fact in selectors.list_facts(after=2, limit=10)] == [2, 3]


def test_each_environment_has_its_own_order(environment, live_environment):
    happen(1)
    with tenancy.scope(live_environment):
        happen(2)
        internal.relay_here()
        assert [fact.sequence for fact in selectors.list_facts(after=0, limit=10)] == [1]
    internal.relay_here()

    assert [fact.data["number"] for fact in selectors.list_facts(after=0, limit=10)] == [1]


def test_a_handler_hears_each_fact_once_in_order(environment, run_jobs):
    for number in range(5):
        happen(number)
    run_jobs()
    run_jobs()

    assert heard == [("sub_1", number) for number in range(5)]


def test_a_fact_that_comes_twice_has_its_effect_once(environment, run_jobs):
    happen(7)
    run_jobs()
    row = OutboxEvent.objects.get()
    internal.handle(event_id=row.event_id, handler_name="outbox.hear")

    assert heard == [("sub_1", 7)]
    assert Receipt.objects.filter(consumer="outbox.hear").count() == 1


def test_a_fact_outside_a_transaction_is_refused(environment, monkeypatch):
    connection = transaction.get_connection()
    monkeypatch.setattr(connection, "in_atomic_block", False)
    with pytest.raises(RuntimeError, match="outside a transaction"):
        note(1)


def test_relaying_many_facts_takes_a_constant_number_of_queries(environment, django_assert_num_queries):
    for number in range(40):
        happen(number)
    with django_assert_num_queries(7):
        internal.relay_batch()


def as_enqueue_many_writes_it(fact: OutboxEvent) -> list[NewJob]:
    return [
        NewJob(
            kind="outbox.handle", payload={"event": str(fact.event_id), "handler": handler.name},
            key=f"{fact.event_id}:{handler.name}", ordering_key=f"{handler.name}:{fact.subject}",
            ordering_rank=fact.sequence or 0, correlation_id=fact.request_id,
        )
        for handler in events.handlers_of(fact.type)
    ]  # fmt: skip


def every_column() -> list[tuple[Any, ...]]:
    """Every column of every job but its id, in the order of the ids."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (to_jsonb(job) - 'id')::text FROM jobs_job job ORDER BY id")
        return list(cursor.fetchall())


def publish_several(actor: Any, now: Any) -> None:
    """Facts of several types, one of which no code knows any more and everybody who hears everything still hears."""
    for number in range(3):
        happen(number, f"sub_{number % 2}")
        send_test_fact(note=f'é \\ " {number}', actor=actor, now=now)


def test_the_jobs_are_those_that_enqueue_many_would_write(environment, actor, now, freeze, monkeypatch, owner_sql):
    monkeypatch.setitem(events._handlers, "Z.last", Handler(name="Z.last", type="test.noted", call=print))
    freeze(now)
    wall = clock.wall()
    monkeypatch.setattr(clock, "wall", lambda: wall)
    publish_several(actor, now)
    events.flush()
    owner_sql(
        "UPDATE outbox_outboxevent SET type = 'test.forgotten' WHERE id = (SELECT max(id) FROM outbox_outboxevent)"
    )
    internal.relay_batch()
    found = every_column()

    owner_sql("DELETE FROM jobs_job")
    enqueue_many([job for fact in facts_in_order() for job in as_enqueue_many_writes_it(fact)])
    assert found == every_column()
    assert len(found) == 3 * 3 + 3 * 1
    assert [job.payload["handler"] for job in Job.objects.order_by("id")[:3]] == sorted(
        ["Z.last", "outbox.hear", "webhooks.queue_deliveries"]
    )


def facts_in_order() -> list[OutboxEvent]:
    return list(OutboxEvent.objects.order_by("sequence"))


def test_a_job_that_is_there_is_left_as_it_is(environment):
    happen(1)
    events.flush()
    fact = OutboxEvent.objects.get()
    enqueue_many([NewJob(kind="outbox.handle", payload={"event": "other"}, key=f"{fact.event_id}:outbox.hear")])
    before = Job.objects.get().id
    internal.relay_batch()

    assert Job.objects.get(key=f"{fact.event_id}:outbox.hear").payload == {"event": "other"}
    assert Job.objects.filter(key__startswith=str(fact.event_id)).count() == len(events.handlers_of("test.noted"))
    assert Job.objects.filter(id=before).exists()


def test_the_workers_are_woken_once_and_only_for_jobs(environment, monkeypatch):
    woken: list[str] = []
    monkeypatch.setattr("jobs.nudges.after_commit", woken.append)
    internal.relay_batch()
    assert woken == []

    for number in range(3):
        happen(number)
    internal.relay_batch()
    assert woken == ["q:out:relay"]


def test_facts_that_nobody_hears_get_their_places_all_the_same(environment, monkeypatch):
    monkeypatch.setattr(events, "_handlers", {})
    happen(1)
    assert internal.relay_batch() == 1

    assert OutboxEvent.objects.get().sequence == 1
    assert not Job.objects.exists()


def test_a_full_batch_is_followed_by_another(environment, monkeypatch):
    monkeypatch.setattr(internal, "BATCH", 2)
    for number in range(5):
        happen(number)
    assert internal.relay_here() == 5

    jobs = Job.objects.filter(payload__handler="outbox.hear").order_by("id")
    assert [job.ordering_rank for job in jobs] == [1, 2, 3, 4, 5]


def test_the_health_says_what_is_pending_and_whether_a_relay_lives(environment):
    happen(1)
    assert (selectors.get_health().pending_events, selectors.get_health().dispatcher_running) == (1, False)

    internal.relay()
    assert (selectors.get_health().pending_events, selectors.get_health().dispatcher_running) == (0, True)


def test_a_fact_is_found_by_its_id_once_it_is_relayed(environment):
    happen(1)
    event_id = OutboxEvent.objects.get().public_id
    assert selectors.find_fact(event_id) is None

    internal.relay_here()
    found = selectors.find_fact(event_id)
    assert found is not None
    assert found.sequence == 1


def test_facts_are_found_by_the_real_time_of_their_recording(environment, owner_sql):
    for number in range(3):
        happen(number)
    internal.relay_here()
    owner_sql("UPDATE outbox_outboxevent SET created_at = created_at - sequence * interval '1 hour'")
    first = OutboxEvent.objects.get(sequence=2).created_at

    found = selectors.list_facts_between(first, first + timedelta(minutes=30), limit=10)
    assert [fact.sequence for fact in found] == [2]
