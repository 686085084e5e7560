"""Moving subscribers to another version of their plan."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from billing.models import Invoice, PendingLine
from catalog.models import Plan
from catalog.services import NewFeature, publish_version, revise_plan
from core.actor import SYSTEM
from subscriptions import internal, services
from subscriptions.models import Subscription, VersionMigrationItem
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
    publish_prices,
    subscribe,
    use,
)
from subscriptions.tests.migrating import counts, half_way, healthy, migrated, now_with, subscribed
from usage.models import Entitlement

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


@pytest.fixture
def plan() -> Plan:
    return make_plan(monthly("20.00"))


@pytest.fixture
def active(plan: Plan, run_jobs: Run) -> Subscription:
    """A paid subscription to the first version, 20.00 USD a month."""
    subscription = subscribed(plan)
    run_jobs()
    subscription.refresh_from_db()
    return subscription


def test_publishing_a_version_changes_nobody_s_invoices(
    active: Subscription, plan: Plan, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    publish_prices(plan, monthly("40.00"))
    for month in (2, 3):
        freeze(now.replace(month=month))
        run_jobs()
    assert set(Invoice.objects.values_list("total_minor", flat=True)) == {2000}
    fresh = subscribed(plan)
    assert latest(fresh).total_minor == 4000


def test_at_renewal_the_next_period_has_the_new_price(
    active: Subscription, plan: Plan, freeze: Freeze, now: datetime, run_jobs: Run, facts: Facts
) -> None:
    version = publish_prices(plan, monthly("40.00"))
    row = migrated(plan, now)
    run_jobs()
    active.refresh_from_db()
    assert (active.next_plan_version_id, active.plan_version_id == version.pk) == (version.pk, False)
    assert (counts(row), Invoice.objects.count()) == (("done", 1, 1, 0, 0), 1)
    freeze(now.replace(month=2))
    run_jobs()
    active.refresh_from_db()
    assert (active.plan_version_id, active.next_plan_version_id) == (version.pk, None)
    assert lines_of(latest(active)) == [("fixed", 4000)]
    assert [fact for fact in facts() if fact.startswith("subscription.migration") or "version" in fact] == [
        "plan.version_published", "plan.version_published", "subscription.migration_started",
        "subscription.migration_finished", "subscription.version_changed",
    ]  # fmt: skip
    assert healthy()


@pytest.mark.parametrize(
    ("behavior", "invoiced", "waiting"),
    [
        (Behavior.NONE, [], []),
        (Behavior.NEXT_INVOICE, [], [-1000, 2000]),
        (Behavior.INVOICE_NOW, [("proration", -1000), ("proration", 2000)], []),
        (Behavior.FULL_CHARGE_RESET_ANCHOR, [("proration", -1000), ("fixed", 4000)], []),
    ],
)
def test_now_charges_as_the_behavior_says(
    active: Subscription, plan: Plan, freeze: Freeze, now: datetime, run_jobs: Run, behavior: Behavior,
    invoiced: list[tuple[str, int]], waiting: list[int],
) -> None:  # fmt: skip
    version = publish_prices(plan, monthly("40.00"))
    freeze(half_way(now))
    preview = services.preview_migration(plan_id=plan.pk, now=half_way(now), **now_with(behavior))
    row = migrated(plan, half_way(now), **now_with(behavior))
    run_jobs()
    active.refresh_from_db()
    assert (active.plan_version_id, counts(row)) == (version.pk, ("done", 1, 1, 0, 0))
    made = [] if Invoice.objects.count() == 1 else lines_of(latest(active))
    pending = list(PendingLine.objects.waiting().order_by("id").values_list("amount_minor", flat=True))
    assert (made, pending) == (invoiced, waiting)
    assert preview.lines[0].now_minor == sum(amount for _, amount in made) + sum(pending)
    assert healthy()
    moved = behavior is Behavior.FULL_CHARGE_RESET_ANCHOR
    assert (active.anchor_at, active.period_index) == ((half_way(now), 1) if moved else (now, 0))
    freeze(active.period.ends_at)
    run_jobs()
    assert sum(amount for _, amount in lines_of(latest(active))) == 4000 + sum(pending)
    assert healthy()


def test_there_and_back_at_one_instant_costs_nothing(
    active: Subscription, plan: Plan, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    publish_prices(plan, monthly("33.33"))
    freeze(now + timedelta(days=11))
    for number in (2, 1, 2, 1):
        migrated(plan, now + timedelta(days=11), to_number=number, when="now", behavior=Behavior.NEXT_INVOICE)
        run_jobs()
    assert sum(PendingLine.objects.waiting().values_list("amount_minor", flat=True)) == 0
    freeze(now.replace(month=2))
    run_jobs()
    assert latest(active).total_minor == 2000


def test_what_was_used_and_is_charged_in_arrears_keeps_the_price_under_which_it_was_used(
    freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    usage = metered("0.10")
    plan = make_plan(monthly("31.00", billed="arrears"), usage)
    subscription = subscribed(plan)
    run_jobs()
    use(subscription, "50", at=now + timedelta(days=1))
    publish_prices(plan, monthly("62.00", billed="arrears"), usage.changed({"unit_amount": Decimal("0.20")}))
    freeze(half_way(now))
    preview = services.preview_migration(plan_id=plan.pk, now=half_way(now), **now_with(Behavior.INVOICE_NOW))
    migrated(plan, half_way(now), **now_with(Behavior.INVOICE_NOW))
    run_jobs()
    assert lines_of(latest(subscription)) == [("proration", 1550), ("usage", 500)]
    assert preview.lines[0].now_minor == 2050
    subscription.refresh_from_db()
    use(subscription, "10", at=half_way(now) + timedelta(days=1))
    freeze(now.replace(month=2))
    run_jobs()
    assert lines_of(latest(subscription)) == [("proration", 3100), ("usage", 200)]
    assert healthy()


def test_entitlements_are_those_of_the_new_version(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    plan = free_plan(features=[NewFeature(code="sso", name="Single sign-on")])
    subscribe(make_customer(), plan)
    version = revise_plan(plan_id=plan.pk, features=[NewFeature(code="audit", name="Audit log")], actor=SYSTEM, now=now)
    publish_version(version_id=version.pk, actor=SYSTEM, now=now)
    migrated(plan, now, when="now")
    run_jobs()
    assert [one.code for one in Entitlement.objects.granted(at=now)] == ["audit"]


def test_only_those_of_one_version_can_be_moved(active: Subscription, plan: Plan, now: datetime, run_jobs: Run) -> None:
    publish_prices(plan, monthly("30.00"))
    second = subscribed(plan)
    run_jobs()
    third = publish_prices(plan, monthly("40.00"))
    row = migrated(plan, now, from_number=2)
    run_jobs()
    for one in (active, second):
        one.refresh_from_db()
    assert (active.next_plan_version_id, second.next_plan_version_id) == (None, third.pk)
    assert counts(row) == ("done", 1, 1, 0, 0)


def test_a_trial_begins_to_pay_the_new_price(plan: Plan, freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    trial = subscribed(plan, trial_days=10)
    later = subscribed(plan, starts_at=now + timedelta(days=5))
    publish_prices(plan, monthly("40.00"))
    migrated(plan, now, when="renewal")
    run_jobs()
    freeze(now + timedelta(days=10))
    run_jobs()
    assert [latest(one).total_minor for one in (trial, later)] == [4000, 4000]
    assert healthy()


def test_yearly_prices_begin_with_a_renewal_or_a_new_anchor(
    active: Subscription, plan: Plan, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    publish_prices(plan, monthly("200.00", interval="year"))
    failed = migrated(plan, now, **now_with(Behavior.INVOICE_NOW))
    run_jobs()
    assert counts(failed) == ("done", 1, 0, 1, 0)
    assert VersionMigrationItem.objects.get().error.startswith("cycle_differs: ")
    migrated(plan, now)
    run_jobs()
    freeze(now.replace(month=2))
    run_jobs()
    active.refresh_from_db()
    assert (active.interval, active.anchor_at, active.period_ends_at) == (
        "year", now.replace(month=2), now.replace(year=2027, month=2),
    )  # fmt: skip
    assert lines_of(latest(active)) == [("fixed", 20000)]
    assert healthy()


def test_add_ons_that_would_no_longer_fit_stand_in_the_way(plan: Plan, now: datetime, run_jobs: Run) -> None:
    subscription = subscribed(plan, addons=[(make_addon().pk, 1)])
    run_jobs()
    publish_prices(plan, monthly("200.00", interval="year"))
    preview = services.preview_migration(plan_id=plan.pk, now=now)
    assert [line.refusal for line in preview.lines] == ["addon_cycle_mismatch"]
    assert preview.totals == ()
    row = migrated(plan, now)
    run_jobs()
    subscription.refresh_from_db()
    assert (counts(row)[3], subscription.next_plan_version_id) == (1, None)


def test_no_add_on_is_added_that_the_waiting_version_does_not_fit(
    active: Subscription, plan: Plan, now: datetime, run_jobs: Run
) -> None:
    publish_prices(plan, monthly("200.00", interval="year"))
    migrated(plan, now)
    run_jobs()
    with pytest.raises(services.AddOnCycleMismatch):
        services.add_addon(subscription_id=active.pk, addon_id=make_addon().pk, actor=SYSTEM, now=now)


def test_a_currency_that_is_no_longer_offered_fails_alone(
    active: Subscription, plan: Plan, now: datetime, run_jobs: Run
) -> None:
    publish_prices(plan, monthly("20"), monthly("18", currency="EUR"))
    euro = subscribe(make_customer(currency="EUR"), plan)
    publish_prices(plan, monthly("40"))
    row = migrated(plan, now)
    run_jobs()
    assert counts(row) == ("done", 2, 1, 1, 0)
    euro.refresh_from_db()
    assert euro.next_plan_version_id is None


def test_periods_given_by_a_gift_are_not_charged_again(
    plan: Plan, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    term = internal.grant_term(
        customer_id=make_customer().pk, plan_id=plan.pk, intervals=2, source="gft_1", actor=SYSTEM, now=now
    )
    version = publish_prices(plan, monthly("40.00"))
    migrated(plan, half_way(now), **now_with(Behavior.INVOICE_NOW))
    run_jobs()
    assert Subscription.objects.get(pk=term.id).plan_version_id == version.pk
    freeze(now.replace(month=2))
    run_jobs()
    assert (Invoice.objects.count(), PendingLine.objects.count()) == (0, 0)
