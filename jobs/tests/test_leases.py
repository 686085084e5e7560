"""Keeping a lease while a job runs, and noticing that it was taken over."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction

from core import clock
from jobs import claims, internal, leases
from jobs.models import Job
from jobs.services import enqueue, still_mine
from jobs.tests import kinds
from tests.session import Database


def claim() -> claims.Claim:
    found = claims.of_queues("q:mail")
    assert found is not None
    return found


def let_lease_run_out() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE jobs_job SET lease_until = clock_timestamp() - interval '1 second'")


@pytest.mark.django_db
def test_a_heartbeat_begins_the_lease_anew():
    enqueue("test.note", payload={}, key="a")
    with leases.holding(claim()) as lease:
        let_lease_run_out()
        leases.keeper.beat()

        assert Job.objects.get().lease_until > clock.wall() + timedelta(seconds=50)
        assert not lease.is_lost
        assert still_mine()


@pytest.mark.django_db
def test_a_job_whose_lease_was_taken_over_is_told_to_stop():
    enqueue("test.note", payload={}, key="a")
    with leases.holding(claim()) as lease:
        let_lease_run_out()
        other = claim()
        before = Job.objects.get().lease_until
        leases.keeper.beat()

        assert lease.is_lost
        assert not still_mine()
        assert Job.objects.get().lease_until == before, "a heartbeat of the old fence extends nothing"
        assert claims.holds(other)


@pytest.mark.django_db
def test_a_job_asks_the_database_and_not_only_the_last_heartbeat():
    enqueue("test.note", payload={}, key="a")
    with leases.holding(claim()):
        let_lease_run_out()
        claim()

        assert not still_mine()


@pytest.mark.django_db
def test_where_no_job_is_in_hand_there_is_nothing_to_lose():
    assert still_mine()


@pytest.mark.django_db
def test_a_job_that_is_done_is_kept_no_longer():
    enqueue("test.note", payload={}, key="a")
    internal.do(claim())
    leases.keeper.beat()

    assert Job.objects.get().lease_until is None
    assert kinds.done == [{}]


@pytest.mark.django_db
def test_a_heartbeat_that_fails_is_logged_and_the_next_one_counts(monkeypatch: pytest.MonkeyPatch):
    enqueue("test.note", payload={}, key="a")
    asked: list[int] = []

    def fail(held: Any) -> set[Any]:
        asked.append(len(held))
        raise RuntimeError

    keeper = leases.Keeper()
    monkeypatch.setattr(leases, "keeper", keeper)
    monkeypatch.setattr(claims, "extend", fail)
    monkeypatch.setattr(connection, "close", lambda: None)
    with leases.holding(claim()) as lease:
        keeper._beat_or_log()
        keeper._beat_or_log()

        assert asked == [1, 1]
        assert not lease.is_lost


def test_the_keepers_thread_beats_while_a_long_job_runs(
    committed: Database, sandbox_scope: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
):
    """A job that outlives its lease by far is claimed once, for its heartbeats come in time."""
    monkeypatch.setattr(leases, "BEAT_S", 0.05)
    monkeypatch.setattr(leases, "keeper", leases.Keeper())
    monkeypatch.setattr(claims, "LEASE", timedelta(seconds=0.5))
    with sandbox_scope(), transaction.atomic():
        enqueue("test.note", payload={}, key="a")
    mine = claim()
    first = lease_of(sandbox_scope)
    with leases.holding(mine):
        wait_until(lambda: lease_of(sandbox_scope) > first + timedelta(seconds=1))

        assert claims.of_queues("q:mail") is None
    assert claims.succeed(mine)


def test_who_asks_in_a_transaction_keeps_the_job_to_its_end(committed: Database, sandbox_scope: Callable[[], Any]):
    with sandbox_scope(), transaction.atomic():
        enqueue("test.note", payload={}, key="a")
    mine = claim()
    let_lease_run_out_everywhere(committed)
    with leases.holding(mine), sandbox_scope(), transaction.atomic():
        assert still_mine()
        assert in_another_thread(lambda: claims.of_queues("q:mail")) is None
    assert in_another_thread(lambda: claims.of_queues("q:mail")).attempts == 2


def let_lease_run_out_everywhere(database: Database) -> None:
    with database.as_superuser() as superuser:
        superuser.execute("UPDATE jobs_job SET lease_until = clock_timestamp() - interval '1 second'")


def lease_of(sandbox_scope: Callable[[], Any]) -> Any:
    with sandbox_scope(), transaction.atomic():
        return Job.objects.get().lease_until


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    pause, until = Event(), clock.monotonic() + seconds
    while not condition():
        assert clock.monotonic() < until, "it did not come to pass"
        pause.wait(0.05)


def in_another_thread(call: Callable[[], Any]) -> Any:
    answers: list[Any] = []

    def run() -> None:
        try:
            answers.append(call())
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    return answers[0]
