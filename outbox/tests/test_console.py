"""The console's charts of facts."""

import pytest

from catalog.tests.factories import make_plan
from core import clock
from outbox import admin
from outbox.internal import relay_here
from outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db


def test_facts_and_their_wait_are_drawn_by_the_hour(owner_sql) -> None:
    make_plan()
    relay_here()
    number = OutboxEvent.objects.count()
    owner_sql(
        "UPDATE outbox_outboxevent SET created_at = now(), relayed_at = now() + interval '7 seconds'",
        [],
        off=["outbox_outboxevent"],
    )
    facts, waits = admin.facts_per_hour()

    assert (facts.title, waits.title) == ("Facts per hour", "Milliseconds until the relay saw them")
    assert (facts.bars[-1].value, waits.bars[-1].value, waits.bars[-1].tone) == (number, 7000, "danger")
    assert [bar.text for bar in (*facts.bars[:-1], *waits.bars[:-1])] == [""] * 46
    assert facts.bars[-1].label == f"{clock.wall():%H}"
