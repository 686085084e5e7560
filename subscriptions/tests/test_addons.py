"""What is taken beside the plan."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing.models import Invoice, PendingLine
from catalog.selectors import CurrencyNotOffered
from catalog.services import AddOnArchived, archive_addon
from core import errors, ids
from core.actor import SYSTEM, Actor
from core.invariants import broken
from subscriptions import internal, services
from subscriptions.models import Subscription, SubscriptionAddOn
from subscriptions.proration import Behavior
from subscriptions.tests.factories import (
    free_plan,
    latest,
    lines_of,
    make_addon,
    make_customer,
    make_plan,
    metered,
    monthly,
    once,
    subscribe,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


@pytest.fixture
def active(run_jobs: Run) -> Subscription:
    """A paid subscription of 20.00 USD a month from 15 January, 31 days long."""
    subscription = subscribe()
    run_jobs()
    subscription.refresh_from_db()
    return subscription


def add(subscription: Subscription, addon: Any, at: datetime, **wanted: Any) -> SubscriptionAddOn:
    return services.add_addon(subscription_id=subscription.pk, addon_id=addon.pk, actor=SYSTEM, now=at, **wanted)


def remove(subscription: Subscription, row: SubscriptionAddOn, at: datetime, **wanted: Any) -> SubscriptionAddOn:
    return services.remove_addon(subscription_id=subscription.pk, item_id=row.pk, actor=SYSTEM, now=at, **wanted)


def waiting() -> list[int]:
    return list(PendingLine.objects.waiting().order_by("id").values_list("amount_minor", flat=True))


def test_add_ons_are_charged_from_the_first_invoice_on(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    support = make_addon(monthly("5", model="per_unit"))
    subscription = subscribe(addons=[(support.pk, 3)])
    assert lines_of(latest(subscription)) == [("fixed", 2000), ("addon", 1500)]
    run_jobs()
    freeze(now.replace(month=2))
    run_jobs()
    assert lines_of(latest(subscription)) == [("fixed", 2000), ("addon", 1500)]


def test_what_is_charged_once_is_charged_once(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(addons=[(make_addon(once(), kind="one_off").pk, 1)])
    assert lines_of(latest(subscription)) == [("fixed", 2000), ("one_off", 9900)]
    run_jobs()
    freeze(now.replace(month=2))
    run_jobs()
    assert lines_of(latest(subscription)) == [("fixed", 2000)]
    assert SubscriptionAddOn.objects.get().billed_at == now


def test_a_set_up_fee_alone_has_to_be_paid_first(run_jobs: Run) -> None:
    subscription = subscribe(plan=free_plan(), addons=[(make_addon(once(), kind="one_off").pk, 1)])
    assert subscription.status == "incomplete"
    run_jobs()
    subscription.refresh_from_db()
    assert subscription.status == "active"


def test_one_added_inside_a_period_is_charged_for_the_rest_with_the_next_invoice(
    active: Subscription, freeze: Freeze, now: datetime, run_jobs: Run, facts: Facts
) -> None:
    """15.5 of 31 days are left of the first period."""
    add(active, make_addon(monthly("10")), now + timedelta(days=15, hours=12))
    assert (waiting(), Invoice.objects.count()) == ([500], 1)
    freeze(now.replace(month=2))
    run_jobs()
    assert lines_of(latest(active)) == [("fixed", 2000), ("addon", 1000), ("proration", 500)]
    assert "subscription.addon_added" in facts()


def test_it_can_be_invoiced_now(active: Subscription, now: datetime) -> None:
    add(active, make_addon(monthly("10")), now + timedelta(days=15, hours=12), behavior=Behavior.INVOICE_NOW)
    invoice = latest(active)
    assert (invoice.kind, lines_of(invoice), waiting()) == ("subscription_change", [("proration", 500)], [])


def test_it_can_be_charged_nothing_for_the_rest(active: Subscription, now: datetime) -> None:
    add(active, make_addon(monthly("10")), now + timedelta(days=1), behavior=Behavior.NONE)
    assert (waiting(), Invoice.objects.count()) == ([], 1)


def test_it_can_begin_a_new_period(active: Subscription, now: datetime) -> None:
    """16 of 31 days are unused; the new period costs 20.00 and 10.00."""
    at = now + timedelta(days=15)
    add(active, make_addon(monthly("10")), at, behavior=Behavior.FULL_CHARGE_RESET_ANCHOR)
    active.refresh_from_db()
    assert (active.anchor_at, active.period_index, active.period_starts_at, active.renews_at) == (
        at, 1, at, at.replace(month=2, day=28),
    )  # fmt: skip
    assert lines_of(latest(active)) == [("proration", -1032), ("fixed", 2000), ("addon", 1000)]
    assert broken("subscriptions.periods_follow_anchor") == []
    assert broken("subscriptions.one_invoice_per_period") == []


def test_one_that_is_removed_is_credited_for_the_rest_and_charged_no_more(
    active: Subscription, freeze: Freeze, now: datetime, run_jobs: Run, facts: Facts
) -> None:
    row = add(active, make_addon(monthly("10")), now, behavior=Behavior.INVOICE_NOW)
    run_jobs()
    remove(active, row, now + timedelta(days=15, hours=12))
    assert waiting() == [-500]
    freeze(now.replace(month=2))
    run_jobs()
    assert lines_of(latest(active)) == [("fixed", 2000), ("proration", -500)]
    assert "subscription.addon_removed" in facts()


def test_a_credit_alone_makes_no_invoice(active: Subscription, now: datetime, run_jobs: Run) -> None:
    row = add(active, make_addon(monthly("10")), now, behavior=Behavior.INVOICE_NOW)
    run_jobs()
    remove(active, row, now + timedelta(days=15, hours=12), behavior=Behavior.INVOICE_NOW)
    assert (waiting(), Invoice.objects.count()) == ([-500], 2)


def test_adding_and_removing_at_one_instant_costs_nothing(active: Subscription, now: datetime) -> None:
    at, addon = now + timedelta(days=3), make_addon(monthly("9.99"))
    for _ in range(2):
        remove(active, add(active, addon, at), at)
    assert sum(waiting()) == 0
    assert broken("subscriptions.addons_do_not_overlap") == []


def test_one_in_arrears_is_charged_for_the_days_it_was_there(
    active: Subscription, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    addon = make_addon(monthly("31", billed="arrears"))
    row = add(active, addon, now + timedelta(days=10))
    assert waiting() == []
    freeze(now.replace(month=2))
    run_jobs()
    assert lines_of(latest(active)) == [("proration", 2100), ("fixed", 2000)]
    remove(active, row, now.replace(month=2) + timedelta(days=14))
    assert waiting() == [1550]


def test_what_waits_is_billed_when_the_subscription_ends(active: Subscription, now: datetime, actor: Actor) -> None:
    at = now + timedelta(days=15, hours=12)
    add(active, make_addon(monthly("10")), at)
    add(active, make_addon(once(), kind="one_off"), at)
    services.cancel_subscription(subscription_id=active.pk, at="now", actor=actor, now=at)
    assert sorted(lines_of(latest(active))) == [("one_off", 9900), ("proration", 500)]


def test_a_set_up_fee_can_be_invoiced_now(active: Subscription, now: datetime) -> None:
    add(active, make_addon(once(), kind="one_off"), now, behavior=Behavior.INVOICE_NOW)
    assert lines_of(latest(active)) == [("one_off", 9900)]


def test_before_the_first_paid_period_nothing_is_charged(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(plan=make_plan(trial_days=14))
    add(subscription, make_addon(monthly("10")), now, behavior=Behavior.INVOICE_NOW)
    assert not Invoice.objects.exists()
    freeze(now + timedelta(days=14))
    run_jobs()
    assert lines_of(latest(subscription)) == [("fixed", 2000), ("addon", 1000)]


def test_periods_bought_ahead_have_their_add_ons(
    active: Subscription, freeze: Freeze, now: datetime, run_jobs: Run, actor: Actor
) -> None:
    add(active, make_addon(monthly("10")), now, behavior=Behavior.INVOICE_NOW)
    services.renew_subscription(subscription_id=active.pk, intervals=2, actor=actor, now=now + timedelta(days=1))
    assert latest(active).total_minor == 6000
    run_jobs()
    count = Invoice.objects.count()
    add(active, make_addon(monthly("7")), now + timedelta(days=2), behavior=Behavior.NONE)
    freeze(now.replace(month=2))
    run_jobs()
    assert (Invoice.objects.count(), lines_of(latest(active))) == (count + 1, [("addon", 700)])


def test_a_gift_pays_for_the_plan_only(freeze: Freeze, now: datetime, actor: Actor, run_jobs: Run) -> None:
    customer, plan = make_customer(), make_plan()
    term = internal.grant_term(
        customer_id=customer.pk, plan_id=plan.pk, intervals=2, source="gft_1", actor=actor, now=now
    )
    subscription = Subscription.objects.get(pk=term.id)
    add(subscription, make_addon(monthly("10")), now + timedelta(days=15, hours=12), behavior=Behavior.INVOICE_NOW)
    assert lines_of(latest(subscription)) == [("proration", 500)]
    freeze(now.replace(month=2))
    run_jobs()
    assert lines_of(latest(subscription)) == [("addon", 1000)]


def test_an_anchor_cannot_move_while_the_period_is_bought_ahead(now: datetime, actor: Actor) -> None:
    term = internal.grant_term(
        customer_id=make_customer().pk, plan_id=make_plan().pk, intervals=2, source="gft_1", actor=actor, now=now
    )
    with pytest.raises(services.PeriodBoughtAhead):
        add(Subscription.objects.get(pk=term.id), make_addon(), now, behavior=Behavior.FULL_CHARGE_RESET_ANCHOR)
    assert not SubscriptionAddOn.objects.exists()


@pytest.mark.parametrize("terms", [{"interval": "year"}, {"interval_count": 2}])
def test_one_of_another_cycle_is_refused(active: Subscription, now: datetime, terms: dict[str, Any]) -> None:
    addon = make_addon(monthly("10", **terms))
    with pytest.raises(services.AddOnCycleMismatch) as refused:
        add(active, addon, now)
    assert refused.value.members == {"addon": addon.public_id, "interval": "month", "interval_count": 1}
    with pytest.raises(services.AddOnCycleMismatch):
        subscribe(make_customer(), addons=[(addon.pk, 1)])
    assert not SubscriptionAddOn.objects.exists()


def test_one_without_a_price_in_the_currency_is_refused(active: Subscription, now: datetime) -> None:
    with pytest.raises(CurrencyNotOffered):
        add(active, make_addon(monthly("10", currency="EUR")), now)


def test_one_off_the_offer_is_refused(active: Subscription, now: datetime, actor: Actor) -> None:
    addon = make_addon()
    archive_addon(addon_id=addon.pk, actor=actor, now=now)
    with pytest.raises(AddOnArchived):
        add(active, addon, now)


def test_the_same_one_twice_is_refused(active: Subscription, now: datetime, facts: Facts) -> None:
    addon = make_addon()
    row = add(active, addon, now)
    before = facts()
    with pytest.raises(services.AddOnAlreadyAdded):
        add(active, addon, now)
    assert (SubscriptionAddOn.objects.count(), facts()) == (1, before)
    row.pk, row._state.adding = ids.new(), True
    with pytest.raises(IntegrityError, match="subscriptionaddon_once"), transaction.atomic():
        row.save(force_insert=True)


def test_one_is_removed_once_and_never_what_was_charged_once(active: Subscription, now: datetime) -> None:
    row = add(active, make_addon(), now)
    remove(active, row, now)
    with pytest.raises(services.AddOnRemoved):
        remove(active, row, now)
    charged = add(active, make_addon(once(), kind="one_off"), now, behavior=Behavior.INVOICE_NOW)
    with pytest.raises(services.AddOnBilled):
        remove(active, charged, now)


def test_another_subscription_s_is_not_found(active: Subscription, now: datetime) -> None:
    other = subscribe(make_customer(), free_plan(), addons=[(make_addon(monthly("0")).pk, 1)])
    with pytest.raises(errors.NotFound):
        remove(active, other.addons.get(), now)


def test_what_waits_for_its_first_payment_or_is_over_is_not_changed(now: datetime, actor: Actor) -> None:
    unpaid, over = subscribe(make_customer()), subscribe(make_customer(), free_plan())
    services.cancel_subscription(subscription_id=over.pk, at="now", actor=actor, now=now)
    for subscription in (unpaid, over):
        with pytest.raises(services.InvalidTransition):
            add(subscription, make_addon(), now)
    assert not SubscriptionAddOn.objects.exists()


def test_whoever_slept_is_billed_for_what_he_missed_first(active: Subscription, now: datetime) -> None:
    add(active, make_addon(monthly("10")), now.replace(month=3), behavior=Behavior.INVOICE_NOW)
    active.refresh_from_db()
    assert active.period_index == 2
    totals = list(Invoice.objects.order_by("id").values_list("total_minor", flat=True))
    assert totals == [2000, 2000, 2000, 1000]


def test_usage_goes_on_being_measured_whole(active: Subscription, now: datetime) -> None:
    plan = make_plan(monthly("20"), metered("0.05"), family=None)
    subscription = subscribe(make_customer(), plan)
    assert [line.kind for line in latest(subscription).lines.all()] == ["fixed"]


def test_what_waits_is_billed_also_where_the_next_period_costs_nothing_in_advance(
    freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    subscription = subscribe(plan=make_plan(metered("0.05")))
    row = add(subscription, make_addon(monthly("10")), now + timedelta(days=15, hours=12))
    freeze(now + timedelta(days=16))
    remove(subscription, row, now + timedelta(days=16), behavior=Behavior.NONE)
    freeze(now.replace(month=2))
    run_jobs()
    assert lines_of(latest(subscription)) == [("proration", 500)]


def test_an_anchor_does_not_move_where_later_periods_are_bought_or_the_end_is_decided(
    active: Subscription, now: datetime, run_jobs: Run, actor: Actor
) -> None:
    reset = Behavior.FULL_CHARGE_RESET_ANCHOR
    services.renew_subscription(subscription_id=active.pk, actor=actor, now=now)
    run_jobs()
    with pytest.raises(services.PeriodBoughtAhead):
        add(active, make_addon(), now + timedelta(days=1), behavior=reset)
    ending = subscribe(make_customer(), free_plan())
    services.cancel_subscription(subscription_id=ending.pk, actor=actor, now=now)
    with pytest.raises(services.CancellationScheduled):
        add(ending, make_addon(), now + timedelta(days=1), behavior=reset)
    assert not SubscriptionAddOn.objects.exists()
