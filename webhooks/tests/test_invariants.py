"""Each rule sees the corruption it is there for, and nothing in healthy data."""

import pytest

from core import clock, invariants
from webhooks.models import Delivery, DeliveryAttempt
from webhooks.tests.receiver import Reply, listening

pytestmark = pytest.mark.django_db

TABLES = ("webhooks_endpoint", "webhooks_delivery", "webhooks_deliveryattempt")

CORRUPTIONS = {
    "webhooks.disabled_get_none": [
        "UPDATE webhooks_endpoint SET state = 'disabled', reason = 'x', disabled_at = now() - interval '1 day'",
        "UPDATE webhooks_delivery SET state = 'canceled', finished_at = now(), next_attempt_at = NULL"
        " WHERE state = 'failed'",
    ],
    "webhooks.disabled_wait_for_none": [
        "UPDATE webhooks_endpoint SET state = 'disabled', reason = 'x', disabled_at = now() + interval '1 day'"
    ],
    "webhooks.succeeded_was_accepted": [
        "UPDATE webhooks_delivery SET state = 'succeeded', finished_at = now(), next_attempt_at = NULL"
        " WHERE state = 'failed'"
    ],
    "webhooks.attempts_counted": ["UPDATE webhooks_delivery SET attempts_made = 0"],
    "webhooks.waiting_has_job": ["UPDATE jobs_job SET state = 'succeeded' WHERE kind = 'webhooks.deliver'"],
}


@pytest.fixture
def one_of_each(register, happen, run_jobs) -> None:
    """A delivery that has succeeded and one that will be tried again."""
    with listening(Reply(), Reply(status=500)) as receiver:
        register(receiver.url, event_filters=["outbox.tested"])
        happen()
        happen()
        run_jobs()
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["failed", "succeeded"]
    assert DeliveryAttempt.objects.filter(at__lte=clock.wall()).count() == 2


def broken() -> list[str]:
    return [code for code in CORRUPTIONS if invariants.broken(code)]


def test_healthy_deliveries_break_no_rule(one_of_each):
    assert broken() == []


def test_every_rule_of_webhooks_is_tried_here():
    assert sorted(CORRUPTIONS) == [rule.code for rule in invariants.rules() if rule.code.startswith("webhooks.")]


@pytest.mark.parametrize("code", CORRUPTIONS)
def test_a_corruption_is_reported_by_its_rule_alone(one_of_each, owner_sql, code):
    for statement in CORRUPTIONS[code]:
        owner_sql(statement, off=TABLES)

    assert broken() == [code]
    assert {"id", "environment_id"} <= set(invariants.broken(code)[0])
