"""Real workers over both brokers: they do the same, stop gracefully, and miss nothing that a broker forgets."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import local
from typing import Any

import pytest
import redis
from celery import current_app
from django.db import transaction

from jobs import nudges
from jobs.models import Job, JobAttempt
from jobs.services import enqueue
from jobs.tests import kinds  # noqa: F401 - registers the kinds
from local.children import Child
from local.house import House
from local.tour.stage import await_
from tests import rabbitmq
from tests.journeys.processes import Running, kill
from tests.session import Database

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300)]

Scope = Callable[[], Any]
BROKERS = ("redis", "rabbitmq")


@pytest.fixture(scope="session")
def rabbitmq_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A node of this session's own; without the program the tests that need it are skipped, and say so."""
    program = rabbitmq.server()
    if program is None:
        pytest.skip(rabbitmq.MISSING)
    with rabbitmq.node(tmp_path_factory.mktemp("rabbitmq"), program) as address:
        yield address


@pytest.fixture
def over(house: Running, request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Running:
    """The house over the broker that the test is parametrized with, with a worker that knows the tests' kinds."""
    if request.param == "rabbitmq":
        house.environment["BROKER_URL"] = request.getfixturevalue("rabbitmq_url")
    else:
        redis.Redis.from_url(house.environment["REDIS_URL"]).flushall()
    # Celery reads the settings when it is first asked: what is put back afterwards must be what they said before.
    monkeypatch.setattr(current_app.conf, "broker_url", house.broker)
    settings.CELERY_BROKER_URL = house.broker
    monkeypatch.setattr(nudges, "_of_thread", local())
    monkeypatch.setattr(nudges, "rest", nudges.Rest())
    house.house = replace(House(), worker=[*House().worker, "-I", "jobs.tests.kinds"])
    return house


def write(sandbox_scope: Scope, kind: str, **payload: str) -> Any:
    with sandbox_scope(), transaction.atomic():
        return enqueue(kind, payload=payload, key=f"{kind}:{sorted(payload.items())}")


def state(sandbox_scope: Scope, job_id: Any) -> Job:
    with sandbox_scope(), transaction.atomic():
        return Job.objects.get(pk=job_id)


def outcomes(sandbox_scope: Scope) -> list[tuple[int, str]]:
    with sandbox_scope(), transaction.atomic():
        return list(JobAttempt.objects.order_by("fence").values_list("number", "outcome"))


def begun(folder: Path) -> None:
    await_((folder / "begun").exists, "the job has begun", seconds=60)


def tell(child: Child, number: signal.Signals) -> int:
    """Signal the worker and return its exit status."""
    os.kill(child.process.pid, number)
    return child.process.wait(timeout=60)


@pytest.mark.parametrize("over", BROKERS, indirect=True)
def test_a_worker_that_is_told_to_stop_finishes_what_runs_and_claims_nothing_more(
    over: Running, sandbox_scope: Scope, tmp_path: Path
) -> None:
    worker = over.start_worker()
    held = write(sandbox_scope, "test.hold", folder=str(tmp_path))
    begun(tmp_path)
    os.killpg(worker.process.pid, signal.SIGTERM)  # also its processes, as a service manager would
    await_(lambda: "Warm shutdown" in worker.log.read_text(), "the worker has heard it")
    later = write(sandbox_scope, "test.hold", folder=str(tmp_path), name="later")
    (tmp_path / "go").touch()

    assert worker.process.wait(timeout=60) == 0
    assert "jobs.grace_is_over" not in worker.log.read_text()
    assert (state(sandbox_scope, held).state, state(sandbox_scope, later).state) == ("succeeded", "pending")
    assert outcomes(sandbox_scope) == [(1, "succeeded")]

    over.start_beat()
    over.start_worker()
    await_(lambda: state(sandbox_scope, later).state == "succeeded", "the next worker does the rest", seconds=60)


def test_what_does_not_end_in_time_is_given_back_and_what_dies_with_its_worker_is_taken_over(
    house: Running, committed: Database, sandbox_scope: Scope, tmp_path: Path
) -> None:
    house.environment["WORKER_GRACE_SECONDS"] = "0.5"
    house.house = replace(House(), worker=[*House().worker, "-I", "jobs.tests.kinds"])
    held = write(sandbox_scope, "test.hold", folder=str(tmp_path))
    first = house.start_worker()
    house.start_beat()
    begun(tmp_path)

    assert tell(first, signal.SIGTERM) == 0
    assert "jobs.grace_is_over" in first.log.read_text()
    assert outcomes(sandbox_scope) == [(1, "released")]
    assert state(sandbox_scope, held).attempts == 0

    (tmp_path / "begun").unlink()
    second = house.start_worker()
    begun(tmp_path)  # at once: nobody waits for the lease of what was given back
    kill(second)
    assert state(sandbox_scope, held).state == "running"
    with committed.as_superuser() as superuser:  # a minute passes
        superuser.execute("UPDATE jobs_job SET lease_until = clock_timestamp() - interval '1 second'")
    (tmp_path / "go").touch()
    house.start_worker()
    await_(lambda: state(sandbox_scope, held).state == "succeeded", "somebody else has done it", seconds=60)
    assert outcomes(sandbox_scope) == [(1, "released"), (1, "lost"), (2, "succeeded")]


def test_a_broker_that_forgets_everything_costs_seconds(
    house: Running, sandbox_scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.house = replace(House(), worker=[*House().worker, "-I", "jobs.tests.kinds"])
    (tmp_path / "go").touch()
    house.start_worker()
    house.start_beat()
    warm = write(sandbox_scope, "test.hold", folder=str(tmp_path), name="warm")
    await_(lambda: state(sandbox_scope, warm).state == "succeeded", "everything runs", seconds=60)

    # Nobody nudges: what finds the job is the sweep, through a broker that knows no queue and no binding any more.
    monkeypatch.setattr(nudges, "send", lambda *_, **__: None)
    job = write(sandbox_scope, "test.hold", folder=str(tmp_path), name="forgotten")
    redis.Redis.from_url(house.environment["REDIS_URL"]).flushall()
    await_(lambda: state(sandbox_scope, job).state == "succeeded", "it costs seconds", seconds=30)
