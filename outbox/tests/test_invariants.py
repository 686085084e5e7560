"""The outbox's rules see what they are for."""

import pytest

from core import invariants
from outbox import internal
from outbox.services import send_test_fact

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three(actor, now) -> None:
    for note in ("one", "two", "three"):
        send_test_fact(note=note, actor=actor, now=now)
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
