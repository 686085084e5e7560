"""The engine room's rules see what they are for."""

import pytest

from billing.tests.factories import AT, issue
from core import ids, invariants, tenancy
from core.actor import SYSTEM
from jobs import claims, registry
from jobs.invariants import references
from jobs.services import enqueue, schedule
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


# What names no row, or one of several tables: a move of the clock, a document, a person to tell.
UNBOUND = {"jobs.advance_clock", "billing.render_document", "accounts.mail_notice"}


def test_every_kind_of_job_says_which_rows_it_names():
    known = {kind for kind, _, _ in references()}
    silent = {one.name for one in registry.kinds() if not one.name.startswith("test.")} - known
    assert silent == UNBOUND


@pytest.mark.parametrize(
    ("kind", "key"),
    [("billing.send_invoice", "invoice_id"), ("outbox.handle", "event"), ("billing.end_grace", "id")],
)
@pytest.mark.parametrize("value", ["01a22430-a1ab-7222-86ea-fc7bbcc4ab7b", "no id at all"])
def test_a_job_of_a_missing_row_is_found(kind, key, value):
    assert invariants.broken("jobs.names_what_is_there") == []
    enqueue(kind, payload={key: value}, key="a")

    (found,) = invariants.broken("jobs.names_what_is_there")
    assert (found["kind"], found["missing"]) == (kind, value)


def test_a_schedule_whose_subject_has_vanished_is_found(owner_sql):
    invoice = issue(100)
    scheduled = schedule(kind="charge", subject=invoice.public_id, run_at=AT, actor=SYSTEM, now=AT)
    assert invariants.broken("jobs.names_what_is_there") == []

    owner_sql(
        "UPDATE jobs_job SET payload = jsonb_build_object('id', %s::text) WHERE id = %s",
        [str(ids.new()), scheduled.job_id],
    )
    assert [one["kind"] for one in invariants.broken("jobs.names_what_is_there")] == ["billing.charge_on_schedule"]


def test_another_environments_row_counts_as_missing(live_environment):
    invoice = issue(100)
    with tenancy.scope(live_environment):
        enqueue("billing.send_invoice", payload={"invoice_id": str(invoice.id)}, key="a")

    assert len(invariants.broken("jobs.names_what_is_there")) == 1
