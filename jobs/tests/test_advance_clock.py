"""Moving a sandbox environment's clock."""

from datetime import timedelta

import pytest

from core import tenancy
from core.models import ClockMoving, ClockRefused, Environment
from jobs import claims, internal, services, time_travel
from jobs.models import Job
from jobs.services import enqueue
from jobs.tests import kinds

pytestmark = pytest.mark.django_db


@pytest.fixture
def advance(environment, actor, now, run_jobs):
    """Ask for the move and let the workers bring it about."""

    def to(**delta: int) -> None:
        services.advance_clock(to=now + timedelta(**delta), actor=actor, now=now)
        run_jobs()

    return to


def sandbox() -> Environment:
    return Environment.objects.get(pk=tenancy.environment_id())


def test_what_falls_due_on_the_way_runs_in_order_each_at_its_own_instant(advance, now):
    for name, days in (("second", 20), ("first", 10), ("beyond", 40)):
        enqueue("test.clock", payload={"name": name}, key=name, run_at=now + timedelta(days=days))
    advance(days=30)

    assert kinds.done == [
        {"name": "first", "at": (now + timedelta(days=10)).isoformat()},
        {"name": "second", "at": (now + timedelta(days=20)).isoformat()},
    ]
    assert sandbox().clock_at == now + timedelta(days=30)
    assert sandbox().advancing_to is None


def test_what_comes_of_it_on_the_way_runs_too(advance, now):
    enqueue("test.chain", payload={"left": "9"}, key="start", run_at=now)
    advance(days=35)

    assert [entry["left"] for entry in kinds.done] == ["9", "8", "7", "6"]
    assert kinds.done[-1]["at"] == (now + timedelta(days=30)).isoformat()


def test_a_job_that_fails_on_the_way_is_tried_to_its_end_and_does_not_hold_the_clock(advance, now):
    enqueue("test.fail", payload={}, key="a", run_at=now + timedelta(days=1))
    advance(days=2)

    assert Job.objects.get(kind="test.fail").state == "dead"
    assert sandbox().advancing_to is None


def test_a_long_move_pauses_and_goes_on(environment, actor, now):
    services.advance_clock(to=now + timedelta(days=30), actor=actor, now=now)
    enqueue("test.clock", payload={"name": "x"}, key="x", run_at=now + timedelta(days=10))

    assert not time_travel.travel(environment.environment_id, to=now + timedelta(days=30), seconds=0)
    assert sandbox().advancing_to is not None
    assert time_travel.travel(environment.environment_id, to=now + timedelta(days=30))
    assert len(kinds.done) == 1


def test_ordinary_workers_keep_off_while_the_clock_is_moved(environment, actor, now, run_jobs):
    enqueue("test.note", payload={}, key="a")
    Environment.objects.filter(pk=environment.environment_id).update(clock_at=now, advancing_to=now)
    run_jobs()

    assert kinds.done == []


def test_backwards_live_and_two_moves_at_once_are_refused(environment, live_environment, actor, now, facts):
    with pytest.raises(ClockRefused):
        services.advance_clock(to=now - timedelta(days=1), actor=actor, now=now)
    with tenancy.scope(live_environment), pytest.raises(ClockRefused):
        services.advance_clock(to=now + timedelta(days=1), actor=actor, now=now)
    services.advance_clock(to=now + timedelta(days=1), actor=actor, now=now)
    with pytest.raises(ClockMoving):
        services.advance_clock(to=now + timedelta(days=2), actor=actor, now=now)

    assert facts() == ["environment.clock_advance_started"]
    assert Job.objects.count() == 1


def test_a_move_that_died_with_its_workers_goes_on_where_it_was_once_it_is_requeued(environment, actor, now, run_jobs):
    enqueue("test.clock", payload={"name": "x"}, key="x", run_at=now + timedelta(days=10))
    services.advance_clock(to=now + timedelta(days=30), actor=actor, now=now)
    for _ in range(4):
        assert claims.of_queues("q:sub:usage_sync") is not None
        Job.objects.filter(kind="jobs.advance_clock").update(lease_until=now - timedelta(days=999))
    internal.sweep()
    run_jobs()
    dead = Job.objects.get(kind="jobs.advance_clock")
    assert (dead.state, kinds.done) == ("dead", [])

    services.requeue_job(job_id=dead.id, reason="the machine is back", actor=actor, now=now)
    run_jobs()
    assert [entry["name"] for entry in kinds.done] == ["x"]
    assert (sandbox().clock_at, sandbox().advancing_to) == (now + timedelta(days=30), None)
