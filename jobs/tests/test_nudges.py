"""Waking workers up."""

import pytest
from celery import current_app
from django.db import transaction
from redis.exceptions import ConnectionError as RedisDown

from jobs.services import enqueue, nudge_relay
from jobs.tests import kinds

pytestmark = pytest.mark.django_db


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


def test_a_broker_that_is_down_loses_nothing(monkeypatch, django_capture_on_commit_callbacks):
    def refuse(*_: object, **__: object) -> None:
        raise RedisDown("Connection refused")

    monkeypatch.setattr(current_app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        job_id = enqueue("test.note", payload={}, key="a")

    assert job_id is not None
