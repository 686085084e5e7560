"""What cannot be changed, and what a change means before the first period and where an end is decided."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.tests.factories import make_customer
from billing.internal import CouponUnknown
from billing.models import Invoice
from catalog.models import Plan
from catalog.selectors import CurrencyNotOffered, PlanNotPublished
from catalog.services import PlanArchived, archive_plan, create_plan
from core import errors, ids
from core.actor import SYSTEM
from core.errors import Refusal
from core.periods import AnchorTooFar
from subscriptions import internal, services
from subscriptions.models import Extension, Subscription, SubscriptionAddOn
from subscriptions.proration import Behavior
from subscriptions.tests.changing import amounts, change, second_card, waiting
from subscriptions.tests.factories import (
    free_plan,
    latest,
    lines_of,
    make_addon,
    make_plan,
    monthly,
    seats,
    subscribe,
)
from subscriptions.tests.migrating import half_way, healthy, subscribed
from tests.edge.state import digest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seat_sold")]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


@pytest.fixture
def active(seat_sold: Subscription) -> Subscription:
    """A paid subscription to one seat of 20.00 USD a month from 15 January, 31 days long."""
    return deepcopy(seat_sold)


def refused(subscription: Subscription, at: datetime, behavior: Behavior | None = None, **wanted: Any) -> Refusal:
    """The refusal of a change, which has changed no row of any table."""
    before = digest()
    with pytest.raises(Refusal) as caught, transaction.atomic():
        change(subscription, at, behavior, **wanted)
    assert digest() == before
    return caught.value


def test_plans_that_do_not_fit_are_refused(active: Subscription, now: datetime) -> None:
    euro, archived = make_plan(monthly("9", currency="EUR")), make_plan()
    archive_plan(plan_id=archived.pk, actor=SYSTEM, now=now)
    draft = create_plan(code="draft", name="Draft", prices=(monthly(),), publish=False, actor=SYSTEM, now=now)
    for plan, refusal in (
        (euro.pk, CurrencyNotOffered), (archived.pk, PlanArchived), (draft.pk, PlanNotPublished),
        (ids.new(), errors.NotFound),
    ):  # fmt: skip
        assert type(refused(active, half_way(now), plan_id=plan)) is refusal


def test_a_second_live_subscription_of_a_family_is_refused(active: Subscription, now: datetime) -> None:
    extra = make_plan(seats("5"), family="extra")
    other = subscribe_of(active, extra)
    refusal = refused(active, half_way(now), plan_id=extra.pk)
    assert type(refusal) is services.LiveSubscriptionExists
    assert refusal.members == {"subscription": other.public_id}
    with pytest.raises(IntegrityError, match="one_live_per_family"), transaction.atomic():
        Subscription.objects.filter(pk=active.pk).update(family="extra")


def subscribe_of(subscription: Subscription, plan: Plan) -> Subscription:
    return services.create_subscription(
        customer_id=subscription.customer_id, plan_id=plan.pk, actor=SYSTEM, now=subscription.created_at
    )


def test_a_plan_of_no_family_leaves_the_family(active: Subscription, now: datetime) -> None:
    change(active, half_way(now), plan_id=make_plan(seats("5"), family=None).pk)
    assert active.family is None
    assert subscribe_of(active, make_plan()).family == "default"


@pytest.mark.parametrize("behavior", [Behavior.NONE, Behavior.NEXT_INVOICE, Behavior.INVOICE_NOW])
def test_another_interval_or_anchor_needs_a_period_of_its_own(
    active: Subscription, now: datetime, behavior: Behavior
) -> None:
    yearly = make_plan(seats("200", interval="year"))
    refusal = refused(active, half_way(now), behavior, plan_id=yearly.pk)
    assert (type(refusal), refusal.members) == (services.CycleDiffers, {"interval": "year", "interval_count": 1})
    assert type(refused(active, half_way(now), behavior, anchor="now")) is services.AnchorNeedsCharge


def test_an_anchor_lies_at_most_a_period_ahead(active: Subscription, now: datetime) -> None:
    assert type(refused(active, half_way(now), anchor=now.replace(month=4))) is AnchorTooFar


def test_an_add_on_that_stays_must_fit_the_new_interval(active: Subscription, now: datetime) -> None:
    addon, yearly = make_addon(monthly("10")), make_plan(seats("200", interval="year"))
    change(active, now, addons=((addon.pk, 1),))
    refusal = refused(active, half_way(now), plan_id=yearly.pk)
    assert (type(refusal), refusal.members["addon"]) == (services.AddOnCycleMismatch, addon.public_id)
    change(active, half_way(now), plan_id=yearly.pk, addons=((addon.pk, 0),))
    assert active.interval == "year"


def test_a_change_that_is_refused_late_leaves_nothing(active: Subscription, now: datetime) -> None:
    """The coupon is looked at last, and the card belongs to somebody else."""
    refusal = refused(active, half_way(now), Behavior.INVOICE_NOW, quantity=2, coupon="NONE")
    assert type(refusal) is CouponUnknown
    other = subscribed(free_plan())
    foreign = second_card(other)
    assert type(refused(active, half_way(now), quantity=2, payment_method_id=foreign.pk)) is errors.NotFound


@pytest.mark.parametrize("state", ["incomplete", "canceled", "expired"])
def test_what_waits_for_its_first_payment_or_is_over_is_not_changed(
    now: datetime, freeze: Freeze, run_jobs: Run, state: str
) -> None:
    subscription = subscribe(make_customer())
    if state == "canceled":
        services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=SYSTEM, now=now)
    if state == "expired":
        freeze(now + timedelta(days=2))
        run_jobs()
    refusal = refused(subscription, now + timedelta(days=2), quantity=2)
    assert (refusal.code, refusal.members["from"]) == ("invalid_transition", state)
    assert set(refusal.members) == {"from", "to", "allowed"}


def test_what_was_bought_ahead_is_neither_changed_nor_given_away(
    active: Subscription, now: datetime, run_jobs: Run
) -> None:
    bigger = make_plan(seats("40.00"))
    services.renew_subscription(subscription_id=active.pk, intervals=2, actor=SYSTEM, now=now)
    assert type(refused(active, half_way(now), plan_id=bigger.pk)) is services.RenewalPending
    run_jobs()
    for wanted in ({"plan_id": bigger.pk}, {"quantity": 2}, {"anchor": "now"}):
        refusal = refused(active, half_way(now), **wanted)
        assert (type(refusal), refusal.members) == (
            services.PeriodBoughtAhead, {"extension": Extension.objects.get().public_id},
        )  # fmt: skip
    change(active, half_way(now), Behavior.INVOICE_NOW, addons=((make_addon(monthly("10")).pk, 1),))
    assert amounts(latest(active)) == [500]
    change(active, half_way(now), Behavior.NONE, quantity=2)
    assert (active.quantity, waiting(active)) == (2, [])


def test_a_gift_is_not_turned_into_a_bigger_plan(now: datetime) -> None:
    term = internal.grant_term(
        customer_id=make_customer().pk, plan_id=make_plan().pk, intervals=1, source="gft_1", actor=SYSTEM, now=now
    )
    subscription = Subscription.objects.get(pk=term.id)
    assert type(refused(subscription, half_way(now), plan_id=make_plan().pk)) is services.PeriodBoughtAhead


def test_a_fixed_term_keeps_the_length_of_its_periods(now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(plan=make_plan(seats("20.00")), intervals=6)
    run_jobs()
    refusal = refused(subscription, half_way(now), plan_id=make_plan(seats("200", interval="year")).pk)
    assert (type(refusal), refusal.members) == (services.TermIsFixed, {"term_intervals": 6})
    change(subscription, half_way(now), plan_id=make_plan(seats("40.00")).pk)
    assert subscription.term_intervals == 6


def test_until_a_scheduled_end_things_can_change_but_not_the_anchor(active: Subscription, now: datetime) -> None:
    services.cancel_subscription(subscription_id=active.pk, actor=SYSTEM, now=now)
    for wanted in ({"anchor": "now"}, {"plan_id": make_plan(seats("200", interval="year")).pk}):
        assert type(refused(active, half_way(now), **wanted)) is services.CancellationScheduled
    change(active, half_way(now), Behavior.INVOICE_NOW, plan_id=make_plan(seats("40.00")).pk, quantity=2)
    assert (amounts(latest(active)), active.cancel_at) == ([-1000, 4000], active.period_ends_at)
    refusal = refused(active, active.period.ends_at, quantity=3)
    assert type(refusal) is services.NotChangeable


def test_a_trial_goes_on_with_what_it_is_changed_to_and_charges_nothing(
    now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    subscription = subscribe(plan=make_plan(seats("20.00"), trial_days=14))
    anchor = now.replace(month=2, day=1)
    assert type(refused(subscription, now, anchor="now")) is services.NoPeriodYet
    assert type(refused(subscription, now, anchor=now.replace(month=4))) is AnchorTooFar
    change(
        subscription, now + timedelta(days=2), Behavior.INVOICE_NOW, plan_id=make_plan(seats("31.00")).pk, quantity=2,
        addons=((make_addon(monthly("10")).pk, 1),), anchor=anchor,
    )  # fmt: skip
    assert (subscription.status, subscription.trial_ends_at) == ("trialing", now + timedelta(days=14))
    assert not Invoice.objects.filter(customer_id=subscription.customer_id).exists()
    freeze(now + timedelta(days=14))
    run_jobs()
    subscription.refresh_from_db()
    assert (subscription.status, subscription.period_ends_at) == ("active", anchor)
    assert lines_of(latest(subscription)) == [("proration", 600), ("proration", 97)]
    assert healthy()


def test_a_scheduled_start_begins_with_what_it_is_changed_to(now: datetime, freeze: Freeze, run_jobs: Run) -> None:
    starts_at = now + timedelta(days=3)
    subscription = subscribe(plan=make_plan(seats("20.00")), starts_at=starts_at)
    yearly = make_plan(seats("200.00", interval="year"))
    change(
        subscription, now, plan_id=yearly.pk, quantity=2, addons=((make_addon(monthly("9", interval="year")).pk, 1),)
    )
    assert (subscription.status, subscription.interval) == ("scheduled", "year")
    assert SubscriptionAddOn.objects.get().added_at == starts_at
    freeze(starts_at)
    run_jobs()
    subscription.refresh_from_db()
    assert (subscription.status, amounts(latest(subscription))) == ("active", [40000, 900])
    assert healthy()


def test_one_that_is_past_due_is_changed_and_billed_as_usual(now: datetime, freeze: Freeze, run_jobs: Run) -> None:
    subscription = subscribe(plan=make_plan(seats("20.00")))
    run_jobs()
    Subscription.objects.filter(pk=subscription.pk).update(status="past_due")
    change(subscription, half_way(now), Behavior.INVOICE_NOW, quantity=2)
    assert (subscription.status, amounts(latest(subscription))) == ("past_due", [-1000, 2000])
