"""Jobs of one kind that are done together."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import tenancy
from jobs import batches, claims, internal, stopping
from jobs.models import Job, JobAttempt
from jobs.services import NewJob, enqueue_many
from jobs.tests import kinds

pytestmark = pytest.mark.django_db


def put(*names: str, **particulars) -> None:
    enqueue_many([NewJob(kind="test.together", payload={"id": one}, key=one, **particulars) for one in names])


def states() -> dict[str, tuple[str, int]]:
    return {row.key: (row.state, row.attempts) for row in Job.objects.all()}


def test_what_is_due_of_a_kind_is_done_and_settled_at_once(now):
    put("a", "b", "c")
    put("later", run_at=now + timedelta(days=36500))
    assert internal.do_next("q:mail") == [("q:mail", "succeeded")] * 3
    assert kinds.done == [{"together": "a b c"}]
    assert states() == {**dict.fromkeys("abc", ("succeeded", 1)), "later": ("pending", 0)}
    assert sorted(JobAttempt.objects.values_list("job__key", "outcome")) == [(one, "succeeded") for one in "abc"]
    assert internal.do_next("q:mail") == []


def test_the_number_of_statements_does_not_grow():
    counts = []
    for names in (["a", "b"], [f"n{number}" for number in range(30)]):
        put(*names)
        with CaptureQueriesContext(connection) as captured:
            internal.do_next("q:mail")
        counts.append(len([one for one in captured if "SAVEPOINT" not in one["sql"]]))
    assert counts[0] == counts[1]


def test_what_cannot_be_done_with_the_others_is_done_alone():
    put("a", "alone", "b")
    internal.work("q:mail", seconds=5)
    assert kinds.done == [{"together": "a b"}, {"alone": "alone"}]
    assert set(states().values()) == {("succeeded", 1)}


def test_a_bad_one_fails_alone_and_does_not_spoil_another_batch(now):
    put("a", "bad", "b")
    outcomes = internal.do_next("q:mail")
    assert sorted(outcome for _, outcome in outcomes) == ["failed", "succeeded", "succeeded"]
    assert kinds.done == [{"alone": "a"}, {"alone": "b"}]
    Job.objects.update(available_at=now)
    put("c", "d")
    kinds.done.clear()
    while internal.do_next("q:mail"):
        Job.objects.filter(state="failed").update(available_at=now)
    assert kinds.done == [{"together": "c d"}]
    assert states()["bad"] == ("dead", 4)


def test_other_environments_and_what_was_tried_before_are_left_alone(live_environment):
    put("a", "tried")
    Job.objects.filter(key="tried").update(fence=1)
    with tenancy.scope(live_environment):
        put("theirs")
    claim = claims.of_queues("q:mail")
    assert claims.like(claim, most=10) == []


def test_at_most_so_many_are_claimed(monkeypatch):
    monkeypatch.setattr(batches, "MOST", 3)
    put(*"abcde")
    assert [len(internal.do_next("q:mail")) for _ in range(3)] == [3, 2, 0]


def test_a_result_is_refused_where_the_lease_was_lost(monkeypatch):
    put("a", "b")
    claim = claims.of_queues("q:mail")
    claimed = [claim, *claims.like(claim, most=10)]

    def overtaken(ids):
        Job.objects.filter(key="b").update(fence=2)
        return []

    outcomes = batches.do_together(overtaken, claimed)
    assert sorted(outcomes.values()) == ["lost", "succeeded"]
    assert states()["b"][0] == "running"


def test_a_worker_that_stops_leaves_what_it_has_not_begun(monkeypatch):
    put("bad", "a", "b")
    monkeypatch.setattr(stopping, "is_on", lambda: True)
    assert internal.do_next("q:mail") == [("q:mail", "failed")]
    assert states()["a"] == states()["b"] == ("running", 1)
    assert claims.release() == 2
