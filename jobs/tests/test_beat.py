"""Beat looks for what is due: two of them do no harm, and one that slept finds what it missed."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from celery import current_app
from celery.beat import Scheduler
from django.db import connection, transaction
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from core import clock
from jobs import claims, internal, registry
from jobs.models import Job
from jobs.services import NewJob, enqueue_many
from tests.session import Database


@pytest.fixture
def seeds(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Write rows that fell due one after the other, a minute apart; a job `test.note` is due for each of them."""

    def rows() -> Any:
        return Job.objects.filter(kind="test.clock", state="succeeded")

    seeded = registry.Duty(kind="test.note", rows=rows, at="run_at")
    monkeypatch.setattr(registry, "_duties", {"test.note": seeded})

    def write(number: int) -> None:
        instants = [clock.wall() - timedelta(minutes=minutes) for minutes in range(1, number + 1)]
        enqueue_many([NewJob(kind="test.clock", payload={}, key=str(at), run_at=at) for at in instants])
        Job.objects.filter(kind="test.clock").update(state="succeeded")

    return write


def written() -> Any:
    return Job.objects.filter(kind="test.note")


@pytest.mark.django_db
def test_a_beat_that_slept_catches_up_in_order_and_not_all_at_once(seeds, monkeypatch):
    seeds(25)
    monkeypatch.setattr(internal, "CHUNK", 10)
    oldest_first = list(Job.objects.filter(kind="test.clock").order_by("run_at").values_list("run_at", flat=True))

    assert internal.look_for_due() == 10
    assert list(written().order_by("run_at").values_list("run_at", flat=True)) == oldest_first[:10]
    assert [internal.look_for_due() for _ in range(3)] == [10, 5, 0]
    claimed = [claims.of_queues("q:mail") for _ in range(25)]
    assert [Job.objects.get(pk=one.id).run_at for one in claimed if one] == oldest_first


def test_two_beats_that_tick_at_the_same_instant_write_every_due_job_once(
    committed: Database, sandbox_scope: Callable[[], Any], seeds, monkeypatch: pytest.MonkeyPatch
):
    with sandbox_scope(), transaction.atomic():
        seeds(30)
    scheduler()  # writes the entries, as the first start of a beat does
    with transaction.atomic():
        PeriodicTask.objects.update(last_run_at=clock.wall() - timedelta(hours=6))
    together, looks = Barrier(2, timeout=30), {}

    def run_here(beat: Any, entry: Any, **__: Any) -> None:
        # On a slow machine a beat's turn comes round again; the other one is not there any more then.
        if entry.task == "jobs.look_for_due" and beat not in looks:
            together.wait()
            looks[beat] = internal.look_for_due()

    monkeypatch.setattr(Scheduler, "apply_async", run_here)
    in_threads(tick, tick)

    with sandbox_scope(), transaction.atomic():
        assert written().count() == 30
        assert len(looks) == 2
        assert max(looks.values()) == 30


def scheduler() -> DatabaseScheduler:
    made = DatabaseScheduler(app=current_app)
    made._finalize.cancel()  # it would write to the database when the tests are over
    return made


def tick() -> None:
    beat = scheduler()
    for _ in range(len(beat.schedule) + 1):
        beat.tick()


def in_threads(*calls: Callable[[], None]) -> None:
    def run(call: Callable[[], None]) -> None:
        try:
            call()
        finally:
            connection.close()

    threads = [Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
