"""Ending a trial before its time, lengthening it, and what becomes of one without a means of payment."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from billing.models import Invoice
from core import invariants
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.tests.factories import attach_card, free_plan, make_customer, make_plan, states_of, subscribe
from usage.models import Entitlement

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]
DAY = timedelta(days=1)


def healthy() -> None:
    for one in invariants.rules():
        if one.code.startswith("subscriptions."):
            assert (one.code, invariants.broken(one.code)) == (one.code, [])


def activate(row: Subscription, now: datetime) -> Subscription:
    return services.activate_subscription(subscription_id=row.pk, actor=SYSTEM, now=now)


def extend(row: Subscription, days: int, now: datetime) -> Subscription:
    return services.extend_trial(subscription_id=row.pk, days=days, actor=SYSTEM, now=now)


def test_a_trial_is_ended_midway_and_paid_from_there(now: datetime, run_jobs: Run) -> None:
    row = subscribe(plan=make_plan(trial_days=14))
    at = now + 5 * DAY
    activate(row, at)
    row.refresh_from_db()
    assert (row.status, row.anchor_at, row.trial_ends_at, row.period.starts_at) == ("active", at, at, at)
    run_jobs()
    assert Invoice.objects.get().state == "paid"
    healthy()


def test_without_a_card_it_waits_for_the_first_payment(now: datetime) -> None:
    row = subscribe(make_customer(), make_plan(trial_days=14))
    services.change_subscription_settings(changes={"trial_without_method": "canceled"}, actor=SYSTEM, now=now)
    assert activate(row, now + DAY).status == "incomplete"


def test_a_trial_that_will_be_canceled_is_not_ended_for_money(now: datetime) -> None:
    row = subscribe(plan=make_plan(trial_days=14))
    services.cancel_subscription(subscription_id=row.pk, actor=SYSTEM, now=now)
    with pytest.raises(services.CancellationScheduled):
        activate(row, now)
    assert not Invoice.objects.exists()


def test_a_trial_is_lengthened(now: datetime, freeze: Freeze, run_jobs: Run, facts: Facts) -> None:
    row = subscribe(plan=make_plan(trial_days=14))
    extend(row, 7, now + 10 * DAY)
    row.refresh_from_db()
    assert (row.trial_ends_at, row.period.ends_at, row.trial_days) == (now + 21 * DAY, now + 21 * DAY, 21)
    assert row.remind_at == now + 18 * DAY
    assert facts()[-1] == "subscription.trial_extended"
    freeze(now + 14 * DAY)
    run_jobs()
    row.refresh_from_db()
    assert row.status == "trialing"
    freeze(now + 21 * DAY)
    run_jobs()
    assert states_of(row) == ["trialing", "active"]
    healthy()


def test_an_end_that_comes_with_the_trial_s_moves_with_it(now: datetime) -> None:
    row = subscribe(plan=make_plan(trial_days=14))
    services.cancel_subscription(subscription_id=row.pk, actor=SYSTEM, now=now)
    assert extend(row, 7, now).cancel_at == now + 21 * DAY


def test_no_trial_lasts_for_ever_and_none_comes_back(now: datetime) -> None:
    row = subscribe(plan=make_plan(trial_days=14))
    with pytest.raises(services.TrialTooLong):
        extend(row, 720, now)
    with pytest.raises(services.InvalidTransition):
        extend(row, 1, now + 14 * DAY)
    assert row.events.count() == 1


@pytest.mark.parametrize("policy", ["incomplete", "paused", "canceled"])
def test_the_environment_decides_what_a_trial_without_a_card_becomes(
    now: datetime, freeze: Freeze, run_jobs: Run, policy: str
) -> None:
    services.change_subscription_settings(changes={"trial_without_method": policy}, actor=SYSTEM, now=now)
    row = subscribe(make_customer(), make_plan(trial_days=14))
    freeze(now + 14 * DAY)
    run_jobs()
    assert states_of(row) == ["trialing", policy]
    assert Invoice.objects.count() == (1 if policy == "incomplete" else 0)
    healthy()


@pytest.mark.parametrize("policy", ["paused", "canceled"])
def test_a_free_plan_and_a_card_need_no_policy(now: datetime, freeze: Freeze, run_jobs: Run, policy: str) -> None:
    services.change_subscription_settings(changes={"trial_without_method": policy}, actor=SYSTEM, now=now)
    free = subscribe(make_customer(), free_plan(trial_days=14))
    paid = subscribe(plan=make_plan(trial_days=14))
    freeze(now + 14 * DAY)
    run_jobs()
    assert states_of(free) == states_of(paid) == ["trialing", "active"]


def test_what_rests_since_its_trial_begins_with_a_card(now: datetime, freeze: Freeze, run_jobs: Run) -> None:
    services.change_subscription_settings(changes={"trial_without_method": "paused"}, actor=SYSTEM, now=now)
    customer = make_customer()
    row = subscribe(customer, make_plan(trial_days=14))
    freeze(now + 14 * DAY)
    run_jobs()
    at = now + 20 * DAY
    with pytest.raises(services.PaymentMethodMissing):
        services.resume_subscription(subscription_id=row.pk, actor=SYSTEM, now=at)
    assert states_of(row) == ["trialing", "paused"]
    attach_card(customer)
    services.resume_subscription(subscription_id=row.pk, actor=SYSTEM, now=at)
    run_jobs()
    row.refresh_from_db()
    assert (row.status, row.anchor_at, row.period_index) == ("active", at, 0)
    assert Invoice.objects.get().state == "paid"
    healthy()


def test_a_trial_canceled_for_later_than_its_end_becomes_paid_first(
    now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    row = subscribe(plan=make_plan(trial_days=14))
    services.cancel_subscription(subscription_id=row.pk, at=now + 20 * DAY, actor=SYSTEM, now=now)
    for days in (14, 20):
        freeze(now + days * DAY)
        run_jobs()
    assert states_of(row) == ["trialing", "active", "canceled"]
    assert not Entitlement.objects.filter(revoked_at=None).exists()
    healthy()
