"""Buying periods ahead, fixed terms, and gifts of time."""

from collections.abc import Callable
from datetime import datetime

import pytest

from accounts.models import Customer
from billing.models import Invoice
from core import errors, ids
from core.actor import SYSTEM, Actor
from core.invariants import broken
from subscriptions import internal, services
from subscriptions.models import Extension, Subscription
from subscriptions.tests.factories import (
    attach_card,
    free_plan,
    make_customer,
    make_plan,
    monthly,
    seats,
    states_of,
    subscribe,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


def running(run_jobs: Run, customer: Customer | None = None, **wanted: object) -> Subscription:
    """A paid subscription of 20.00 USD a month."""
    subscription = subscribe(customer, **wanted)
    run_jobs()
    subscription.refresh_from_db()
    assert subscription.status == "active"
    return subscription


def reach(freeze: Freeze, run_jobs: Run, *instants: datetime) -> None:
    """Let the clock pass instants, one after the other."""
    for instant in instants:
        freeze(instant)
        run_jobs()


def test_a_fixed_term_expires(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = running(run_jobs, intervals=2)
    assert subscription.ends_at == now.replace(month=3)
    reach(freeze, run_jobs, now.replace(month=2), now.replace(month=3))
    subscription.refresh_from_db()
    assert (subscription.status, subscription.reason) == ("expired", "term_ended")
    assert (subscription.ended_at, Invoice.objects.count()) == (now.replace(month=3), 2)


def test_a_missed_period_of_a_fixed_term_is_billed_before_it_expires(
    freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    subscription = running(run_jobs, intervals=3)
    reach(freeze, run_jobs, now.replace(month=6))
    assert subscription.periods.count() == 3
    assert states_of(subscription)[-1] == "expired"


def test_a_fixed_term_canceled_at_its_last_instant_is_canceled(
    actor: Actor, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    subscription = running(run_jobs, intervals=1)
    services.cancel_subscription(subscription_id=subscription.pk, actor=actor, now=now)
    reach(freeze, run_jobs, now.replace(month=2))
    assert states_of(subscription)[-1] == "canceled"


def test_a_paid_renewal_moves_the_end_of_a_fixed_term(
    actor: Actor, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    subscription = running(run_jobs, intervals=1)
    services.renew_subscription(subscription_id=subscription.pk, intervals=2, actor=actor, now=now)
    subscription.refresh_from_db()
    assert subscription.ends_at == now.replace(month=2)
    run_jobs()
    subscription.refresh_from_db()
    assert (subscription.ends_at, subscription.renews_at) == (now.replace(month=4), now.replace(month=2))
    assert sorted(Invoice.objects.values_list("total_minor", flat=True)) == [2000, 4000]
    reach(freeze, run_jobs, now.replace(month=2), now.replace(month=3), now.replace(month=4))
    assert (subscription.periods.count(), Invoice.objects.count()) == (3, 2)
    assert states_of(subscription)[-1] == "expired"


def test_an_open_ended_subscription_is_not_charged_again_for_what_is_paid_ahead(
    actor: Actor, freeze: Freeze, now: datetime, run_jobs: Run
) -> None:
    subscription = running(run_jobs)
    services.renew_subscription(subscription_id=subscription.pk, intervals=2, actor=actor, now=now)
    run_jobs()
    reach(freeze, run_jobs, *(now.replace(month=month) for month in (2, 3, 4)))
    periods = subscription.periods.order_by("number")
    assert [one.extension_id is not None for one in periods] == [False, True, True, False]
    assert sorted(Invoice.objects.values_list("total_minor", flat=True)) == [2000, 2000, 4000]


def test_seats_are_renewed_by_the_seat(actor: Actor, now: datetime, run_jobs: Run) -> None:
    subscription = running(run_jobs, plan=make_plan(monthly("10"), seats("7.50")), quantity=3)
    services.renew_subscription(subscription_id=subscription.pk, intervals=2, actor=actor, now=now)
    lines = Invoice.objects.order_by("-id")[0].lines.order_by("position")
    assert list(lines.values_list("quantity", "amount_minor")) == [(2, 2000), (6, 4500)]


def test_one_renewal_waits_at_a_time(actor: Actor, now: datetime, run_jobs: Run) -> None:
    subscription = running(run_jobs)
    services.renew_subscription(subscription_id=subscription.pk, actor=actor, now=now)
    with pytest.raises(services.RenewalPending):
        services.renew_subscription(subscription_id=subscription.pk, actor=actor, now=now)
    assert Extension.objects.count() == 1


def test_a_declined_renewal_ahead_makes_nothing_past_due(actor: Actor, now: datetime, run_jobs: Run) -> None:
    subscription = running(run_jobs)
    attach_card(subscription.customer, "fails_later")
    services.renew_subscription(subscription_id=subscription.pk, actor=actor, now=now)
    run_jobs()
    subscription.refresh_from_db()
    assert (subscription.status, Extension.objects.get().applied_at) == ("active", None)


def test_what_was_ordered_and_not_paid_goes_with_the_subscription(actor: Actor, now: datetime, run_jobs: Run) -> None:
    subscription = running(run_jobs)
    services.renew_subscription(subscription_id=subscription.pk, actor=actor, now=now)
    services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=actor, now=now)
    assert Extension.objects.get().withdrawn_at == now
    assert Invoice.objects.order_by("-id")[0].state == "void"


def test_cancellation_waits_for_what_is_paid_ahead(actor: Actor, freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = running(run_jobs)
    services.renew_subscription(subscription_id=subscription.pk, intervals=2, actor=actor, now=now)
    run_jobs()
    services.cancel_subscription(subscription_id=subscription.pk, actor=actor, now=now)
    subscription.refresh_from_db()
    assert (subscription.cancel_at, subscription.renews_at) == (now.replace(month=4), now.replace(month=2))
    reach(freeze, run_jobs, *(now.replace(month=month) for month in (2, 3, 4)))
    assert (subscription.periods.count(), states_of(subscription)[-1]) == (3, "canceled")


@pytest.mark.parametrize("days", [0, 1])
def test_what_does_not_run_is_not_renewed(actor: Actor, now: datetime, days: int) -> None:
    subscription = subscribe(make_customer(), starts_at=now.replace(day=15 + days))
    with pytest.raises(services.InvalidTransition) as refused:
        services.renew_subscription(subscription_id=subscription.pk, actor=actor, now=now)
    assert refused.value.members["from"] == subscription.status


def test_what_will_be_canceled_is_not_renewed(actor: Actor, now: datetime, run_jobs: Run) -> None:
    subscription = running(run_jobs)
    services.cancel_subscription(subscription_id=subscription.pk, actor=actor, now=now)
    with pytest.raises(services.CancellationScheduled):
        services.renew_subscription(subscription_id=subscription.pk, actor=actor, now=now)
    services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=actor, now=now)
    with pytest.raises(services.InvalidTransition):
        services.renew_subscription(subscription_id=subscription.pk, actor=actor, now=now)
    assert not Extension.objects.exists()


def give(customer: Customer, plan_id: object, source: str, now: datetime, intervals: int = 2) -> Subscription:
    """Redeem a gift of some months."""
    view = internal.grant_term(
        customer_id=customer.pk, plan_id=plan_id, intervals=intervals, source=source, actor=SYSTEM, now=now
    )
    return Subscription.objects.get(pk=view.id)


def test_a_gift_begins_a_paid_term_that_expires(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = give(make_customer(), make_plan().pk, "gft_1", now)
    assert (subscription.status, subscription.ends_at) == ("active", now.replace(month=3))
    reach(freeze, run_jobs, now.replace(month=2), now.replace(month=3))
    assert states_of(subscription) == ["active", "expired"]
    assert (subscription.periods.count(), Invoice.objects.count()) == (2, 0)
    assert broken("subscriptions.periods_follow_anchor") == []


def test_a_gift_is_given_once(now: datetime) -> None:
    customer, plan = make_customer(), make_plan()
    first, second = give(customer, plan.pk, "gft_1", now), give(customer, plan.pk, "gft_1", now)
    assert (first.pk, first.version) == (second.pk, second.version)
    assert Extension.objects.count() == 1


def test_a_gift_extends_what_runs(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    plan = make_plan()
    customer = make_customer()
    attach_card(customer)
    subscription = running(run_jobs, customer, plan=plan)
    assert give(customer, plan.pk, "gft_1", now).pk == subscription.pk
    reach(freeze, run_jobs, *(now.replace(month=month) for month in (2, 3, 4)))
    assert Invoice.objects.count() == 2


def test_gifts_add_up(now: datetime) -> None:
    customer, plan = make_customer(), make_plan()
    give(customer, plan.pk, "gft_1", now)
    assert give(customer, plan.pk, "gft_2", now, intervals=3).ends_at == now.replace(month=6)
    assert broken("subscriptions.extensions_do_not_overlap") == []


def test_a_gift_during_a_trial_pays_for_what_follows(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    customer, plan = make_customer(), make_plan(trial_days=5)
    subscription = subscribe(customer, plan)
    give(customer, plan.pk, "gft_1", now)
    reach(freeze, run_jobs, now.replace(day=20))
    assert states_of(subscription) == ["trialing", "active"]
    assert not Invoice.objects.exists()


def test_a_gift_never_replaces_another_plan(now: datetime) -> None:
    customer = make_customer()
    subscription = subscribe(customer, free_plan())
    with pytest.raises(internal.LiveSubscriptionExists) as refused:
        give(customer, make_plan().pk, "gft_1", now)
    assert refused.value.members == {"subscription": subscription.public_id}
    assert not Extension.objects.exists()


def test_a_gift_needs_a_plan_and_a_customer(now: datetime) -> None:
    with pytest.raises(errors.NotFound):
        give(make_customer(), ids.new(), "gft_1", now)
