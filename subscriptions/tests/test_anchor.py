"""Where periods are counted from, and the short first one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.models import Invoice
from core import invariants
from core.actor import Actor
from core.periods import AnchorTooFar
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.proration import Behavior
from subscriptions.tests.factories import (
    attach_card,
    latest,
    lines_of,
    make_addon,
    make_customer,
    make_plan,
    metered,
    monthly,
    once,
    subscribe,
    use,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def ends(subscription: Subscription, freeze: Freeze, run_jobs: Run, count: int) -> list[str]:
    """The ends of the next periods, each waited for."""
    found = []
    for _ in range(count):
        run_jobs()
        subscription.refresh_from_db()
        assert subscription.period_ends_at is not None
        found.append(subscription.period_ends_at.isoformat().replace("+00:00", "Z"))
        freeze(subscription.period_ends_at)
    run_jobs()
    return found


def healthy() -> bool:
    codes = [one.code for one in invariants.rules() if one.code.startswith("subscriptions.")]
    return all(invariants.broken(code) == [] for code in codes)


def test_the_calendar_gives_a_short_first_month_that_costs_its_share(
    freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    """From 15 January noon, 16.5 of 31 days: 31.00 × 16.5 / 31 = 16.50."""
    subscription = subscribe(plan=make_plan(monthly("31.00")), anchor="calendar")
    invoice = latest(subscription)
    assert lines_of(invoice) == [("proration", 1650)]
    assert (invoice.period_starts_at, invoice.period_ends_at) == (now, at("2026-02-01T00:00:00Z"))
    assert (subscription.period_index, subscription.cycle_starts_at) == (0, at("2026-01-01T00:00:00Z"))
    assert ends(subscription, freeze, run_jobs, 4) == [
        "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z",
    ]  # fmt: skip
    assert set(Invoice.objects.exclude(pk=invoice.pk).values_list("total_minor", flat=True)) == {3100}
    assert healthy()


def test_the_calendar_is_that_of_the_customer_s_wall(freeze: Freeze, run_jobs: Run) -> None:
    customer = make_customer(timezone="America/New_York")
    attach_card(customer)
    subscription = subscribe(customer, anchor="calendar")
    assert ends(subscription, freeze, run_jobs, 3) == [
        "2026-02-01T05:00:00Z", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z",
    ]  # fmt: skip
    assert healthy()


def test_an_instant_ahead_gives_a_short_first_period_and_counts_from_there(freeze: Freeze, run_jobs: Run) -> None:
    anchor = at("2026-01-31T12:00:00Z")
    subscription = subscribe(plan=make_plan(monthly("31.00")), anchor=anchor)
    assert (subscription.anchor_at, subscription.period_index, subscription.period_boundary) == (anchor, 0, 0)
    # Of the whole month from 31 December noon 16 days are left.
    assert lines_of(latest(subscription)) == [("proration", 1600)]
    assert ends(subscription, freeze, run_jobs, 4) == [
        "2026-01-31T12:00:00Z", "2026-02-28T12:00:00Z", "2026-03-31T12:00:00Z", "2026-04-30T12:00:00Z",
    ]  # fmt: skip
    assert healthy()


def test_an_instant_long_ago_is_as_good(freeze: Freeze, run_jobs: Run) -> None:
    subscription = subscribe(anchor=at("2020-08-31T00:00:00Z"))
    assert ends(subscription, freeze, run_jobs, 3) == [
        "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z",
    ]  # fmt: skip
    assert healthy()


def test_an_instant_that_is_now_is_the_anniversary(now: datetime) -> None:
    subscription = subscribe(anchor=now)
    assert (subscription.anchor_at, latest(subscription).total_minor) == (now, 2000)


def test_days_are_counted_where_the_plan_says_so() -> None:
    subscription = subscribe(plan=make_plan(monthly("31.00"), proration_basis="day"), anchor="calendar")
    assert lines_of(latest(subscription)) == [("proration", 1700)]


def test_an_anchor_more_than_a_period_ahead_is_refused(now: datetime) -> None:
    for anchor in (at("2026-02-16T12:00:00Z"), at("2027-01-01T00:00:00Z")):
        with pytest.raises(AnchorTooFar):
            subscribe(anchor=anchor)
    assert not Subscription.objects.exists()
    assert subscribe(anchor=now.replace(month=2)).period_ends_at == now.replace(month=2)


def test_the_anchor_counts_from_the_end_of_a_trial(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    plan = make_plan(monthly("28.00"), trial_days=21)
    subscription = subscribe(plan=plan, anchor="calendar")
    assert subscription.anchor_at is None
    freeze(now + timedelta(days=21))
    run_jobs()
    subscription.refresh_from_db()
    # From 5 February noon, 23.5 of 28 days.
    assert lines_of(latest(subscription)) == [("proration", 2350)]
    assert subscription.period_ends_at == at("2026-03-01T00:00:00Z")
    with pytest.raises(AnchorTooFar):
        subscribe(make_customer(), plan, anchor=at("2026-04-10T00:00:00Z"))
    assert healthy()


def test_a_scheduled_start_is_where_the_calendar_begins(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(starts_at=now + timedelta(days=3), anchor="calendar")
    freeze(now + timedelta(days=3))
    run_jobs()
    subscription.refresh_from_db()
    assert (subscription.period_starts_at, subscription.period_ends_at) == (
        now + timedelta(days=3),
        at("2026-02-01T00:00:00Z"),
    )


def test_a_short_period_counts_as_one_of_a_fixed_term(freeze: Freeze, run_jobs: Run) -> None:
    subscription = subscribe(anchor="calendar", intervals=3)
    assert subscription.ends_at == at("2026-04-01T00:00:00Z")
    ends(subscription, freeze, run_jobs, 3)
    subscription.refresh_from_db()
    assert (subscription.status, Invoice.objects.count()) == ("expired", 3)
    assert healthy()


def test_add_ons_share_the_short_period_and_set_up_fees_do_not() -> None:
    plan = make_plan(monthly("31.00"))
    addons = [(make_addon(monthly("3.10")).pk, 1), (make_addon(once(), kind="one_off").pk, 1)]
    subscription = subscribe(plan=plan, anchor="calendar", addons=addons)
    assert lines_of(latest(subscription)) == [("proration", 1650), ("proration", 165), ("one_off", 9900)]


def test_fixed_prices_in_arrears_and_usage_of_a_short_period(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(plan=make_plan(monthly("31.00", billed="arrears"), metered("0.10")), anchor="calendar")
    use(subscription, "25", at=now + timedelta(days=1))
    freeze(at("2026-02-01T00:00:00Z"))
    run_jobs()
    assert lines_of(latest(subscription)) == [("proration", 1650), ("usage", 250)]


def test_a_change_in_a_short_period_is_measured_by_the_whole_one(now: datetime, run_jobs: Run, actor: Actor) -> None:
    """On 23 January noon 8.5 of 31 days are left, whatever the first period was."""
    subscription = subscribe(plan=make_plan(monthly("31.00")), anchor="calendar")
    run_jobs()
    row = services.add_addon(
        subscription_id=subscription.pk, addon_id=make_addon(monthly("62.00")).pk, behavior=Behavior.INVOICE_NOW,
        actor=actor, now=now + timedelta(days=8),
    )  # fmt: skip
    assert lines_of(latest(subscription)) == [("proration", 1700)]
    services.remove_addon(subscription_id=subscription.pk, item_id=row.pk, actor=actor, now=now + timedelta(days=8))


@pytest.mark.parametrize("anchor", ["anniversary", "calendar"])
def test_periods_bought_ahead_end_at_the_boundaries(
    freeze: Freeze, now: datetime, run_jobs: Run, actor: Actor, anchor: str
) -> None:
    subscription = subscribe(anchor=anchor)
    run_jobs()
    services.renew_subscription(subscription_id=subscription.pk, intervals=2, actor=actor, now=now)
    invoice: Any = latest(subscription)
    first = now.replace(month=2) if anchor == "anniversary" else at("2026-02-01T00:00:00Z")
    assert (invoice.period_starts_at, invoice.period_ends_at) == (first, first.replace(month=4))
    run_jobs()
    services.cancel_subscription(subscription_id=subscription.pk, actor=actor, now=now)
    subscription.refresh_from_db()
    assert subscription.cancel_at == first.replace(month=4)
