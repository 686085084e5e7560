"""The state table, and the database that enforces it."""

from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from subscriptions import states
from subscriptions.models import Subscription
from subscriptions.tests.factories import free_plan, make_customer

# From a first state to each state by allowed steps.
WAYS = {
    "scheduled": ("scheduled",),
    "incomplete": ("incomplete",),
    "trialing": ("trialing",),
    "active": ("active",),
    "past_due": ("active", "past_due"),
    "paused": ("active", "paused"),
    "canceled": ("active", "canceled"),
    "expired": ("active", "expired"),
}
PAIRS = list(product(states.STATES, states.STATES))
Make = Callable[[str], str]

# Every instant any state needs is there, so that only the trigger can refuse.
_INSERT = """
INSERT INTO subscriptions_subscription (
  id, environment_id, customer_id, plan_id, plan_version_id, family, currency, quantity, status, timezone, interval,
  interval_count, trial_days, starts_at, anchor_at, period_index, period_starts_at, period_ends_at, trial_starts_at,
  trial_ends_at, unpaid_deadline_at, ended_at, canceled_at, reason, version, created_at, alignment, next_timezone,
  period_boundary, cycle_starts_at)
SELECT gen_random_uuid(), environment_id, %s, plan_id, id, NULL, 'USD', 1, %s, 'UTC', 'month', 1, 0, t, t, 0, t,
  t + interval '1 month', t, t + interval '1 month', t, {ended}, {ended}, '', 1, t, 'anniversary', '', 1, t
FROM catalog_planversion, (VALUES (timestamptz '2026-01-15 12:00Z')) AS clock (t)
RETURNING id
"""


@pytest.fixture
def make() -> Make:
    """Put a row into a state with nothing but SQL."""
    free_plan(family=None)
    customer = make_customer()

    def row(status: str) -> str:
        first, *rest = WAYS[status]
        key = execute(insert(first), [customer.pk, first])
        for old, new in pairwise([first, *rest]):
            assert new in states.TRANSITIONS[old]
            change(key, new)
        return key

    return row


def insert(status: str) -> str:
    return _INSERT.format(ended="t" if status in states.TERMINAL else "NULL")


def execute(sql: str, params: list[Any]) -> str:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        return str(cursor.fetchone()[0])


def change(key: str, status: str) -> None:
    ended = "now()" if status in states.TERMINAL else "NULL"
    rests = "now()" if status == states.PAUSED else "NULL"
    sql = (
        f"UPDATE subscriptions_subscription SET status = %s, ended_at = {ended}, canceled_at = {ended}, "
        f"paused_at = {rests}"
    )
    execute(f"{sql} WHERE id = %s RETURNING id", [status, key])


@pytest.mark.django_db
@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_the_database_allows_exactly_what_the_table_says(make: Make, old: str, new: str) -> None:
    key = make(old)
    if new in states.TRANSITIONS[old] or new == old:
        change(key, new)
        assert Subscription.objects.get(pk=key).status == new
        return
    with pytest.raises(IntegrityError, match=r"terminal state|no such transition"):
        change(key, new)
    assert Subscription.objects.get(pk=key).status == old


@pytest.mark.django_db
@pytest.mark.parametrize("status", states.STATES)
def test_a_subscription_begins_as_the_table_says(make: Make, status: str) -> None:
    customer = make_customer()
    if status in states.TRANSITIONS[states.NEW]:
        assert execute(insert(status), [customer.pk, status])
        return
    with pytest.raises(IntegrityError, match="cannot begin so"):
        execute(insert(status), [customer.pk, status])


@pytest.mark.django_db
def test_what_is_over_changes_in_nothing(make: Make) -> None:
    key = make("canceled")
    with pytest.raises(IntegrityError, match="nothing leaves a terminal state"):
        execute("UPDATE subscriptions_subscription SET quantity = 2 WHERE id = %s RETURNING id", [key])


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_the_model_refuses_the_same(old: str, new: str) -> None:
    subscription = Subscription(environment_id=None, status=old)
    if new in states.TRANSITIONS[old]:
        subscription.move_to(new)
        assert subscription.status == new
        return
    with pytest.raises(states.InvalidTransition) as refused:
        subscription.move_to(new)
    assert refused.value.members == {"from": old, "to": new, "allowed": list(states.TRANSITIONS[old])}
    assert new not in refused.value.members["allowed"]
    assert subscription.status == old


def test_terminal_states_lead_nowhere() -> None:
    assert states.TERMINAL == ("canceled", "expired")
    assert all(states.TRANSITIONS[state] == () for state in states.TERMINAL)
