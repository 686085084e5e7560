"""Waking workers up."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from celery import current_app
from django.db import transaction
from kombu import Connection
from redis.exceptions import ConnectionError as RedisDown

from core import clock, health
from jobs import nudges
from jobs.bell import Bell, bell
from jobs.models import Job
from jobs.services import enqueue, nudge_relay
from jobs.tests import kinds

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rested(monkeypatch) -> None:
    assert bell.settle(5)
    monkeypatch.setattr(nudges, "rest", nudges.Rest())


@pytest.fixture
def committed(django_capture_on_commit_callbacks) -> Callable[[], AbstractContextManager[None]]:
    """A transaction that commits, and what it rings."""

    @contextmanager
    def run() -> Iterator[None]:
        with django_capture_on_commit_callbacks(execute=True):
            yield
        assert bell.settle(5)

    return run


@pytest.fixture
def sent(monkeypatch) -> list[tuple[str, dict[str, str]]]:
    messages: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda task, kwargs, **_: messages.append((task, kwargs)))
    return messages


def test_however_much_a_transaction_writes_each_queue_is_nudged_once(sent, committed):
    with committed():
        for number in range(3):
            enqueue("test.note", payload={}, key=str(number))
            nudge_relay()

    assert sent == [("jobs.work", {"queue": "q:mail"}), ("outbox.relay", {})]
    assert kinds.done == []


def test_what_is_rolled_back_wakes_nobody(sent, committed):
    with committed():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            enqueue("test.note", payload={}, key="gone")
            raise ZeroDivisionError
        assert sent == []


def test_a_nudge_after_a_rolled_back_one_is_sent(sent, committed):
    with committed():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            enqueue("test.note", payload={}, key="gone")
            raise ZeroDivisionError
        enqueue("test.note", payload={}, key="kept")

    assert sent == [("jobs.work", {"queue": "q:mail"})]


def test_a_broker_that_is_down_loses_nothing_and_is_left_alone_for_a_while(monkeypatch, committed):
    asked: list[str] = []

    def refuse(task: str, **_: object) -> None:
        asked.append(task)
        raise RedisDown("Connection refused")

    monkeypatch.setattr(current_app, "send_task", refuse)
    for number in range(3):
        with committed():
            enqueue("test.note", payload={}, key=str(number))
    assert Job.objects.count() == 3
    assert asked == ["jobs.work"]

    nudges.rest.until = clock.monotonic()
    nudges.nudge("q:mail")
    assert asked == ["jobs.work", "jobs.work"]


@pytest.fixture(params=["redis", "amqp"])
def silent(request, monkeypatch):
    """A broker that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"{request.param}://127.0.0.1:{server.getsockname()[1]}"
        options = {"connect_timeout": nudges.PATIENCE_S, "transport_options": nudges.IMPATIENCE[request.param]}
        monkeypatch.setattr(nudges, "_of_thread", threading.local())
        monkeypatch.setattr(nudges, "_opened", lambda: Connection(url, heartbeat=0, **options))
        yield url


def test_nobody_waits_long_for_a_broker_that_is_silent(silent):
    begun = clock.monotonic()
    nudges.nudge("q:mail")

    assert clock.monotonic() - begun < 3
    assert nudges.rest.is_on
    nudges.nudge("q:mail")
    assert clock.monotonic() - begun < 3


def test_a_silent_broker_is_unhealthy(silent):
    begun = clock.monotonic()
    assert health.report("broker")["status"] == "unhealthy"
    assert clock.monotonic() - begun < 5


def test_the_health_names_the_broker():
    found = health.report("broker")
    assert (found["status"], found["transport"]) == ("healthy", "redis")


def test_what_is_rung_while_the_bell_is_busy_is_one_message_and_none_is_lost():
    ringing, called, held = Bell(), [], threading.Event()

    def first() -> None:
        called.append("first")
        assert held.wait(5)

    def second() -> None:
        called.append("second")

    ringing.ring(first)
    for _ in range(20):
        ringing.ring(second)
    assert not ringing.settle(0)
    held.set()
    assert ringing.settle(5)
    assert called == ["first", "second"]


def test_a_wake_up_that_fails_does_not_silence_the_bell():
    ringing, called = Bell(), []

    def fail() -> None:
        raise ZeroDivisionError

    ringing.ring(fail)
    assert ringing.settle(5)
    ringing.ring(lambda: called.append("woken"))
    assert ringing.settle(5)
    assert called == ["woken"]


def test_who_commits_does_not_wait_for_the_broker(monkeypatch, django_capture_on_commit_callbacks):
    answers, asked = threading.Event(), threading.Event()

    def hang(task: str, **_: object) -> None:
        asked.set()
        assert answers.wait(10)

    monkeypatch.setattr(current_app, "send_task", hang)
    with django_capture_on_commit_callbacks(execute=True):
        enqueue("test.note", payload={}, key="slow")
    assert asked.wait(5)
    assert not bell.settle(0)
    answers.set()
    assert bell.settle(5)


def test_a_forked_process_has_a_bell_of_its_own():
    ringing = Bell()
    ringing.ring(lambda: None)
    assert ringing.settle(5)
    reading, writing = os.pipe()
    if not (child := os.fork()):
        ringing.ring(lambda: os.write(writing, b"!") and None)
        os._exit(not ringing.settle(5))
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(reading, 1) == b"!"
