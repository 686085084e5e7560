"""Waking workers up."""

import socket
import threading

import pytest
from celery import current_app
from django.db import transaction
from kombu import Connection
from redis.exceptions import ConnectionError as RedisDown

from core import clock, health
from jobs import nudges
from jobs.models import Job
from jobs.services import enqueue, nudge_relay
from jobs.tests import kinds

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rested(monkeypatch) -> None:
    monkeypatch.setattr(nudges, "rest", nudges.Rest())


@pytest.fixture
def sent(monkeypatch) -> list[tuple[str, dict[str, str]]]:
    messages: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda task, kwargs, **_: messages.append((task, kwargs)))
    return messages


def test_however_much_a_transaction_writes_each_queue_is_nudged_once(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(3):
            enqueue("test.note", payload={}, key=str(number))
            nudge_relay()

    assert sent == [("jobs.work", {"queue": "q:mail"}), ("outbox.relay", {})]
    assert kinds.done == []


def test_what_is_rolled_back_wakes_nobody(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            enqueue("test.note", payload={}, key="gone")
            raise ZeroDivisionError
        assert sent == []


def test_a_nudge_after_a_rolled_back_one_is_sent(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            enqueue("test.note", payload={}, key="gone")
            raise ZeroDivisionError
        enqueue("test.note", payload={}, key="kept")

    assert sent == [("jobs.work", {"queue": "q:mail"})]


def test_a_broker_that_is_down_loses_nothing_and_is_left_alone_for_a_while(
    monkeypatch, django_capture_on_commit_callbacks
):
    asked: list[str] = []

    def refuse(task: str, **_: object) -> None:
        asked.append(task)
        raise RedisDown("Connection refused")

    monkeypatch.setattr(current_app, "send_task", refuse)
    for number in range(3):
        with django_capture_on_commit_callbacks(execute=True):
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
