"""The outbox's rules see what they are for."""

import pytest
from django.db import transaction

from core import invariants
from outbox import internal
from outbox.services import send_test_fact
from outbox.tests.kinds import note

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three(actor, now) -> None:
    for text in ("one", "two", "three"):
        send_test_fact(note=text, actor=actor, now=now)
    internal.relay_here()


@pytest.mark.parametrize("code", ["outbox.sequence_dense", "outbox.subject_order"])
def test_a_healthy_outbox_breaks_no_rule(code):
    assert invariants.broken(code) == []


def test_a_lost_fact_leaves_a_gap(owner_sql):
    owner_sql("DELETE FROM outbox_outboxevent WHERE sequence = 2")
    assert invariants.broken("outbox.sequence_dense")


def test_facts_that_changed_places_are_found(owner_sql):
    owner_sql("UPDATE outbox_outboxevent SET sequence = 10 - sequence")
    assert invariants.broken("outbox.subject_order")


@pytest.fixture
def handled(actor, now, run_jobs) -> None:
    """Two facts about one thing, dealt with by their handler."""
    for number in (1, 2):
        with transaction.atomic():
            note(number)
    run_jobs()


@pytest.mark.parametrize(
    "code",
    [
        "outbox.versions_contiguous", "outbox.version_order", "outbox.nothing_stuck", "outbox.handled_once",
        "outbox.every_recorded_fact_is_there", "outbox.handled_in_order",
    ],
)  # fmt: skip
def test_what_was_handled_breaks_no_rule(handled, code):
    assert invariants.broken(code) == []


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM outbox_outboxevent WHERE subject = 'sub_1' AND aggregate_version = 1",
        "DELETE FROM outbox_outboxevent WHERE subject = 'sub_1' AND aggregate_version = 2",
        "UPDATE outbox_outboxevent SET aggregate_version = 7 WHERE subject = 'sub_1' AND aggregate_version = 2",
        "UPDATE outbox_aggregate SET version = 3 WHERE subject = 'sub_1'",
        "DELETE FROM outbox_aggregate WHERE subject = 'sub_1'",
        "DELETE FROM outbox_outboxevent WHERE subject = 'sub_1'",
    ],
)
def test_a_gap_in_the_versions_is_found(handled, owner_sql, damage):
    owner_sql(damage)
    assert invariants.broken("outbox.versions_contiguous")


def test_versions_that_changed_places_are_found(handled, owner_sql):
    owner_sql("UPDATE outbox_outboxevent SET aggregate_version = 10 - aggregate_version WHERE subject = 'sub_1'")
    assert invariants.broken("outbox.version_order")


def test_a_fact_that_no_relay_takes_is_found(handled, owner_sql):
    owner_sql("UPDATE outbox_outboxevent SET sequence = NULL, relayed_at = NULL WHERE subject = 'sub_1'")
    assert invariants.broken("outbox.nothing_stuck") == []
    owner_sql("UPDATE outbox_outboxevent SET created_at = created_at - interval '11 minutes' WHERE sequence IS NULL")
    assert len(invariants.broken("outbox.nothing_stuck")) == 2


@pytest.mark.parametrize("damage", ["DELETE FROM outbox_outboxevent", "UPDATE outbox_outboxevent SET type = 'a.b'"])
def test_a_recorded_fact_that_is_gone_or_another_is_found(handled, owner_sql, damage):
    owner_sql(f"{damage} WHERE subject = 'sub_1' AND aggregate_version = 2")
    assert len(invariants.broken("outbox.every_recorded_fact_is_there")) == 1


def test_a_fact_whose_effect_is_not_on_record_is_found(handled, owner_sql):
    owner_sql("DELETE FROM outbox_receipt WHERE consumer = 'outbox.hear' AND aggregate_version = 2")
    assert len(invariants.broken("outbox.handled_once")) == 1


@pytest.mark.parametrize("event", ["nonsense", "01a22669-b907-73d4-9018-c18bf14affe4"])
def test_a_fact_that_was_handled_and_never_there_is_found(handled, owner_sql, event):
    owner_sql("UPDATE jobs_job SET payload = jsonb_set(payload, '{event}', to_jsonb(%s::text)) WHERE id = (SELECT id"
              " FROM jobs_job WHERE kind = 'outbox.handle' LIMIT 1)", [event])  # fmt: skip
    assert len(invariants.broken("outbox.handled_once")) == 1


def test_facts_that_were_handled_in_the_wrong_order_are_found(handled, owner_sql):
    owner_sql("UPDATE outbox_receipt SET aggregate_version = 3 - aggregate_version WHERE consumer = 'outbox.hear'")
    assert len(invariants.broken("outbox.handled_in_order")) == 1
