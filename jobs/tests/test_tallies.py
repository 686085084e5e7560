"""Counting what the workers do."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core import clock
from core.tenancy.system import system_scope
from jobs import claims, internal, selectors, tallies
from jobs.models import QueueHour
from jobs.services import enqueue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_has_looked(monkeypatch) -> None:
    monkeypatch.setattr(tallies, "_polled", {})


def counted(queue: str = "q:mail") -> tuple[int, int, int, int]:
    found = selectors.list_queues()[queue]
    return found.processed, found.succeeded, found.failed, found.dead_lettered


def test_a_slice_of_work_is_added_to_its_queue_in_one_statement():
    for key in "abc":
        enqueue("test.note", payload={}, key=key)
    enqueue("test.fail", payload={}, key="d")
    enqueue("test.refuse", payload={}, key="e")
    with CaptureQueriesContext(connection) as captured:
        internal.work("q:mail", seconds=5)

    assert len([one for one in captured if "jobs_queuehour" in one["sql"]]) == 1
    assert counted() == (5, 3, 1, 1)
    enqueue("test.note", payload={}, key="f")
    internal.work("q:mail", seconds=5)
    assert counted() == (6, 4, 1, 1)
    assert counted("q:out:relay") == (0, 0, 0, 0)


def test_an_idle_look_is_written_down_only_once_in_a_while(monkeypatch):
    internal.work("q:mail", seconds=5)
    first = selectors.list_queues()["q:mail"].last_poll_at
    assert first is not None
    internal.work("q:mail", seconds=5)
    assert selectors.list_queues()["q:mail"].last_poll_at == first

    monkeypatch.setattr(tallies, "_polled", {"q:mail": clock.monotonic() - tallies.POLL_S})
    internal.work("q:mail", seconds=5)
    assert selectors.list_queues()["q:mail"].last_poll_at > first


def test_buried_poison_is_counted_as_dead():
    enqueue("test.note", payload={}, key="a")
    for _ in range(4):
        assert claims.of_queues("q:mail")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE jobs_job SET lease_until = clock_timestamp() - interval '1 second'")
    internal.sweep()

    assert counted() == (1, 0, 0, 1)


def test_counts_that_do_not_add_up_are_impossible():
    internal.work("q:mail", seconds=5)
    with (
        system_scope("test"),
        pytest.raises(IntegrityError, match="jobs_queue_hour_adds_up"),
        transaction.atomic(),
    ):
        QueueHour.objects.update(processed=1)

    assert counted() == (0, 0, 0, 0)
