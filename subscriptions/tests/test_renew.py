"""Renewing by itself."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from billing.dunning import EndAction, Policy
from billing.models import Invoice
from billing.services import change_dunning_policy
from catalog.services import NewFeature, publish_version, revise_plan
from core.actor import SYSTEM
from core.invariants import broken
from subscriptions import internal
from subscriptions.models import Subscription, SubscriptionPeriod
from subscriptions.tests.factories import (
    attach_card,
    free_plan,
    make_customer,
    make_plan,
    metered,
    monthly,
    states_of,
    subscribe,
    use,
)
from usage.models import Entitlement

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]
JANUARY_31 = datetime.fromisoformat("2026-01-31T12:00:00+00:00")
# Boundary n counted from the 31st, clamped to the month; never drifting.
ENDS_OF_MONTHS = [
    "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30",
    "2026-10-31", "2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31",
]  # fmt: skip


@pytest.fixture
def active(run_jobs: Run) -> Subscription:
    """A paid subscription of 20.00 USD a month."""
    subscription = subscribe()
    run_jobs()
    subscription.refresh_from_db()
    assert subscription.status == "active"
    return subscription


def test_the_worker_renews_and_charges(active: Subscription, freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    freeze(now.replace(month=2))
    run_jobs()
    active.refresh_from_db()
    assert (active.status, active.period_index, active.renews_at) == ("active", 1, now.replace(month=3))
    assert [invoice.state for invoice in Invoice.objects.all()] == ["paid", "paid"]
    assert list(active.events.values_list("type", flat=True)) == ["created", "activated", "renewed"]


def test_periods_end_with_the_month_for_fourteen_months(freeze: Freeze, run_jobs: Run) -> None:
    freeze(JANUARY_31)
    subscription = subscribe()
    run_jobs()
    ends = []
    for _ in ENDS_OF_MONTHS:
        subscription.refresh_from_db()
        assert subscription.period_ends_at is not None
        ends.append(subscription.period_ends_at.date().isoformat())
        freeze(subscription.period_ends_at)
        run_jobs()
    assert ends == ENDS_OF_MONTHS
    assert Invoice.objects.filter(state="paid").count() == len(ENDS_OF_MONTHS) + 1
    assert broken("subscriptions.periods_follow_anchor") == []
    assert broken("subscriptions.one_invoice_per_period") == []


def test_whoever_slept_catches_up_period_by_period(
    active: Subscription, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    freeze(now.replace(month=5) + timedelta(hours=2))
    run_jobs()
    active.refresh_from_db()
    assert active.period_index == 4
    assert list(active.periods.values_list("number", flat=True)) == [0, 1, 2, 3, 4]
    assert Invoice.objects.count() == 5
    assert broken("subscriptions.nothing_due_missed") == []


def test_renewing_twice_bills_once(active: Subscription, now: datetime) -> None:
    at = now.replace(month=2)
    assert internal.renew(subscription_id=active.pk, actor=SYSTEM, now=at) is not None
    assert internal.renew(subscription_id=active.pk, actor=SYSTEM, now=at) is None
    assert (Invoice.objects.count(), SubscriptionPeriod.objects.count()) == (2, 2)


def test_nothing_is_renewed_early(active: Subscription, now: datetime) -> None:
    early = now.replace(month=2) - timedelta(microseconds=1)
    assert internal.renew(subscription_id=active.pk, actor=SYSTEM, now=early) is None
    assert Invoice.objects.count() == 1


def test_it_stays_on_its_version(freeze: Freeze, now: datetime, run_jobs: Run, active: Subscription) -> None:
    version = revise_plan(plan_id=active.plan_id, prices=[monthly("99")], actor=SYSTEM, now=now)
    publish_version(version_id=version.pk, actor=SYSTEM, now=now)
    freeze(now.replace(month=2))
    run_jobs()
    active.refresh_from_db()
    assert active.plan_version_id != version.pk
    assert {invoice.total_minor for invoice in Invoice.objects.all()} == {2000}


def test_a_declined_renewal_is_past_due_and_recovers(
    active: Subscription, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    attach_card(active.customer, "fails_later")
    freeze(now.replace(month=2))
    run_jobs()
    active.refresh_from_db()
    assert active.status == "past_due"
    attach_card(active.customer, "success")
    run_jobs()
    assert states_of(active) == ["incomplete", "active", "past_due", "active"]


def test_past_due_goes_on_renewing_and_recovers_when_all_is_paid(
    active: Subscription, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    change_dunning_policy(policy=Policy(end_action=EndAction.LEAVE), actor=SYSTEM, now=now)
    attach_card(active.customer, "fails_later")
    for month in (2, 3):
        freeze(now.replace(month=month))
        run_jobs()
    active.refresh_from_db()
    assert (active.status, active.period_index) == ("past_due", 2)
    attach_card(active.customer, "success")
    run_jobs()
    assert not Invoice.objects.open().exists()
    assert states_of(active)[-1] == "active"


def test_entitlements_move_on_with_the_period(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscribe(make_customer(), free_plan(features=[NewFeature(code="sso", name="Single sign-on")]))
    freeze(now.replace(month=2))
    run_jobs()
    granted = Entitlement.objects.get()
    assert (granted.period_starts_at, granted.period_ends_at) == (now.replace(month=2), now.replace(month=3))


def test_usage_is_billed_after_its_period(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(plan=make_plan(monthly("20"), metered("0.05")))
    run_jobs()
    assert Invoice.objects.get().total_minor == 2000
    use(subscription, "2.5", at=now)
    use(subscription, "10", at=now.replace(month=2) - timedelta(microseconds=1))
    use(subscription, "99", at=now.replace(month=2))
    freeze(now.replace(month=2))
    run_jobs()
    second = Invoice.objects.order_by("-id")[0]
    lines = list(second.lines.order_by("position").values_list("kind", "quantity", "amount_minor", "period_starts_at"))
    assert lines == [
        ("usage", Decimal("12.5"), 63, now),
        ("fixed", Decimal(1), 2000, now.replace(month=2)),
    ]


def test_what_was_not_used_makes_no_line(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(make_customer(), make_plan(metered("0.05")))
    assert subscription.status == "active"
    freeze(now.replace(month=2))
    run_jobs()
    subscription.refresh_from_db()
    assert (subscription.period_index, Invoice.objects.count()) == (1, 0)


def test_a_fixed_price_in_arrears_is_billed_after_its_period(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(plan=make_plan(monthly("20", billed="arrears")))
    assert (subscription.status, Invoice.objects.count()) == ("active", 0)
    freeze(now.replace(month=2))
    run_jobs()
    line = Invoice.objects.get().lines.get()
    assert (line.amount_minor, line.period_starts_at, line.period_ends_at) == (2000, now, now.replace(month=2))
