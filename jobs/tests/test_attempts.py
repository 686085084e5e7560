"""The timeline of a job: one row per attempt, whatever became of it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from core import errors
from core.retry import is_hopeless
from jobs import claims, internal, services
from jobs.models import Job, JobAttempt
from jobs.services import enqueue
from jobs.tests import kinds

pytestmark = pytest.mark.django_db


def claim() -> claims.Claim:
    found = claims.of_queues("q:mail")
    assert found is not None
    return found


def let_time_pass(column: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE jobs_job SET {column} = clock_timestamp() - interval '1 second'")


def timeline() -> list[tuple[int, int, str, str]]:
    return list(JobAttempt.objects.order_by("fence").values_list("life", "number", "outcome", "error_class"))


def test_a_done_job_has_one_attempt_without_an_error():
    enqueue("test.note", payload={}, key="a")
    internal.work("q:mail", seconds=5)

    row = JobAttempt.objects.get()
    assert (row.outcome, row.error, row.owner, row.job.state) == ("succeeded", "", claims.OWNER, "succeeded")
    assert row.started_at <= row.ended_at


def test_every_failure_is_kept_redacted_and_a_requeued_job_keeps_its_earlier_life(actor, now):
    enqueue("test.fail", payload={}, key="a")
    for _ in range(4):
        internal.do(claim())
        let_time_pass("available_at")
    services.requeue_job(job_id=Job.objects.get().id, reason="mended", actor=actor, now=now)
    internal.do(claim())

    failed = [(1, number, "failed", "RuntimeError") for number in (1, 2, 3)]
    assert timeline() == [*failed, (1, 4, "dead", "RuntimeError"), (2, 1, "failed", "RuntimeError")]
    assert "abcdefghijk1mnop" not in "".join(JobAttempt.objects.values_list("error", flat=True))
    assert Job.objects.get().error_class == "RuntimeError"


def test_an_attempt_whose_worker_vanished_is_lost_and_names_it():
    enqueue("test.note", payload={}, key="a")
    claim()
    let_time_pass("lease_until")
    internal.do(claim())

    assert timeline() == [(1, 1, "lost", ""), (1, 2, "succeeded", "")]
    assert claims.OWNER in JobAttempt.objects.get(outcome="lost").error


def test_poison_is_not_claimed_once_more_than_it_may_be_and_its_last_attempt_is_kept():
    enqueue("test.note", payload={}, key="a")
    for _ in range(4):
        claim()
        let_time_pass("lease_until")
    assert claims.of_queues("q:mail") is None
    internal.sweep()

    assert timeline() == [(1, number, "lost", "") for number in (1, 2, 3, 4)]
    assert (Job.objects.get().state, Job.objects.get().error_class) == ("dead", "WorkerLost")


def test_what_a_stopping_worker_gives_back_is_claimed_at_once_and_not_charged():
    enqueue("test.note", payload={}, key="a")
    first = claim()
    assert claims.release() == 1
    again = claim()

    assert (again.attempts, again.fence) == (1, first.fence + 1)
    assert not claims.succeed(first)
    assert claims.succeed(again)
    assert timeline() == [(1, 1, "released", ""), (1, 1, "succeeded", "")]


def test_another_workers_jobs_are_not_given_back(monkeypatch):
    enqueue("test.note", payload={}, key="a")
    claim()
    monkeypatch.setattr(claims, "OWNER", "elsewhere:1")

    assert claims.release() == 0
    assert claims.of_queues("q:mail") is None


def test_a_result_that_is_refused_leaves_no_attempt():
    enqueue("test.note", payload={}, key="a")
    first = claim()
    let_time_pass("lease_until")
    claim()

    assert not claims.fail(first, error_class="RuntimeError", error="late", wait=timedelta())
    assert timeline() == [(1, 1, "lost", "")]


@pytest.mark.parametrize(("column", "value"), [("error", "it failed"), ("outcome", "failed")])
def test_the_database_refuses_an_outcome_that_contradicts_its_error(column, value):
    enqueue("test.note", payload={}, key="a")
    internal.work("q:mail", seconds=5)
    with pytest.raises(IntegrityError, match="jobs_attempt_failures_have_a_cause"), transaction.atomic():
        JobAttempt.objects.update(**{column: value})

    assert timeline() == [(1, 1, "succeeded", "")]


class Refused(errors.Conflict):
    code = "test_refused"


class Closed(errors.Unavailable):
    code = "test_closed"


@pytest.mark.parametrize(
    ("error", "hopeless"),
    [
        (Refused(), True), (errors.NotFound(), True), (NotImplementedError(), True),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "no"), True), (Closed(), False), (errors.Unavailable(), False),
        (RuntimeError(), False), (ConnectionError(), False), (IntegrityError(), False), (KeyError(), False),
    ],
)  # fmt: skip
def test_what_can_never_succeed_is_a_list_in_which_the_nearest_class_decides(error, hopeless):
    assert is_hopeless(error) is hopeless


def test_a_refusal_that_passes_is_tried_again_and_others_are_dead_at_once():
    enqueue("test.closed", payload={}, key="a")
    internal.do(claim())
    assert timeline() == [(1, 1, "failed", "Unavailable")]

    enqueue("test.strict", payload={"unknown": "x"}, key="b")
    internal.do(claim())
    assert timeline()[1:] == [(1, 1, "dead", "PayloadMismatch")]
    assert kinds.done == []
