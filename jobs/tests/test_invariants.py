"""The engine room's rules see what they are for."""

import pytest

from core import invariants
from jobs import claims
from jobs.services import enqueue
from jobs.tests import kinds

pytestmark = pytest.mark.django_db


def test_a_job_that_nobody_takes_over_is_found(owner_sql):
    enqueue("test.note", payload={}, key="a")
    claims.of_queues("q:mail")
    assert invariants.broken("jobs.nothing_stuck") == []

    owner_sql("UPDATE jobs_job SET lease_until = clock_timestamp() - interval '1 hour'")
    assert invariants.broken("jobs.nothing_stuck")
    assert kinds.done == []


def test_a_dead_letter_without_a_cause_is_found(owner_sql):
    enqueue("test.note", payload={}, key="a")
    owner_sql("ALTER TABLE jobs_job DROP CONSTRAINT jobs_job_dead_letters_have_a_cause")
    owner_sql("UPDATE jobs_job SET state = 'dead'")
    assert invariants.broken("jobs.dead_letters_have_a_cause")
