"""What goes through the broker during a company's first month: wake-ups, and nothing that anybody may not read."""

import re
from typing import Any

import pytest
from celery import current_app
from django.conf import settings

from jobs import nudges
from jobs.bell import bell
from jobs.models import Job
from jobs.registry import QUEUES
from tests.scenario import Company

pytestmark = pytest.mark.django_db

# A UUID, a public id, an instant, the name of a handler or a kind, a locale: nothing that is about a person.
HARMLESS = re.compile(
    r"|[0-9a-f-]{36}|[a-z]{3}_[0-9a-z]{26}|[a-z_]+(\.[a-z_]+)?|[a-z]{2}_[A-Z]{2}|[0-9T:.+-]+", re.ASCII
)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The messages that are sent, with everything that Celery is told about them."""
    messages: list[tuple[str, dict[str, Any]]] = []
    assert bell.settle(5)
    monkeypatch.setattr(nudges, "rest", nudges.Rest())
    monkeypatch.setattr(current_app, "send_task", lambda task, **told: messages.append((task, told)))
    return messages


def test_messages_name_a_queue_and_payloads_hold_ids(
    api: Any, run_jobs: Any, sent: list[tuple[str, dict[str, Any]]], django_capture_on_commit_callbacks: Any
) -> None:
    company, customers = Company(api), []
    steps = (
        company.open, lambda: customers.append(company.welcome("Ada Lovelace")), run_jobs,
        lambda: company.use(customers[0]), run_jobs,
    )  # fmt: skip
    for step in steps:
        with django_capture_on_commit_callbacks(execute=True):
            step()
        assert bell.settle(5)

    assert {"jobs.work"} <= {task for task, _ in sent} <= {"jobs.work", "outbox.relay"}
    assert len({told["queue"] for _, told in sent}) >= 3
    for task, told in sent:
        assert set(told) == {"kwargs", "queue", "expires", "retry", "ignore_result", "connection"}
        assert told["kwargs"] == ({"queue": told["queue"]} if task == "jobs.work" else {})
        assert told["queue"] in QUEUES
    payloads = [value for job in Job.objects.all() for value in job.payload.values()]
    assert len(payloads) > 20
    assert [value for value in payloads if not HARMLESS.fullmatch(value)] == []


def test_beat_sends_bare_names() -> None:
    entries: list[dict[str, Any]] = [dict(entry) for entry in settings.CELERY_BEAT_SCHEDULE.values()]
    for entry in entries:
        assert set(entry) == {"task", "schedule", "options"}
        assert set(entry["options"]) == {"expires"}
