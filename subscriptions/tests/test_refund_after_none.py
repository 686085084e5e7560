"""After a change that charged and credited nothing, what was paid for the period is what is given back of it."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest

from billing.models import CreditNote
from core.actor import SYSTEM
from core.invariants import broken, rules
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.proration import Behavior, Refund
from subscriptions.tests.changing import amounts, change, preview, waiting
from subscriptions.tests.factories import latest, make_addon, make_plan, monthly, seats
from subscriptions.tests.migrating import half_way
from tests.fixtures import do_all_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seat_sold")]
NONE, NOW_INVOICED = Behavior.NONE, Behavior.INVOICE_NOW
CHANGES: dict[str, Callable[[], dict[str, Any]]] = {
    "a bigger plan": lambda: {"plan_id": make_plan(seats("40.00")).pk},
    "a smaller plan": lambda: {"plan_id": make_plan(seats("10.00")).pk},
    "another plan of more seats": lambda: {"plan_id": make_plan(seats("40.00")).pk, "quantity": 3},
    "more seats": lambda: {"quantity": 3},
}


@pytest.fixture
def active(seat_sold: Subscription) -> Subscription:
    """A paid subscription to one seat of 20.00 USD a month from 15 January, 31 days long."""
    return deepcopy(seat_sold)


def given_back(subscription: Subscription, at: datetime) -> int:
    """What a cancellation gives back as money."""
    services.cancel_subscription(
        subscription_id=subscription.pk, at="now", refund=Refund.REFUND, actor=SYSTEM, now=at
    )  # fmt: skip
    do_all_jobs()
    assert {one.code: broken(one.code) for one in rules()} == {one.code: [] for one in rules()}
    return sum(CreditNote.objects.values_list("refund_minor", flat=True))


@pytest.mark.parametrize("kind", CHANGES)
def test_what_was_paid_for_the_rest_is_refunded(active: Subscription, now: datetime, kind: str) -> None:
    change(active, now + timedelta(days=1), NONE, **CHANGES[kind]())
    assert given_back(active, half_way(now)) == 1000


def test_fewer_seats_are_refunded_as_they_were_paid(active: Subscription, now: datetime) -> None:
    """Three more seats for half the period: 80.00 a month are paid from then on, whatever is in force."""
    change(active, half_way(now), NOW_INVOICED, quantity=4)
    do_all_jobs()
    change(active, half_way(now), NONE, quantity=2)
    assert given_back(active, half_way(now)) == 4000


def test_a_later_change_credits_what_was_paid(active: Subscription, now: datetime) -> None:
    change(active, now + timedelta(days=1), NONE, plan_id=make_plan(seats("40.00")).pk)
    third = make_plan(seats("60.00"))
    seen = preview(active, half_way(now), NOW_INVOICED, plan_id=third.pk)
    change(active, half_way(now), NOW_INVOICED, plan_id=third.pk)
    assert sorted(amounts(latest(active))) == [-1000, 3000]
    assert seen.due_minor == 2000
    do_all_jobs()
    # From then on the third plan is what is paid for, and the first one is settled.
    assert given_back(active, half_way(now) + (active.period.ends_at - half_way(now)) / 2) == 1500


def test_a_new_anchor_credits_what_was_paid(active: Subscription, now: datetime) -> None:
    change(active, now + timedelta(days=1), NONE, plan_id=make_plan(seats("40.00")).pk)
    change(active, half_way(now), plan_id=make_plan(seats("200.00", interval="year")).pk)
    assert sorted(amounts(latest(active))) == [-1000, 20000]


def test_the_way_back_costs_nothing(active: Subscription, now: datetime) -> None:
    first = active.plan_id
    change(active, now + timedelta(days=1), NONE, plan_id=make_plan(seats("40.00")).pk)
    change(active, half_way(now), plan_id=first)
    assert waiting(active) == []
    assert given_back(active, half_way(now)) == 1000


def test_other_add_ons_leave_what_was_paid_for_the_plan(active: Subscription, now: datetime) -> None:
    change(active, now + timedelta(days=1), NONE, plan_id=make_plan(seats("40.00")).pk)
    change(active, half_way(now), addons=((make_addon(monthly("10")).pk, 1),))
    assert waiting(active) == [500]


def test_an_add_on_that_went_for_nothing_is_refunded_too(active: Subscription, now: datetime) -> None:
    addon = make_addon(monthly("10"))
    change(active, now, NOW_INVOICED, addons=((addon.pk, 1),))
    do_all_jobs()
    change(active, now + timedelta(days=1), NONE, addons=((addon.pk, 0),))
    change(active, half_way(now), NOW_INVOICED, quantity=2)
    do_all_jobs()
    # One seat more for half a period is a line that credits one seat and charges two; the add-on is left alone.
    assert sorted(amounts(latest(active))) == [-1000, 2000]
    assert given_back(active, half_way(now)) == 2000 + 500


def test_an_add_on_is_credited_in_the_number_that_was_paid(active: Subscription, now: datetime) -> None:
    """One was paid, two more came for nothing: a fourth costs what four do less the one."""
    addon = make_addon(monthly("10"))
    change(active, now, NOW_INVOICED, addons=((addon.pk, 1),))
    do_all_jobs()
    change(active, now + timedelta(days=1), NONE, addons=((addon.pk, 3),))
    change(active, half_way(now), NOW_INVOICED, addons=((addon.pk, 4),))
    assert sorted(amounts(latest(active))) == [-500, 2000]


def test_what_a_prorated_change_has_settled_is_not_given_back(active: Subscription, now: datetime) -> None:
    """The used part of what went is the seller's, though it was paid and never credited."""
    change(active, half_way(now), NOW_INVOICED, plan_id=make_plan(seats("40.00")).pk)
    do_all_jobs()
    change(active, half_way(now), NONE, plan_id=make_plan(seats("60.00")).pk)
    assert given_back(active, half_way(now)) == 2000
