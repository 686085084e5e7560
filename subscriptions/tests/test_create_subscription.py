"""Subscribing."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from accounts.services import CurrencyMismatch
from billing.models import Invoice
from catalog.selectors import CurrencyNotOffered, PlanNotPublished
from catalog.services import NewFeature, PlanArchived, archive_plan
from core import errors, ids
from core.actor import Actor
from subscriptions import services
from subscriptions.models import Subscription, SubscriptionPeriod
from subscriptions.tests.factories import (
    attach_card,
    free_plan,
    make_customer,
    make_plan,
    monthly,
    states_of,
    subscribe,
)
from usage.models import Entitlement

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]


def test_the_first_payment_activates(run_jobs: Callable[[], int], now: datetime, facts: Facts) -> None:
    subscription = subscribe()
    assert (subscription.status, subscription.unpaid_deadline_at) == ("incomplete", now + timedelta(hours=23))
    run_jobs()
    subscription.refresh_from_db()
    assert states_of(subscription) == ["incomplete", "active"]
    assert (subscription.anchor_at, subscription.period_index) == (now, 0)
    assert subscription.renews_at == subscription.period_ends_at == now.replace(month=2)
    assert [kind for kind in facts() if kind.startswith("subscription.")] == [
        "subscription.created",
        "subscription.mrr_changed",
        "subscription.activated",
    ]


def test_the_invoice_carries_the_period(now: datetime) -> None:
    subscription = subscribe(plan=make_plan(monthly("20.00")))
    invoice = Invoice.objects.get(reference=subscription.public_id)
    assert (invoice.total_minor, invoice.currency, invoice.kind) == (2000, "USD", "subscription_cycle")
    assert (invoice.period_starts_at, invoice.period_ends_at) == (now, now.replace(month=2))
    assert SubscriptionPeriod.objects.get().invoice_id == invoice.pk


def test_what_costs_nothing_is_active_at_once(facts: Facts) -> None:
    subscription = subscribe(make_customer(), free_plan())
    assert subscription.status == "active"
    assert "subscription.activated" in facts()


def test_without_a_card_it_stays_incomplete(run_jobs: Callable[[], int]) -> None:
    subscription = subscribe(make_customer())
    run_jobs()
    subscription.refresh_from_db()
    assert subscription.status == "incomplete"


def test_a_card_attached_later_activates(run_jobs: Callable[[], int]) -> None:
    customer = make_customer()
    subscription = subscribe(customer)
    run_jobs()
    attach_card(customer)
    run_jobs()
    subscription.refresh_from_db()
    assert subscription.status == "active"


def test_it_grants_what_the_plan_grants(run_jobs: Callable[[], int], now: datetime) -> None:
    feature = NewFeature(code="api_calls", name="API calls", kind="metered", limit=Decimal(100))
    subscribe(plan=make_plan(features=[feature]))
    assert not Entitlement.objects.exists()
    run_jobs()
    granted = Entitlement.objects.get()
    assert (granted.code, granted.limit, granted.period_ends_at) == ("api_calls", 100, now.replace(month=2))


def test_a_second_live_subscription_of_the_family_is_refused(facts: Facts) -> None:
    customer, other = make_customer(), free_plan()
    first = subscribe(customer, free_plan())
    before = facts()
    with pytest.raises(services.LiveSubscriptionExists) as refused:
        subscribe(customer, other)
    assert refused.value.members == {"subscription": first.public_id}
    assert (Subscription.objects.count(), facts()) == (1, before)


def test_plans_without_a_family_stand_side_by_side() -> None:
    customer, plan = make_customer(), free_plan(family=None)
    assert {subscribe(customer, plan).status, subscribe(customer, plan).status} == {"active"}


def test_after_the_end_there_is_room_again(actor: Actor, now: datetime) -> None:
    customer, plan = make_customer(), free_plan()
    first = subscribe(customer, plan)
    services.cancel_subscription(subscription_id=first.pk, at="now", actor=actor, now=now)
    assert subscribe(customer, plan).status == "active"


def test_it_can_start_later(freeze: Freeze, now: datetime, run_jobs: Callable[[], int]) -> None:
    start = now + timedelta(days=3)
    subscription = subscribe(starts_at=start)
    assert (subscription.status, subscription.renews_at) == ("scheduled", None)
    run_jobs()
    assert not Invoice.objects.exists()
    freeze(start)
    run_jobs()
    subscription.refresh_from_db()
    assert states_of(subscription) == ["scheduled", "incomplete", "active"]
    assert subscription.anchor_at == start


def test_it_cannot_start_in_the_past(now: datetime) -> None:
    with pytest.raises(services.StartInThePast):
        subscribe(starts_at=now - timedelta(seconds=1))
    assert not Subscription.objects.exists()


def test_the_customer_s_currency_decides() -> None:
    plan = make_plan(monthly("20"), monthly("18", currency="EUR"))
    assert subscribe(make_customer(currency="EUR"), plan).currency == "EUR"
    assert subscribe(make_customer(), plan).currency == "USD"


def test_a_currency_without_prices_is_refused() -> None:
    with pytest.raises(CurrencyNotOffered) as refused:
        subscribe(currency="CHF")
    assert refused.value.members == {"currency": "CHF", "offered": ["USD"]}


def test_a_customer_billed_in_another_currency_is_refused() -> None:
    plan = make_plan(monthly("20"), monthly("18", currency="EUR"), family=None)
    customer = make_customer()
    subscribe(customer, plan, currency="EUR")
    with pytest.raises(CurrencyMismatch):
        subscribe(customer, plan, currency="USD")


def test_an_archived_plan_is_not_on_offer(actor: Actor, now: datetime) -> None:
    plan = make_plan()
    archive_plan(plan_id=plan.pk, actor=actor, now=now)
    with pytest.raises(PlanArchived):
        subscribe(plan=plan)


def test_a_draft_is_not_on_offer() -> None:
    with pytest.raises(PlanNotPublished):
        subscribe(plan=make_plan(publish=False))


def test_an_unknown_customer_or_plan_is_not_found(actor: Actor, now: datetime) -> None:
    for customer_id, plan_id in ((ids.new(), make_plan().pk), (make_customer().pk, ids.new())):
        with pytest.raises(errors.NotFound):
            services.create_subscription(customer_id=customer_id, plan_id=plan_id, actor=actor, now=now)


def test_an_unpaid_beginning_lapses_after_23_hours(
    freeze: Freeze, now: datetime, run_jobs: Callable[[], int], facts: Facts
) -> None:
    subscription = subscribe(make_customer())
    freeze(now + timedelta(hours=22, minutes=59))
    run_jobs()
    subscription.refresh_from_db()
    assert subscription.status == "incomplete"
    freeze(now + timedelta(hours=23))
    run_jobs()
    subscription.refresh_from_db()
    assert (subscription.status, subscription.reason) == ("expired", "unpaid")
    assert subscription.ended_at == now + timedelta(hours=23)
    assert Invoice.objects.get().state == "void"
    assert "subscription.expired" in facts()
