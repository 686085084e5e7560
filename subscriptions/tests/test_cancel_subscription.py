"""Canceling, and taking it back."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from billing.models import Invoice
from catalog.services import NewFeature
from core.actor import SYSTEM, Actor
from subscriptions import internal, services
from subscriptions.models import Subscription
from subscriptions.states import InvalidTransition
from subscriptions.tests.factories import (
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
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


@pytest.fixture
def active() -> Subscription:
    """A running subscription that costs nothing."""
    return subscribe(make_customer(), free_plan(features=[NewFeature(code="sso", name="Single sign-on")]))


def test_canceling_now_ends_it_and_what_it_granted(
    active: Subscription, actor: Actor, now: datetime, facts: Facts
) -> None:
    services.cancel_subscription(subscription_id=active.pk, at="now", reason="too dear", actor=actor, now=now)
    active.refresh_from_db()
    assert (active.status, active.canceled_at, active.ended_at, active.renews_at) == ("canceled", now, now, None)
    last = active.events.order_by("-number")[0]
    assert (last.type, last.reason, last.actor, last.old_status) == ("canceled", "too dear", actor.label, "active")
    assert Entitlement.objects.get().revoked_at == now
    assert "subscription.canceled" in facts()


def test_a_canceled_subscription_cannot_be_canceled_again(
    active: Subscription, actor: Actor, now: datetime, facts: Facts
) -> None:
    services.cancel_subscription(subscription_id=active.pk, at="now", actor=actor, now=now)
    before = facts()
    for at in ("now", "period_end"):
        with pytest.raises(services.AlreadyCanceled):
            services.cancel_subscription(subscription_id=active.pk, at=at, actor=actor, now=now)
    assert facts() == before


def test_canceling_at_period_end_lets_the_period_run_out(
    active: Subscription, actor: Actor, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    services.cancel_subscription(subscription_id=active.pk, reason="moving", actor=actor, now=now)
    active.refresh_from_db()
    assert (active.status, active.cancel_at, active.renews_at) == ("active", now.replace(month=2), None)
    freeze(now.replace(month=2))
    run_jobs()
    active.refresh_from_db()
    assert (active.status, active.ended_at, active.reason) == ("canceled", now.replace(month=2), "moving")
    assert active.periods.count() == 1


def test_a_scheduled_cancellation_beats_the_renewal_of_the_same_instant(
    active: Subscription, actor: Actor, now: datetime
) -> None:
    services.cancel_subscription(subscription_id=active.pk, actor=actor, now=now)
    end = now.replace(month=2)
    assert internal.renew(subscription_id=active.pk, actor=SYSTEM, now=end) is None
    assert internal.end_term(subscription_id=active.pk, actor=SYSTEM, now=end) is not None
    assert internal.end_term(subscription_id=active.pk, actor=SYSTEM, now=end) is None
    assert states_of(active) == ["active", "canceled"]


def test_it_is_scheduled_once(active: Subscription, actor: Actor, now: datetime) -> None:
    services.cancel_subscription(subscription_id=active.pk, actor=actor, now=now)
    with pytest.raises(services.CancellationScheduled):
        services.cancel_subscription(subscription_id=active.pk, actor=actor, now=now)
    assert active.events.filter(type="cancellation_scheduled").count() == 1


def test_what_is_scheduled_can_still_be_done_now(active: Subscription, actor: Actor, now: datetime) -> None:
    services.cancel_subscription(subscription_id=active.pk, actor=actor, now=now)
    services.cancel_subscription(subscription_id=active.pk, at="now", actor=actor, now=now)
    assert states_of(active) == ["active", "canceled"]


def test_a_scheduled_cancellation_can_be_undone(
    active: Subscription, actor: Actor, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    services.cancel_subscription(subscription_id=active.pk, actor=actor, now=now)
    services.undo_cancellation(subscription_id=active.pk, actor=actor, now=now)
    freeze(now.replace(month=2))
    run_jobs()
    active.refresh_from_db()
    assert (active.status, active.period_index, active.cancel_at) == ("active", 1, None)


def test_only_a_scheduled_cancellation_can_be_undone(active: Subscription, actor: Actor, now: datetime) -> None:
    with pytest.raises(services.NoCancellationScheduled):
        services.undo_cancellation(subscription_id=active.pk, actor=actor, now=now)
    services.cancel_subscription(subscription_id=active.pk, at="now", actor=actor, now=now)
    with pytest.raises(services.AlreadyCanceled):
        services.undo_cancellation(subscription_id=active.pk, actor=actor, now=now)


def test_what_waits_for_its_first_payment_owes_nothing_once_canceled(actor: Actor, now: datetime) -> None:
    subscription = subscribe(make_customer())
    services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=actor, now=now)
    assert Invoice.objects.get().state == "void"
    assert states_of(subscription) == ["incomplete", "canceled"]


@pytest.mark.parametrize("days", [0, 3])
def test_what_has_not_begun_has_no_period_to_run_out(actor: Actor, now: datetime, days: int) -> None:
    subscription = subscribe(make_customer(), starts_at=now + timedelta(days=days))
    with pytest.raises(InvalidTransition) as refused:
        services.cancel_subscription(subscription_id=subscription.pk, at="period_end", actor=actor, now=now)
    members = refused.value.members
    # It can be canceled now: what is refused is the end of a period that has not begun.
    assert (members["to"], "canceled" in members["allowed"]) == ("canceled", False)
    assert "active" in members["allowed"]
    assert subscription.events.count() == 1


def test_a_scheduled_subscription_can_be_called_off(actor: Actor, now: datetime, freeze: Freeze, run_jobs: Run) -> None:
    subscription = subscribe(make_customer(), starts_at=now + timedelta(days=3))
    services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=actor, now=now)
    freeze(now + timedelta(days=3))
    run_jobs()
    assert states_of(subscription) == ["scheduled", "canceled"]
    assert not Invoice.objects.exists()


def test_the_end_charges_what_was_used(actor: Actor, now: datetime) -> None:
    subscription = subscribe(make_customer(), make_plan(metered("0.10")))
    use(subscription, "30", at=now)
    use(subscription, "5", at=now + timedelta(days=10))
    end = now + timedelta(days=5)
    services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=actor, now=end)
    final = Invoice.objects.get()
    assert (final.total_minor, final.period_starts_at, final.period_ends_at) == (300, now, end)


def test_the_end_charges_the_elapsed_part_of_a_price_in_arrears(actor: Actor, now: datetime) -> None:
    subscription = subscribe(make_customer(), make_plan(monthly("31", billed="arrears")))
    end = now + timedelta(days=10)
    services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=actor, now=end)
    assert list(Invoice.objects.get().lines.values_list("kind", "amount_minor")) == [("proration", 1000)]
