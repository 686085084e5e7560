"""Requeueing and discarding dead letters."""

import pytest

from jobs import internal, services
from jobs.models import Job, NotDead
from jobs.services import NewJob, enqueue, enqueue_many
from jobs.tests import kinds

pytestmark = pytest.mark.django_db


@pytest.fixture
def dead() -> Job:
    enqueue("test.refuse", payload={}, key="a")
    internal.work("q:mail", seconds=5)
    return Job.objects.get(state="dead")


def test_a_requeued_job_has_all_its_attempts_before_it(dead, actor, now, facts):
    services.requeue_job(job_id=dead.id, reason="fixed", actor=actor, now=now)

    row = Job.objects.get()
    assert (row.state, row.attempts) == ("pending", 0)
    assert facts() == ["job.requeued"]


def test_a_discarded_job_lets_go_on_what_waited_behind_it(actor, now):
    enqueue_many(
        [
            NewJob(kind="test.refuse", payload={}, key="1", ordering_key="x", ordering_rank=1),
            NewJob(kind="test.note", payload={"id": "behind"}, key="2", ordering_key="x", ordering_rank=2),
        ]
    )
    internal.work("q:mail", seconds=5)
    services.discard_job(job_id=Job.objects.get(state="dead").id, reason="never mind", actor=actor, now=now)
    internal.work("q:mail", seconds=5)

    assert kinds.done == [{"id": "behind"}]


@pytest.mark.parametrize("verb", [services.requeue_job, services.discard_job])
def test_a_living_job_is_neither_requeued_nor_discarded(verb, actor, now, facts):
    job_id = enqueue("test.note", payload={}, key="a")
    with pytest.raises(NotDead):
        verb(job_id=job_id, reason="why not", actor=actor, now=now)

    assert Job.objects.get().state == "pending"
    assert facts() == []
