"""From a fact in a transaction to its handlers, once."""

from datetime import timedelta

import pytest
from django.db import transaction

from core import tenancy
from outbox import internal, selectors
from outbox.models import OutboxEvent, Receipt
from outbox.tests.kinds import heard, note

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_heard() -> None:
    heard.clear()


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
