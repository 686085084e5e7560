"""Changing what rests, and what has rested."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from core.actor import SYSTEM
from core.errors import Refusal
from subscriptions import services
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.proration import Behavior
from subscriptions.services import Wanted
from subscriptions.tests.changing import amounts, change, invoices_of, waiting
from subscriptions.tests.factories import latest, make_addon, make_plan, monthly, once, seats
from subscriptions.tests.migrating import half_way, healthy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seat_sold")]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


@pytest.fixture
def active(seat_sold: Subscription) -> Subscription:
    """A paid subscription to one seat of 20.00 USD a month from 15 January, 31 days long."""
    return deepcopy(seat_sold)


def pause(subscription: Subscription, at: datetime, policy: str, **more: Any) -> None:
    services.pause_subscription(subscription_id=subscription.pk, policy=policy, actor=SYSTEM, now=at, **more)
    subscription.refresh_from_db()


def resume(subscription: Subscription, at: datetime) -> None:
    services.resume_subscription(subscription_id=subscription.pk, actor=SYSTEM, now=at)
    subscription.refresh_from_db()


def test_the_rest_that_is_given_back_is_charged_anew_with_the_next_invoice(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    """Half a period is left; asked for after its old end, the change counts from the pause on."""
    pause(active, half_way(now), "give_back")
    change(active, half_way(now) + timedelta(days=20), Behavior.INVOICE_NOW, quantity=3)
    assert (active.status, active.quantity, waiting(active)) == ("paused", 3, [-1000, 3000])
    resume(active, half_way(now) + timedelta(days=30))
    assert len(invoices_of(active)) == 1
    freeze(active.period.ends_at)
    run_jobs()
    assert amounts(latest(active)) == [6000, -1000, 3000]
    assert healthy()


@pytest.mark.parametrize("pauses", [0, 1, 2])
def test_no_more_is_given_back_than_was_charged_however_often_it_rested(
    active: Subscription, now: datetime, pauses: int
) -> None:
    """20.00 were charged for one seat; that is given back, and not the three that came for nothing."""
    at = now
    for _ in range(pauses):
        pause(active, at, "give_back")
        at += timedelta(days=5)
        resume(active, at)
    change(active, at, Behavior.NONE, quantity=3)
    change(active, at, Behavior.NEXT_INVOICE, quantity=2)
    assert waiting(active) == [-2000, 4000]


def test_with_none_nothing_is_charged_for_the_rest(active: Subscription, now: datetime) -> None:
    pause(active, half_way(now), "give_back")
    change(active, half_way(now) + timedelta(days=1), Behavior.NONE, quantity=3)
    assert (active.quantity, waiting(active)) == (3, [])


def test_what_begins_anew_is_charged_when_it_goes_on(active: Subscription, now: datetime) -> None:
    pause(active, half_way(now), "restart")
    change(active, half_way(now) + timedelta(days=20), Behavior.INVOICE_NOW, quantity=3)
    assert (active.quantity, waiting(active), len(invoices_of(active))) == (3, [], 1)
    resume(active, half_way(now) + timedelta(days=30))
    assert amounts(latest(active)) == [6000]
    assert healthy()


def test_a_period_that_was_lengthened_is_credited_as_it_was_paid(active: Subscription, now: datetime) -> None:
    pause(active, half_way(now), "give_back")
    at = half_way(now) + timedelta(days=10)
    resume(active, at)
    change(active, at, Behavior.INVOICE_NOW, quantity=2)
    assert amounts(latest(active)) == [-1000, 2000]
    pause(active, at, "give_back")
    resume(active, at + timedelta(days=5))
    change(active, at + timedelta(days=5), Behavior.NEXT_INVOICE, quantity=1)
    assert waiting(active) == [-2000, 1000]
    assert healthy()


@pytest.mark.parametrize(
    ("wanted", "behavior", "code"),
    [
        ({"anchor": "now"}, None, "no_period_yet"),
        ({"quantity": 2}, Behavior.FULL_CHARGE_RESET_ANCHOR, "no_period_yet"),
        ({"yearly": True}, None, "cycle_differs"),
    ],
)
def test_no_period_is_broken_off_that_rests(
    active: Subscription, now: datetime, wanted: dict[str, Any], behavior: Behavior | None, code: str
) -> None:
    pause(active, half_way(now), "give_back")
    if wanted.pop("yearly", False):
        wanted = {"plan_id": make_plan(seats("200", interval="year")).pk}
    version = active.version
    with pytest.raises(Refusal) as refused, transaction.atomic():
        change(active, half_way(now) + timedelta(days=1), behavior, **wanted)
    active.refresh_from_db()
    assert (refused.value.code, active.version) == (code, version)


@pytest.mark.parametrize("policy", ["give_back", "restart"])
@pytest.mark.parametrize("behavior", [Behavior.NONE, Behavior.NEXT_INVOICE, Behavior.INVOICE_NOW])
def test_an_add_on_costs_in_a_pause_what_a_change_that_takes_it_would(
    active: Subscription, now: datetime, behavior: Behavior, policy: str
) -> None:
    """Both routes are one answer: 31.00 a month for the half that is left, and the same back when it goes."""
    pause(active, half_way(now), policy)
    at, support = half_way(now) + timedelta(days=3), make_addon(monthly("31"))
    by: dict[str, Any] = {"subscription_id": active.pk, "behavior": behavior, "actor": SYSTEM, "now": at}
    with transaction.atomic():
        change(active, at, behavior, addons=((support.pk, 1),))
        asked = waiting(active)
        transaction.set_rollback(True)
    row = services.add_addon(addon_id=support.pk, **by)
    assert (waiting(active), len(invoices_of(active))) == (asked, 1)
    assert asked == ([1550] if (policy, behavior is Behavior.NONE) == ("give_back", False) else [])
    services.remove_addon(item_id=row.pk, **by)
    assert (sum(waiting(active)), len(invoices_of(active))) == (0, 1)
    assert Subscription.objects.get(pk=active.pk).status == "paused"
    assert healthy()


def test_an_add_on_of_a_pause_is_charged_when_it_goes_on(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    pause(active, half_way(now), "give_back")
    at = half_way(now) + timedelta(days=10)
    for addon in (make_addon(monthly("31")), make_addon(once("9"), kind="one_off")):
        services.add_addon(
            subscription_id=active.pk, addon_id=addon.pk, behavior=Behavior.INVOICE_NOW, actor=SYSTEM, now=at
        )
    resume(active, at)
    assert len(invoices_of(active)) == 1
    freeze(active.period.ends_at)
    run_jobs()
    assert sorted(amounts(latest(active))) == [900, 1550, 2000, 3100]
    assert healthy()


def test_an_add_on_breaks_off_no_period_that_rests(active: Subscription, now: datetime) -> None:
    pause(active, half_way(now), "give_back")
    support = make_addon(monthly("31"))
    with pytest.raises(services.NoPeriodYet), transaction.atomic():
        services.add_addon(
            subscription_id=active.pk, addon_id=support.pk, behavior=Behavior.FULL_CHARGE_RESET_ANCHOR, actor=SYSTEM,
            now=half_way(now) + timedelta(days=1),
        )  # fmt: skip
    assert (active.addons.count(), waiting(active)) == (0, [])


def test_what_was_scheduled_for_the_next_period_comes_when_it_begins_anew(active: Subscription, now: datetime) -> None:
    yearly = make_plan(seats("200.00", interval="year"))
    services.schedule_change(subscription_id=active.pk, wanted=Wanted(plan_id=yearly.pk), actor=SYSTEM, now=now)
    pause(active, half_way(now), "restart")
    at = half_way(now) + timedelta(days=5)
    resume(active, at)
    assert (amounts(latest(active)), active.period_ends_at) == ([20000], at.replace(year=2027))
    assert healthy()


def test_a_worker_that_slept_does_pauses_and_changes_in_their_order(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    """Two seats from day 5, a pause from day 10 (asked for on day 9) until day 20, an add-on on day 15."""
    support = make_addon(monthly("31"))
    plans: list[tuple[datetime, dict[str, Any]]] = [
        (now + timedelta(days=5), {"quantity": 2}),
        (now + timedelta(days=15), {"addons": ((support.pk, 1),)}),
    ]
    for at, wanted in plans:
        services.schedule_change(
            subscription_id=active.pk, wanted=Wanted(**wanted), at=at, behavior=Behavior.NEXT_INVOICE, actor=SYSTEM,
            now=now,
        )  # fmt: skip
    pause(active, now + timedelta(days=10), "give_back", until=now + timedelta(days=20))
    freeze(now + timedelta(days=25))
    run_jobs()
    active.refresh_from_db()
    # 26 of 31 days are left on day 5, and 21 on day 10, which the add-on costs.
    assert (active.status, waiting(active)) == ("active", [-1677, 3355, 2100])
    assert not ScheduledChange.objects.pending().exists()
    assert active.period_ends_at == now.replace(month=2, day=25)
    assert healthy()
