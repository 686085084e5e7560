"""Changing a running subscription now."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.models import CouponRedemption, Invoice
from catalog.models import Plan
from catalog.services import NewFeature, publish_version, revise_plan
from core.actor import SYSTEM
from payments.models import PaymentMethod
from subscriptions import services
from subscriptions.models import Subscription, SubscriptionAddOn
from subscriptions.proration import Behavior
from subscriptions.tests.changing import amounts, change, invoices_of, second_card, waiting
from subscriptions.tests.factories import (
    latest,
    lines_of,
    make_addon,
    make_coupon,
    make_plan,
    metered,
    monthly,
    once,
    seats,
    subscribe,
    use,
)
from subscriptions.tests.migrating import half_way, healthy
from usage.models import Entitlement

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seat_sold")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]
NOW_INVOICED = Behavior.INVOICE_NOW


@pytest.fixture
def active(seat_sold: Subscription) -> Subscription:
    """A paid subscription to one seat of 20.00 USD a month from 15 January, 31 days long."""
    return deepcopy(seat_sold)


@pytest.fixture
def bigger() -> Plan:
    """A plan of 40.00 USD a seat, of the same family."""
    return make_plan(seats("40.00"))


@pytest.mark.parametrize(
    ("behavior", "invoiced", "waits"),
    [
        (Behavior.NONE, [], []),
        (None, [], [-1000, 2000]),
        (Behavior.NEXT_INVOICE, [], [-1000, 2000]),
        (Behavior.INVOICE_NOW, [-1000, 2000], []),
        (Behavior.FULL_CHARGE_RESET_ANCHOR, [-1000, 4000], []),
    ],
)
def test_another_plan_is_charged_as_the_behavior_says(
    active: Subscription, bigger: Plan, freeze: Freeze, now: datetime, run_jobs: Run, behavior: Behavior | None,
    invoiced: list[int], waits: list[int],
) -> None:  # fmt: skip
    freeze(half_way(now))
    done = change(active, half_way(now), behavior, plan_id=bigger.pk)
    assert (active.plan_id, active.quantity, active.family) == (bigger.pk, 1, "default")
    made = latest(active) if done.invoice else None
    assert (amounts(made), waiting(active)) == (invoiced, waits)
    moved = behavior is Behavior.FULL_CHARGE_RESET_ANCHOR
    assert (active.anchor_at, active.period_index) == ((half_way(now), 1) if moved else (now, 0))
    freeze(active.period.ends_at)
    run_jobs()
    assert sum(amounts(latest(active))) == 4000 + sum(waits)
    assert healthy()


def test_a_change_is_told_and_written_down(active: Subscription, bigger: Plan, now: datetime, facts: Facts) -> None:
    old_version, number = active.plan_version_id, active.version
    change(active, half_way(now), plan_id=bigger.pk, quantity=3)
    event = active.events.get(number=number + 1)
    assert (event.type, event.plan_id, event.old_status, event.new_status, event.effective_at) == (
        "changed", bigger.pk, "active", "active", half_way(now),
    )  # fmt: skip
    assert event.plan_version_id == active.plan_version_id != old_version
    assert facts()[-1] == "subscription.changed"


def test_the_features_of_the_other_plan_are_granted(active: Subscription, now: datetime) -> None:
    plan = make_plan(seats("40.00"))
    version = revise_plan(
        plan_id=plan.pk, prices=[seats("40.00")], features=[NewFeature(code="sso", name="SSO", kind="boolean")],
        actor=SYSTEM, now=now,
    )  # fmt: skip
    publish_version(version_id=version.pk, actor=SYSTEM, now=now)
    change(active, half_way(now), plan_id=plan.pk)
    granted = Entitlement.objects.filter(source=active.public_id, revoked_at=None)
    assert list(granted.values_list("code", flat=True)) == ["sso"]


def test_another_quantity_charges_the_difference(
    active: Subscription, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    change(active, half_way(now), NOW_INVOICED, quantity=3)
    assert (active.quantity, amounts(latest(active))) == (3, [-1000, 3000])
    run_jobs()
    change(active, half_way(now) + timedelta(days=7, hours=18), NOW_INVOICED, quantity=2)
    # An invoice of nothing shows the change, and what it could not bear of the credit of 15.00 waits.
    assert (amounts(latest(active)), waiting(active)) == ([-1000, 1000], [-500])
    freeze(now.replace(month=2))
    run_jobs()
    assert lines_of(latest(active)) == [("fixed", 4000), ("proration", -500)]
    assert healthy()


def test_there_and_back_at_one_instant_costs_nothing(active: Subscription, bigger: Plan, now: datetime) -> None:
    old = active.plan_id
    for _ in range(2):
        change(active, half_way(now), plan_id=bigger.pk, quantity=7)
        change(active, half_way(now), plan_id=old, quantity=1)
    assert sum(waiting(active)) == 0
    assert healthy()


def test_add_ons_are_taken_given_up_and_changed_together(
    active: Subscription, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    """Support goes from 1 to 3 at 10.00, storage at 5.00 comes, backup at 8.00 goes; 15.5 of 31 days are left."""
    support, storage, backup = (make_addon(monthly(price, model="per_unit")) for price in ("10", "5", "8"))
    change(active, now, NOW_INVOICED, addons=((support.pk, 1), (backup.pk, 1)))
    run_jobs()
    change(active, half_way(now), NOW_INVOICED, addons=((support.pk, 3), (storage.pk, 2), (backup.pk, 0)))
    assert amounts(latest(active)) == [-500, -400, 1500, 500]
    kept = SubscriptionAddOn.objects.of(active).kept().values_list("addon_id", "quantity")
    assert set(kept) == {(support.pk, 3), (storage.pk, 2)}
    run_jobs()
    freeze(now.replace(month=2))
    run_jobs()
    assert sum(amounts(latest(active))) == 2000 + 3000 + 1000
    assert healthy()


def test_who_has_an_add_on_keeps_its_price_when_it_is_off_the_offer(active: Subscription, now: datetime) -> None:
    addon = make_addon(monthly("10", model="per_unit"))
    change(active, now, NOW_INVOICED, addons=((addon.pk, 2),))
    addon.archived_at = now
    addon.save()
    change(active, now, NOW_INVOICED, addons=((addon.pk, 1),))
    assert SubscriptionAddOn.objects.of(active).kept().get().quantity == 1


def test_what_is_charged_once_is_on_the_invoice_of_the_change(active: Subscription, now: datetime) -> None:
    change(active, half_way(now), NOW_INVOICED, quantity=2, addons=((make_addon(once(), kind="one_off").pk, 1),))
    assert lines_of(latest(active)) == [("one_off", 9900), ("proration", -1000), ("proration", 2000)]
    assert SubscriptionAddOn.objects.get().billed_at == half_way(now)


def test_a_coupon_reduces_the_invoice_of_its_change(active: Subscription, now: datetime) -> None:
    make_coupon()
    change(active, half_way(now), NOW_INVOICED, quantity=3, coupon="HALF")
    invoice = latest(active)
    # Half of the charge of 30.00 is taken off; the credit of 10.00 is not reduced.
    assert (invoice.subtotal_minor, invoice.discount_minor, invoice.total_minor) == (2000, 1500, 500)
    assert CouponRedemption.objects.get().reference == active.public_id


def test_a_means_of_payment_pays_the_invoice_of_its_change(active: Subscription, now: datetime, run_jobs: Run) -> None:
    card = second_card(active)
    change(active, half_way(now), NOW_INVOICED, quantity=2, payment_method_id=card.pk)
    run_jobs()
    assert PaymentMethod.objects.get(is_default=True, customer_id=active.customer_id) == card
    assert latest(active).state == "paid"


def test_an_anchor_can_move_to_now(active: Subscription, now: datetime) -> None:
    change(active, half_way(now), anchor="now")
    assert (active.anchor_at, active.period_starts_at, active.period_index) == (half_way(now), half_way(now), 1)
    assert amounts(latest(active)) == [-1000, 2000]
    assert healthy()


def test_an_anchor_can_move_to_an_instant_with_a_short_period_until_then(
    active: Subscription, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    """10.5 of the 31 days before 10 February are left. What of the credit of 10.00 is not used up waits."""
    anchor = now.replace(month=2, day=10)
    change(active, half_way(now), anchor=anchor)
    assert (active.period_starts_at, active.period_ends_at, active.cycle_starts_at) == (
        half_way(now), anchor, now.replace(day=10),
    )  # fmt: skip
    assert (amounts(latest(active)), waiting(active)) == ([-677, 677], [-323])
    freeze(anchor)
    run_jobs()
    active.refresh_from_db()
    assert (amounts(latest(active)), active.renews_at) == ([2000, -323], now.replace(month=3, day=10))
    assert healthy()


def test_an_anchor_where_the_period_ends_anyway_moves_nothing(active: Subscription, now: datetime) -> None:
    ends_at = active.period_ends_at
    change(active, half_way(now), anchor=ends_at)
    assert (active.period_ends_at, active.version, Invoice.objects.count()) == (ends_at, active.version, 1)
    change(active, half_way(now), NOW_INVOICED, anchor=ends_at, quantity=2)
    assert (active.period_ends_at, active.period_index, amounts(latest(active))) == (ends_at, 0, [-1000, 2000])


def test_a_plan_of_another_interval_begins_a_period_of_its_own(active: Subscription, now: datetime) -> None:
    yearly = make_plan(seats("200.00", interval="year"))
    done = change(active, half_way(now), plan_id=yearly.pk)
    assert done.invoice is not None
    assert amounts(latest(active)) == [-1000, 20000]
    assert (active.interval, active.period_ends_at) == ("year", half_way(now).replace(year=2027))
    assert healthy()


def test_everything_at_once_is_one_change_with_one_invoice(
    active: Subscription, now: datetime, facts: Facts, run_jobs: Run
) -> None:
    make_coupon()
    yearly, support = make_plan(seats("200.00", interval="year")), make_addon(monthly("50", interval="year"))
    before, version = len(facts()), active.version
    change(
        active, half_way(now), plan_id=yearly.pk, quantity=2, addons=((support.pk, 1),), coupon="HALF",
        anchor=now.replace(year=2027, month=1), payment_method_id=second_card(active).pk,
    )  # fmt: skip
    assert active.version == version + 1
    assert len(invoices_of(active)) == 2
    assert active.period_ends_at == now.replace(year=2027, month=1)
    told = [fact for fact in facts()[before:] if fact.startswith(("subscription.", "invoice.finalized"))]
    assert told == ["subscription.mrr_changed", "invoice.finalized", "subscription.changed"]
    run_jobs()
    assert latest(active).state == "paid"
    assert healthy()


def test_usage_goes_on_being_measured_whole_when_only_the_seats_change(
    freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    subscription = subscribe(plan=make_plan(seats("31.00", billed="arrears"), metered("0.10")))
    run_jobs()
    use(subscription, "100", at=now + timedelta(days=1))
    change(subscription, now + timedelta(days=10), quantity=2)
    # 10 of 31 days at one seat wait; usage does not.
    assert waiting(subscription) == [1000]
    change(subscription, now + timedelta(days=20), quantity=3)
    assert waiting(subscription) == [1000, 2000]
    use(subscription, "100", at=now + timedelta(days=25))
    freeze(now.replace(month=2))
    run_jobs()
    assert sorted(lines_of(latest(subscription))) == [
        ("proration", 1000), ("proration", 2000), ("proration", 3300), ("usage", 2000),
    ]  # fmt: skip
    assert healthy()


def test_another_plan_closes_what_was_used_under_the_old_one(now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(plan=make_plan(seats("20.00"), metered("0.10")))
    run_jobs()
    use(subscription, "100", at=now + timedelta(days=1))
    change(subscription, half_way(now), NOW_INVOICED, plan_id=make_plan(seats("40.00")).pk)
    assert sorted(lines_of(latest(subscription))) == [("proration", -1000), ("proration", 2000), ("usage", 1000)]
    assert healthy()


def test_what_is_so_already_is_left_as_it_is(active: Subscription, now: datetime, facts: Facts) -> None:
    addon = make_addon(monthly("10"))
    change(active, now, addons=((addon.pk, 1),))
    version, told = active.version, facts()
    done = change(active, half_way(now), plan_id=active.plan_id, quantity=1, addons=((addon.pk, 1),))
    assert (done.invoice, active.version, facts()) == (None, version, told)


def test_who_keeps_his_plan_keeps_his_version_of_it(active: Subscription, now: datetime) -> None:
    version = active.plan_version_id
    newer = revise_plan(plan_id=active.plan_id, prices=[seats("99.00")], actor=SYSTEM, now=now)
    publish_version(version_id=newer.pk, actor=SYSTEM, now=now)
    change(active, half_way(now), NOW_INVOICED, plan_id=active.plan_id, quantity=2)
    assert (active.plan_version_id, amounts(latest(active))) == (version, [-1000, 2000])


def test_several_changes_in_one_period_give_back_no_more_than_was_paid(
    active: Subscription, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    for day, quantity in enumerate((5, 2, 9, 1, 3), start=3):
        change(active, now + timedelta(days=day), NOW_INVOICED, quantity=quantity)
        run_jobs()
    charged = sum(sum(amounts(invoice)) for invoice in invoices_of(active)) + sum(waiting(active))
    # 20.00 a seat and 31 days: 1 seat for 3 days, then 5, 2, 9 and 1 for a day each, then 3 for 24 days.
    assert charged == pytest.approx(2000 * (3 + 5 + 2 + 9 + 1 + 3 * 24) / 31, abs=5)
    freeze(now.replace(month=2))
    run_jobs()
    assert healthy()


def test_a_discounted_period_is_credited_as_it_was_paid(now: datetime, run_jobs: Run) -> None:
    make_coupon(percent=Decimal(25))
    subscription = subscribe(plan=make_plan(seats("20.00")), coupons=["HALF"])
    run_jobs()
    change(subscription, half_way(now), NOW_INVOICED, quantity=2)
    assert amounts(latest(subscription)) == [-750, 2000]


def test_whoever_slept_is_billed_for_what_he_missed_first(active: Subscription, now: datetime) -> None:
    change(active, now.replace(month=3), NOW_INVOICED, quantity=2)
    assert active.period_index == 2
    assert [invoice.total_minor for invoice in invoices_of(active)] == [2000, 2000, 2000, 2000]


def test_the_queries_do_not_grow_with_the_history(
    active: Subscription, now: datetime, django_assert_max_num_queries: Any
) -> None:
    for day in range(1, 6):
        change(active, now + timedelta(days=day), quantity=day + 1)
    with django_assert_max_num_queries(35):
        services.change_subscription(
            subscription_id=active.pk, wanted=services.Wanted(quantity=9), actor=SYSTEM, now=half_way(now)
        )
