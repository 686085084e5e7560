"""Coupons of subscriptions."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from billing.models import Coupon, CouponRedemption, Invoice
from core import errors
from core.actor import Actor
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.tests.factories import (
    free_plan,
    latest,
    make_coupon,
    make_customer,
    make_plan,
    monthly,
    states_of,
    subscribe,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


def totals(subscription: Subscription) -> list[int]:
    rows = Invoice.objects.filter(reference=subscription.public_id).order_by("id")
    return list(rows.values_list("total_minor", flat=True))


def test_a_coupon_given_at_the_start_reduces_the_first_invoice(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    make_coupon()
    subscription = subscribe(coupons=["HALF"])
    run_jobs()
    freeze(now.replace(month=2))
    run_jobs()
    assert totals(subscription) == [1000, 2000]


def test_a_coupon_that_pays_for_all_activates(run_jobs: Run) -> None:
    make_coupon("FREE", percent=Decimal(100), duration="forever")
    subscription = subscribe(make_customer(), coupons=["FREE"])
    run_jobs()
    assert states_of(subscription) == ["incomplete", "active"]
    assert latest(subscription).state == "paid"


def test_a_coupon_that_cannot_be_redeemed_makes_no_subscription(facts: Facts) -> None:
    customer, plan = make_customer(), make_plan()
    make_coupon("ONE", max_redemptions=1)
    subscribe(make_customer(), plan, coupons=["ONE"])
    before = facts()
    for coupons in (["ONE"], ["NONE"], ["ONE", "ONE"]):
        with pytest.raises(errors.Refusal):
            subscribe(customer, plan, coupons=coupons)
    assert not Subscription.objects.filter(customer=customer).exists()
    assert (facts(), Coupon.objects.get().redeemed) == (before, 1)


def test_a_coupon_of_another_plan_is_refused() -> None:
    make_coupon("OTHER", plans=[make_plan(family=None).public_id])
    with pytest.raises(errors.Refusal) as refused:
        subscribe(coupons=["OTHER"])
    assert refused.value.code == "coupon_not_for_plan"


def test_a_running_subscription_redeems_for_its_next_invoice(
    freeze: Freeze, now: datetime, run_jobs: Run, actor: Actor
) -> None:
    make_coupon("FIVE", amount_minor=500, currency="USD")
    subscription = subscribe()
    run_jobs()
    services.redeem_coupon(subscription_id=subscription.pk, code="FIVE", actor=actor, now=now)
    for month in (2, 3):
        freeze(now.replace(month=month))
        run_jobs()
    assert totals(subscription) == [2000, 1500, 2000]
    assert "coupon_redeemed" in subscription.events.values_list("type", flat=True)


def test_what_is_over_redeems_nothing(now: datetime, actor: Actor) -> None:
    make_coupon()
    subscription = subscribe(make_customer(), free_plan())
    services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=actor, now=now)
    with pytest.raises(services.InvalidTransition):
        services.redeem_coupon(subscription_id=subscription.pk, code="HALF", actor=actor, now=now)
    assert not CouponRedemption.objects.exists()


def test_what_was_never_paid_gives_its_coupon_back(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    make_coupon(max_redemptions=1)
    subscribe(make_customer(), coupons=["HALF"])
    freeze(now + timedelta(hours=23))
    run_jobs()
    assert (Coupon.objects.get().redeemed, CouponRedemption.objects.get().released_at) == (0, now + timedelta(hours=23))
    assert subscribe(make_customer(), coupons=["HALF"]).status == "incomplete"


@pytest.mark.parametrize("begins", ["scheduled", "trialing", "incomplete"])
def test_canceling_before_the_first_payment_gives_it_back(now: datetime, actor: Actor, begins: str) -> None:
    make_coupon()
    wanted = {"starts_at": now + timedelta(days=1)} if begins == "scheduled" else {}
    plan = make_plan(monthly("20"), trial_days=14 if begins == "trialing" else 0)
    subscription = subscribe(make_customer(), plan, coupons=["HALF"], **wanted)
    assert subscription.status == begins
    services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=actor, now=now)
    assert Coupon.objects.get().redeemed == 0


def test_what_was_paid_keeps_its_coupon(now: datetime, actor: Actor, run_jobs: Run) -> None:
    make_coupon()
    subscription = subscribe(coupons=["HALF"])
    run_jobs()
    services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=actor, now=now)
    assert Coupon.objects.get().redeemed == 1
