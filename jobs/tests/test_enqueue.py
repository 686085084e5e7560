"""Writing jobs."""

from datetime import timedelta

import pytest
from django.db import transaction

from core import tenancy
from jobs.models import Job
from jobs.services import enqueue
from jobs.tests import kinds

pytestmark = pytest.mark.django_db


def test_a_job_is_written_with_its_kinds_queue_and_attempts():
    enqueue("test.note", payload={"id": "1"}, key="a")

    row = Job.objects.get()
    assert (row.queue, row.max_attempts, row.state) == ("q:mail", 4, "pending")


def test_the_same_key_is_the_same_job():
    first = enqueue("test.note", payload={"id": "1"}, key="a")
    second = enqueue("test.note", payload={"id": "2"}, key="a")

    assert first == second
    assert Job.objects.get().payload == {"id": "1"}


def test_an_unknown_kind_is_a_mistake_of_the_caller():
    with pytest.raises(KeyError):
        enqueue("test.nobody", payload={}, key="a")


def test_a_job_goes_with_the_change_it_belongs_to():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        enqueue("test.note", payload={}, key="a")
        raise ZeroDivisionError

    assert not Job.objects.exists()


def test_another_environment_may_use_the_same_key(live_environment):
    enqueue("test.note", payload={"id": "sandbox"}, key="a")
    with tenancy.scope(live_environment):
        enqueue("test.note", payload={"id": "live"}, key="a")

        assert Job.objects.get().payload == {"id": "live"}


def test_a_job_waits_for_its_instant_on_the_environments_clock(freeze, now, run_jobs):
    freeze(now)
    enqueue("test.note", payload={"id": "1"}, key="a", run_at=now + timedelta(days=30))
    run_jobs()
    assert kinds.done == []

    freeze(now + timedelta(days=30))
    run_jobs()
    assert kinds.done == [{"id": "1"}]
