"""Doing jobs: leases, fences, retries, order, dead letters."""

from datetime import timedelta

import pytest
from django.db import connection

from jobs import claims, internal
from jobs.models import Job
from jobs.services import NewJob, enqueue, enqueue_many
from jobs.tests import kinds

pytestmark = pytest.mark.django_db


def claim() -> claims.Claim:
    found = claims.of_queues("q:mail")
    assert found is not None
    return found


def let_time_pass(column: str) -> None:
    """Bring an instant of real time that a job waits for into the past."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE jobs_job SET {column} = clock_timestamp() - interval '1 second' WHERE {column} IS NOT NULL"
        )


def test_a_done_job_has_succeeded_and_is_not_claimed_again():
    enqueue("test.note", payload={"id": "1"}, key="a")

    assert internal.work("q:mail", seconds=5) == 1
    assert kinds.done == [{"id": "1"}]
    assert Job.objects.get().state == "succeeded"
    assert claims.of_queues("q:mail") is None


def test_a_claim_reads_along_the_order_of_what_waits_and_sorts_nothing():
    """However many are due: a sort in the plan would read them all for the first."""
    asked = {"queue": "q:mail", "owner": "plan", "lease": timedelta(seconds=1)}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {claims.CLAIM_OF_QUEUE}", asked)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    waiting = plan[plan.index("CTE next") : plan.index("CTE chosen")]
    assert "Index Scan using jobs_job_due" in waiting
    assert "Sort" not in waiting


def test_whether_something_is_ahead_of_a_job_is_seen_in_its_index(owner_sql):
    """Reading the table for each job that waits made a claim as slow as the backlog."""
    enqueue("test.note", payload={"id": "1"}, key="a")
    owner_sql(
        "INSERT INTO jobs_job SELECT (jsonb_populate_record(job, jsonb_build_object("
        "  'id', gen_random_uuid(), 'key', number, 'ordering_key', number))).*"
        " FROM jobs_job job, generate_series(1, 3000) number"
    )
    owner_sql("ANALYZE jobs_job")
    asked = {"queue": "q:mail", "owner": "plan", "lease": timedelta(seconds=1)}
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {claims.CLAIM_OF_QUEUE}", asked)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    looks = [line for line in plan.splitlines() if "on jobs_job ahead" in line]
    assert ["using jobs_job_order" in line for line in looks] == [True, True], plan


def test_what_somebody_left_behind_comes_first():
    enqueue("test.note", payload={"id": "first"}, key="a")
    enqueue("test.note", payload={"id": "second"}, key="b")
    claim()
    let_time_pass("lease_until")

    assert [claim().payload["id"], claim().payload["id"]] == ["first", "second"]
    assert claims.of_queues("q:mail") is None


def test_of_several_queues_the_first_with_something_due_is_asked():
    enqueue("test.note", payload={"id": "1"}, key="a")

    found = claims.of_queues("q:sub:usage_sync", "q:mail")

    assert found is not None
    assert found.queue == "q:mail"


def test_a_claimed_job_is_nobody_elses():
    enqueue("test.note", payload={}, key="a")
    claim()

    assert claims.of_queues("q:mail") is None


def test_an_expired_lease_is_taken_over_and_the_old_owner_is_refused():
    enqueue("test.note", payload={}, key="a")
    first = claim()
    let_time_pass("lease_until")
    second = claim()

    assert (second.attempts, second.fence) == (2, first.fence + 1)
    assert not claims.succeed(first)
    assert Job.objects.get().state == "running"
    assert claims.succeed(second)


def test_a_failure_is_tried_again_after_its_wait_and_ends_as_a_dead_letter():
    enqueue("test.fail", payload={}, key="a")
    for attempt in (1, 2, 3):
        internal.do(claim())
        row = Job.objects.get()
        assert (row.state, row.attempts) == ("failed", attempt)
        assert claims.of_queues("q:mail") is None, "the wait has not passed yet"
        let_time_pass("available_at")
    internal.do(claim())

    row = Job.objects.get()
    assert (row.state, row.attempts) == ("dead", 4)
    assert "RuntimeError: the receiver said" in row.last_error


def test_a_dead_letters_traceback_holds_no_secret():
    enqueue("test.fail", payload={}, key="a")
    internal.do(claim())

    assert "abcdefghijk1mnop" not in Job.objects.get().last_error


def test_a_refusal_can_never_succeed_and_is_dead_at_once():
    enqueue("test.refuse", payload={}, key="a")
    internal.do(claim())

    assert (Job.objects.get().state, Job.objects.get().attempts) == ("dead", 1)


def test_a_wait_that_the_other_side_named_wins_when_it_is_longer():
    enqueue("test.wait", payload={}, key="a")
    internal.do(claim())

    row = Job.objects.get()
    assert (row.available_at - row.started_at).total_seconds() > 3000


def test_a_job_that_killed_its_worker_every_time_is_buried():
    enqueue("test.note", payload={}, key="a")
    for _ in range(4):
        claim()
        let_time_pass("lease_until")
    internal.sweep()

    assert Job.objects.get().state == "dead"
    assert "died during each of 4 attempts" in Job.objects.get().last_error


def test_jobs_of_one_order_wait_for_the_one_ahead():
    enqueue_many(
        [
            NewJob(kind="test.note", payload={"id": str(rank)}, key=str(rank), ordering_key="x", ordering_rank=rank)
            for rank in (2, 1)
        ]
    )
    first = claim()

    assert first.payload == {"id": "1"}
    assert claims.of_queues("q:mail") is None
    claims.succeed(first)
    assert claim().payload == {"id": "2"}


def test_a_dead_letter_holds_back_only_its_own_order():
    enqueue_many(
        [
            NewJob(kind="test.refuse", payload={}, key="1", ordering_key="x", ordering_rank=1),
            NewJob(kind="test.note", payload={"id": "behind"}, key="2", ordering_key="x", ordering_rank=2),
            NewJob(kind="test.note", payload={"id": "beside"}, key="3", ordering_key="y", ordering_rank=1),
        ]
    )
    internal.work("q:mail", seconds=5)

    assert kinds.done == [{"id": "beside"}]
