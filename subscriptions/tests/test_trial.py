"""Trials: one per customer and family, and what they become."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from billing.models import Invoice
from core import ids
from core.actor import SYSTEM, Actor
from subscriptions import internal, services
from subscriptions.models import Subscription
from subscriptions.tests.factories import (
    attach_card,
    free_plan,
    make_customer,
    make_plan,
    states_of,
    subscribe,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


def test_a_trial_charges_nothing(now: datetime, facts: Facts) -> None:
    subscription = subscribe(make_customer(), make_plan(trial_days=14))
    assert (subscription.status, subscription.trial_ends_at) == ("trialing", now + timedelta(days=14))
    assert (subscription.period_starts_at, subscription.period_ends_at) == (now, now + timedelta(days=14))
    assert (subscription.anchor_at, subscription.renews_at) == (None, None)
    assert not Invoice.objects.exists()
    assert facts()[-2:] == ["subscription.created", "subscription.trial_started"]


def test_the_request_s_days_beat_the_plan_s(now: datetime) -> None:
    plan = make_plan(trial_days=14, family=None)
    assert subscribe(plan=plan, trial_days=3).trial_ends_at == now + timedelta(days=3)
    assert subscribe(plan=plan, trial_days=0).status == "incomplete"


def test_days_are_counted_on_the_customer_s_wall_clock(freeze: Freeze) -> None:
    before_the_change = datetime.fromisoformat("2026-03-28T12:00:00+00:00")
    freeze(before_the_change)
    subscription = subscribe(make_customer(timezone="Europe/Berlin"), make_plan(trial_days=2))
    assert subscription.trial_ends_at == before_the_change + timedelta(days=2) - timedelta(hours=1)


def test_a_trial_becomes_active_and_anchors_at_its_end(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(plan=make_plan(trial_days=14))
    end = now + timedelta(days=14)
    freeze(end)
    run_jobs()
    subscription.refresh_from_db()
    assert states_of(subscription) == ["trialing", "active"]
    assert (subscription.anchor_at, subscription.period_index, subscription.period_starts_at) == (end, 0, end)
    assert Invoice.objects.get().state == "paid"


def test_it_converts_where_it_ended_however_late_the_worker_is(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(plan=make_plan(trial_days=14))
    freeze(now + timedelta(days=16))
    run_jobs()
    subscription.refresh_from_db()
    assert subscription.anchor_at == now + timedelta(days=14)


def test_without_a_card_it_waits_for_the_first_payment(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(make_customer(), make_plan(trial_days=14))
    end = now + timedelta(days=14)
    freeze(end)
    run_jobs()
    subscription.refresh_from_db()
    assert (subscription.status, subscription.unpaid_deadline_at) == ("incomplete", end + timedelta(hours=23))


def test_a_declined_card_makes_it_past_due(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    customer = make_customer()
    attach_card(customer, "fails_later")
    subscription = subscribe(customer, make_plan(trial_days=14))
    freeze(now + timedelta(days=14))
    run_jobs()
    assert states_of(subscription) == ["trialing", "active", "past_due"]


def test_a_free_plan_s_trial_becomes_active(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(make_customer(), free_plan(trial_days=7))
    freeze(now + timedelta(days=7))
    run_jobs()
    assert states_of(subscription) == ["trialing", "active"]


def test_converting_twice_does_nothing_twice(freeze: Freeze, now: datetime) -> None:
    subscription = subscribe(plan=make_plan(trial_days=14))
    end = now + timedelta(days=14)
    for _ in range(2):
        internal.convert_trial(subscription_id=subscription.pk, actor=SYSTEM, now=end)
    assert Invoice.objects.count() == 1
    assert states_of(subscription) == ["trialing", "active"]


def test_a_trial_is_not_converted_early(now: datetime) -> None:
    subscription = subscribe(plan=make_plan(trial_days=14))
    early = now + timedelta(days=14) - timedelta(seconds=1)
    assert internal.convert_trial(subscription_id=subscription.pk, actor=SYSTEM, now=early) is None


def test_a_canceled_trial_ends_and_is_never_charged(freeze: Freeze, now: datetime, actor: Actor, run_jobs: Run) -> None:
    subscription = subscribe(plan=make_plan(trial_days=14))
    services.cancel_subscription(subscription_id=subscription.pk, at="period_end", actor=actor, now=now)
    freeze(now + timedelta(days=14))
    run_jobs()
    assert states_of(subscription) == ["trialing", "canceled"]
    assert not Invoice.objects.exists()


def test_a_second_trial_of_the_family_is_refused(now: datetime, actor: Actor) -> None:
    customer = make_customer()
    first = services.start_trial(customer_id=customer.pk, plan_id=make_plan(trial_days=14).pk, actor=actor, now=now)
    services.cancel_subscription(subscription_id=first.pk, at="now", actor=actor, now=now)
    with pytest.raises(services.TrialAlreadyUsed):
        services.start_trial(customer_id=customer.pk, plan_id=make_plan(trial_days=5).pk, actor=actor, now=now)
    assert Subscription.objects.count() == 1


def test_who_has_had_his_trial_subscribes_without(now: datetime, actor: Actor) -> None:
    customer, plan = make_customer(), make_plan(trial_days=14)
    first = subscribe(customer, plan)
    services.cancel_subscription(subscription_id=first.pk, at="now", actor=actor, now=now)
    assert subscribe(customer, plan).status == "incomplete"


def test_without_a_family_there_is_one_trial_per_plan(now: datetime, actor: Actor) -> None:
    customer = make_customer()
    plan, other = make_plan(trial_days=14, family=None), make_plan(trial_days=14, family=None)
    subscribe(customer, plan)
    assert subscribe(customer, other).status == "trialing"
    with pytest.raises(services.TrialAlreadyUsed):
        services.start_trial(customer_id=customer.pk, plan_id=plan.pk, actor=actor, now=now)


def test_the_database_refuses_a_second_trial_too(now: datetime, actor: Actor) -> None:
    customer, plan = make_customer(), make_plan(trial_days=14)
    first = subscribe(customer, plan)
    services.cancel_subscription(subscription_id=first.pk, at="now", actor=actor, now=now)
    first.refresh_from_db()
    first.pk, first.status, first.ended_at, first.canceled_at = ids.new(), "trialing", None, None
    with pytest.raises(IntegrityError, match="trialuse_once"), transaction.atomic():
        first.save(force_insert=True)


def test_a_trial_needs_days(now: datetime, actor: Actor) -> None:
    with pytest.raises(services.NoTrialOffered):
        services.start_trial(customer_id=make_customer().pk, plan_id=make_plan().pk, actor=actor, now=now)
