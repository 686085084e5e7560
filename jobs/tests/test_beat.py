"""Beat looks for what is due: two of them do no harm, and one that slept finds what it missed."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from celery import current_app
from celery.beat import Scheduler
from django.db import OperationalError, ProgrammingError, connection, transaction
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from core import clock
from jobs import claims, internal, registry
from jobs.beat import PatientScheduler
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


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that a beat would have made."""
    made: list[float] = []
    monkeypatch.setattr(Event, "wait", lambda _, seconds: made.append(seconds))
    return made


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


def test_a_beat_waits_longer_after_each_failure_and_goes_on_once_its_entries_are_written(
    committed: Database, waits: list[float], monkeypatch: pytest.MonkeyPatch
):
    """Away, then without tables, then with one entry that could not be written; nothing of it ends a beat."""
    failures: list[Exception | None] = [OperationalError("refused"), ProgrammingError("no such table")] + [None] * 5
    monkeypatch.setattr(PatientScheduler, "enabled_models", lambda beat: answer(failures, beat))
    monkeypatch.setattr(ModelEntry, "from_entry", classmethod(stumbling(ModelEntry.from_entry.__func__, at=2)))

    made = scheduler()

    assert waits == [0.5, 1.0, 2.0]
    assert set(made.schedule) >= set(current_app.conf.beat_schedule)


def test_a_beat_does_not_wait_longer_than_a_quarter_of_a_minute(waits, monkeypatch):
    answers = iter([False] * 8 + [True])
    monkeypatch.setattr(PatientScheduler, "_is_set_up", lambda *_: next(answers))
    scheduler()
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]


def test_a_database_that_goes_away_later_leaves_beat_the_entries_it_knows(committed: Database, monkeypatch):
    beat = scheduler()
    known = dict(beat.schedule)

    def refuse(_: Any) -> Any:
        raise OperationalError("refused")

    with monkeypatch.context() as away:
        away.setattr(PatientScheduler, "enabled_models", refuse)
        beat._last_full_sync -= timedelta(minutes=6)
        assert beat.schedule == known
    beat._last_full_sync -= timedelta(minutes=6)
    assert set(beat.schedule) == set(known)


def answer(failures: list[Exception | None], beat: DatabaseScheduler) -> list[PeriodicTask]:
    failure = failures.pop(0)
    if failure:
        raise failure
    return list(beat.enabled_models_qs())


def stumbling(write: Callable[..., Any], *, at: int) -> Callable[..., Any]:
    """Fail to write the entry of this number, once."""
    written: list[str] = []

    def from_entry(cls: type, name: str, **fields: Any) -> Any:
        written.append(name)
        if len(written) == at:
            raise OperationalError("gone")
        return write(cls, name, **fields)

    return from_entry


def scheduler() -> PatientScheduler:
    made = PatientScheduler(app=current_app)
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
