"""Changing what began at this very instant: nothing of the period was used, so it is replaced whole."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta

import pytest

from billing.selectors import waiting_minor
from core.invariants import broken, rules
from subscriptions.models import Subscription
from subscriptions.proration import Behavior
from subscriptions.tests.changing import amounts, change, invoices_of, preview, waiting
from subscriptions.tests.factories import latest, make_plan, seats
from subscriptions.tests.migrating import half_way
from tests.fixtures import do_all_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seat_sold")]
RESET = Behavior.FULL_CHARGE_RESET_ANCHOR


@pytest.fixture
def active(seat_sold: Subscription) -> Subscription:
    """A paid subscription to one seat of 20.00 USD a month from 15 January, 31 days long."""
    return deepcopy(seat_sold)


def spans(subscription: Subscription) -> list[tuple[int, datetime, datetime]]:
    """The numbers, starts and ends of the periods that were begun."""
    return list(subscription.periods.order_by("number").values_list("number", "starts_at", "ends_at"))


def sound() -> None:
    """Every rule of the house holds."""
    assert {one.code: broken(one.code) for one in rules()} == {one.code: [] for one in rules()}


def test_a_plan_of_another_interval_replaces_the_period(active: Subscription, now: datetime) -> None:
    yearly = make_plan(seats("200.00", interval="year"))
    seen = preview(active, now, plan_id=yearly.pk)
    change(active, now, plan_id=yearly.pk)
    assert amounts(latest(active)) == [-2000, 20000]
    assert seen.due_minor == latest(active).total_minor == 18000
    year = now.replace(year=now.year + 1)
    assert (active.anchor_at, active.period_index, active.period_ends_at) == (now, 1, year)
    assert spans(active) == [(0, now, now + timedelta(days=31)), (1, now, year)]
    do_all_jobs()
    sound()


def test_it_can_be_changed_and_changed_back_within_the_instant(active: Subscription, now: datetime) -> None:
    """What the invoices cannot give back waits for the next one, and at the end one month is paid for."""
    monthly_plan, yearly = active.plan_id, make_plan(seats("200.00", interval="year"))
    change(active, now, plan_id=yearly.pk)
    change(active, now, plan_id=monthly_plan)
    assert (active.period_index, active.period_ends_at) == (2, now + timedelta(days=31))
    do_all_jobs()
    billed = sum(sum(amounts(one)) for one in invoices_of(active))
    assert billed + waiting_minor(active.public_id, "USD") == 2000
    sound()


def test_a_full_charge_at_the_start_credits_all_that_was_charged(active: Subscription, now: datetime) -> None:
    bigger = make_plan(seats("40.00"))
    seen = preview(active, now, RESET, plan_id=bigger.pk)
    change(active, now, RESET, plan_id=bigger.pk)
    assert (amounts(latest(active)), seen.due_minor) == ([-2000, 4000], 2000)
    assert [number for number, _, _ in spans(active)] == [0, 1]
    do_all_jobs()
    sound()


def test_an_anchor_that_is_there_already_changes_nothing(active: Subscription, now: datetime) -> None:
    assert not preview(active, now, anchor="now").is_changed
    assert change(active, now, anchor="now").invoice is None
    assert (len(invoices_of(active)), len(spans(active)), waiting(active)) == (1, 1, [])
    change(active, half_way(now), anchor="now")
    assert active.anchor_at == half_way(now)


def test_an_anchor_ahead_at_the_start_gives_a_short_period(active: Subscription, now: datetime) -> None:
    anchor = now + timedelta(days=10)
    change(active, now, anchor=anchor)
    assert (active.period_starts_at, active.period_ends_at, active.period_index) == (now, anchor, 1)
    do_all_jobs()
    sound()


def test_the_periods_after_it_are_renewed_as_ever(
    active: Subscription, now: datetime, freeze: Callable[[datetime], None]
) -> None:
    change(active, now, RESET, plan_id=make_plan(seats("40.00")).pk)
    freeze(active.period.ends_at)
    do_all_jobs()
    active.refresh_from_db()
    assert (active.period_index, amounts(latest(active))) == (2, [4000])
    sound()


def test_a_second_period_at_one_instant_needs_a_change(
    active: Subscription, now: datetime, owner_sql: Callable[..., list[object]]
) -> None:
    change(active, now, RESET, plan_id=make_plan(seats("40.00")).pk)
    code = "subscriptions.periods_follow_anchor"
    assert broken(code) == []
    owner_sql(
        "UPDATE subscriptions_subscriptionevent SET type = 'renewed' WHERE type = 'changed'",
        off=["subscriptions_subscriptionevent"],
    )
    assert len(broken(code)) == 1
