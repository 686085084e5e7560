"""A fact on its way to its handler: once in effect, in order, tried again by its policy, and parked behind the dead."""

from datetime import timedelta

import pytest
from django.db import transaction

from core import events
from core.retry import POLICIES, delay
from jobs.models import Job
from jobs.services import discard_job, requeue_job
from outbox import internal, selectors
from outbox.models import OutboxEvent, Receipt
from outbox.tests.kinds import heard, hearing, note

pytestmark = pytest.mark.django_db
HEAR = "outbox.hear"


@pytest.fixture
def happened(environment) -> None:
    """Three facts about one thing and one about another, relayed."""
    for number, subject in ((1, "sub_a"), (2, "sub_a"), (3, "sub_a"), (4, "sub_b")):
        with transaction.atomic():
            note(number, subject)
    internal.relay_here()


@pytest.fixture
def failing() -> None:
    """The first fact about `sub_a` is not to be heard."""

    def fail(event) -> None:
        if event.number == 1:
            raise ZeroDivisionError("not today")

    hearing.append(fail)


def job_of(number: int) -> Job:
    row = OutboxEvent.objects.get(data__number=number)
    return Job.objects.get(kind="outbox.handle", key=f"{row.event_id}:{HEAR}")


def handle(number: int, **how) -> None:
    internal.handle(event_id=OutboxEvent.objects.get(data__number=number).event_id, handler_name=HEAR, **how)


def kill(number: int) -> Job:
    """Use up all but its last attempt, which fails when the jobs are run."""
    row = job_of(number)
    Job.objects.filter(pk=row.pk).update(attempts=row.max_attempts - 1)
    return row


def stuck() -> tuple[int, int]:
    health = selectors.get_health()
    return health.dead, health.parked


def test_a_failing_handler_is_tried_nine_times_within_ten_minutes(happened):
    assert job_of(1).max_attempts == POLICIES["outbox"].max_attempts == 9
    waits = [delay("outbox", failures) for failures in range(1, 9)]
    assert waits == [timedelta(seconds=one) for one in (1, 4, 9, 16, 30, 60, 120, 300)]
    assert [delay("outbox", 8, jitter) for jitter in (0, 1)] == [timedelta(seconds=one) for one in (240, 360)]


def test_while_one_fails_what_comes_after_it_waits_and_others_do_not(happened, failing, run_jobs):
    run_jobs()
    assert heard == [("sub_b", 4)]
    assert (job_of(1).state, job_of(2).state, job_of(2).attempts) == ("failed", "pending", 0)
    assert stuck() == (0, 0)


def test_a_dead_letter_parks_only_what_comes_after_it(happened, failing, run_jobs):
    kill(1)
    run_jobs()

    assert heard == [("sub_b", 4)]
    assert stuck() == (1, 2)
    assert [job_of(number).state for number in (1, 2, 3, 4)] == ["dead", "pending", "pending", "succeeded"]


def test_requeued_it_goes_first_and_the_parked_follow_in_order(happened, failing, run_jobs, actor, now):
    dead = kill(1)
    run_jobs()
    hearing.clear()
    requeue_job(job_id=dead.id, reason="mended", actor=actor, now=now)
    run_jobs()

    assert heard == [("sub_b", 4), ("sub_a", 1), ("sub_a", 2), ("sub_a", 3)]
    assert stuck() == (0, 0)


def test_skipped_with_a_reason_it_lets_the_parked_go_on_in_order(happened, failing, run_jobs, actor, now):
    dead = kill(1)
    run_jobs()
    discard_job(job_id=dead.id, reason="it cannot be mended", actor=actor, now=now)
    run_jobs()

    assert heard == [("sub_b", 4), ("sub_a", 2), ("sub_a", 3)]
    assert stuck() == (0, 0)


@pytest.mark.parametrize(
    "damage",
    ["type = 'test.forgotten'", "data = '{}'::jsonb", "data = '[]'::jsonb"],
)
def test_what_this_code_cannot_read_is_dead_at_once(happened, owner_sql, run_jobs, damage):
    owner_sql(f"UPDATE outbox_outboxevent SET {damage} WHERE sequence = 1")
    run_jobs()

    dead = Job.objects.get(kind="outbox.handle", key__endswith=HEAR, state="dead")
    assert (dead.attempts, "unreadable_fact" in dead.last_error or "UnreadableFact" in dead.last_error) == (1, True)
    assert heard == [("sub_b", 4)]


def test_the_inbox_knows_what_was_dealt_with_and_of_which_version(happened):
    handle(1)
    handle(1)
    assert heard == [("sub_a", 1)]
    receipt = Receipt.objects.get(consumer=HEAR)
    assert (receipt.subject, receipt.aggregate_version) == ("sub_a", 1)


def test_the_inbox_ignores_what_is_older_than_what_was_dealt_with(happened):
    handle(2)
    handle(1)
    handle(4)
    assert heard == [("sub_a", 2), ("sub_b", 4)]


def test_the_effect_and_its_receipt_are_one_transaction(happened, failing):
    with pytest.raises(ZeroDivisionError):
        handle(1)
    assert not Receipt.objects.filter(consumer=HEAR).exists()
    hearing.clear()
    handle(1)
    assert heard == [("sub_a", 1)]


def test_each_handler_has_an_inbox_of_its_own(happened):
    handle(1)
    internal.handle(event_id=OutboxEvent.objects.get(data__number=1).event_id, handler_name="webhooks.queue_deliveries")
    assert Receipt.objects.filter(aggregate_version=1, subject="sub_a").count() == 2


def test_a_handler_that_the_code_has_no_more_is_asked_for_again(happened, run_jobs, monkeypatch):
    """Another process may know it: an old worker is not to bury what a newer relay wrote."""
    monkeypatch.delitem(events._handlers, HEAR)
    run_jobs()
    assert (job_of(1).state, heard) == ("failed", [])
