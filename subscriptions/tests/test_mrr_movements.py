"""A change of what a subscription is worth is written when it happens, once, in the transaction of the change."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.models import Customer
from core import errors, ids
from core.actor import SYSTEM
from outbox.models import OutboxEvent
from subscriptions import services
from subscriptions.internal import grant_term
from subscriptions.models import MrrMovement, Subscription, SubscriptionEvent
from subscriptions.tests.factories import (
    attach_card,
    free_plan,
    make_addon,
    make_coupon,
    make_customer,
    make_plan,
    metered,
    monthly,
    publish_prices,
    seats,
    subscribe,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Run = Callable[[], int]
Freeze = Callable[[datetime], None]


def moved(customer: Customer) -> list[tuple[str, Decimal]]:
    """A customer's movements, in order."""
    rows = MrrMovement.objects.filter(customer=customer).order_by("currency", "number")
    return [(row.kind, row.amount.normalize() if row.amount % 1 else row.amount.quantize(Decimal(1))) for row in rows]


def paying(run_jobs: Run, *prices: Any, **how: Any) -> tuple[Customer, Subscription]:
    """A customer whose first payment has arrived."""
    customer = make_customer()
    attach_card(customer)
    subscription = subscribe(customer, make_plan(*prices or [monthly("20")], family=None), **how)
    run_jobs()
    return customer, Subscription.objects.get(pk=subscription.pk)


def snapshot_of(line: SubscriptionEvent) -> dict[str, Any]:
    assert line.snapshot is not None
    return dict(line.snapshot)


def about(subscription: Subscription, now: datetime) -> dict[str, Any]:
    return {"subscription_id": subscription.pk, "actor": SYSTEM, "now": now}


def test_the_first_payment_makes_a_customer_new(run_jobs: Run, now: datetime) -> None:
    customer = make_customer()
    attach_card(customer)
    subscription = subscribe(customer, make_plan(monthly("20"), seats()), quantity=3)
    assert (subscription.mrr, moved(customer)) == (0, [])
    run_jobs()
    subscription.refresh_from_db()
    row = MrrMovement.objects.get()
    assert (row.kind, row.amount, row.number, row.at) == ("new", subscription.mrr, 1, now)
    assert row.event == SubscriptionEvent.objects.get(type="activated")
    assert snapshot_of(row.event)["mrr"] == str(int(subscription.mrr))
    assert subscription.mrr > 2000


def test_the_fact_says_what_moved_and_what_is_left(run_jobs: Run, now: datetime) -> None:
    customer, subscription = paying(run_jobs)
    row = OutboxEvent.objects.get(type="subscription.mrr_changed")
    fact = row.data
    assert row.subject == subscription.public_id
    told = {name: fact[name] for name in ("customer", "currency", "movement", "amount", "mrr")}
    assert told == {
        "customer": customer.public_id, "currency": "USD", "movement": "new", "amount": "2000", "mrr": "2000"
    }  # fmt: skip


def test_trials_free_plans_and_usage_are_worth_nothing(run_jobs: Run, now: datetime) -> None:
    customer = make_customer()
    attach_card(customer)
    subscribe(customer, make_plan(monthly("20"), trial_days=14, family=None))
    subscribe(customer, free_plan(family=None))
    subscribe(customer, make_plan(metered("3"), family=None))
    run_jobs()
    assert set(Subscription.objects.values_list("status", flat=True)) == {"trialing", "active"}
    assert moved(customer) == []
    assert not OutboxEvent.objects.filter(type="subscription.mrr_changed").exists()


def test_a_trial_counts_once_it_is_converted(run_jobs: Run, freeze: Freeze, now: datetime) -> None:
    customer, _ = paying(run_jobs, monthly("20"), trial_days=14)
    assert moved(customer) == []
    freeze(now + timedelta(days=14))
    run_jobs()
    assert moved(customer) == [("new", Decimal(2000))]


def test_more_and_less_are_expansion_and_contraction(run_jobs: Run, now: datetime) -> None:
    customer, subscription = paying(run_jobs)
    row = services.add_addon(addon_id=make_addon(monthly("7")).pk, quantity=2, **about(subscription, now))
    services.remove_addon(item_id=row.pk, **about(subscription, now))
    services.redeem_coupon(code=make_coupon(duration="forever").code, **about(subscription, now))
    services.redeem_coupon(code=make_coupon("ONCE", duration="once").code, **about(subscription, now))
    assert moved(customer) == [
        ("new", Decimal(2000)), ("expansion", Decimal(1400)), ("contraction", Decimal(-1400)),
        ("contraction", Decimal(-1000)),
    ]  # fmt: skip


def test_a_coupon_from_the_beginning_counts_from_the_beginning(run_jobs: Run, now: datetime) -> None:
    make_coupon(duration="forever")
    customer, _ = paying(run_jobs, coupons=["HALF"])
    assert moved(customer) == [("new", Decimal(1000))]


def test_a_coupon_that_ends_some_day_reduces_nothing(run_jobs: Run, now: datetime) -> None:
    make_coupon("UNTIL", duration="forever", applies_until=now + timedelta(days=400))
    customer, _ = paying(run_jobs, coupons=["UNTIL"])
    assert moved(customer) == [("new", Decimal(2000))]


def test_a_coupon_on_what_is_active_at_once_counts(now: datetime) -> None:
    make_coupon(duration="forever")
    customer = make_customer()
    subscribe(customer, make_plan(monthly("20", billed="arrears")), coupons=["HALF"])
    assert moved(customer) == [("new", Decimal(1000))]


def test_a_customer_who_comes_back_is_not_new(run_jobs: Run, now: datetime) -> None:
    customer, subscription = paying(run_jobs)
    services.cancel_subscription(at="now", **about(subscription, now))
    subscribe(customer, make_plan(monthly("30"), family=None))
    run_jobs()
    assert moved(customer) == [("new", Decimal(2000)), ("churn", Decimal(-2000)), ("reactivation", Decimal(3000))]


def test_one_agreement_of_several_is_more_or_less_of_the_customer(run_jobs: Run, now: datetime) -> None:
    customer, subscription = paying(run_jobs)
    subscribe(customer, make_plan(monthly("30"), family=None))
    run_jobs()
    services.cancel_subscription(at="now", **about(subscription, now))
    assert moved(customer) == [("new", Decimal(2000)), ("expansion", Decimal(3000)), ("contraction", Decimal(-2000))]


def test_a_scheduled_end_moves_nothing_until_it_comes(run_jobs: Run, freeze: Freeze, now: datetime) -> None:
    customer, subscription = paying(run_jobs)
    services.cancel_subscription(at="period_end", **about(subscription, now))
    assert moved(customer) == [("new", Decimal(2000))]
    freeze(now + timedelta(days=31))
    run_jobs()
    assert moved(customer) == [("new", Decimal(2000)), ("churn", Decimal(-2000))]
    assert MrrMovement.objects.get(kind="churn").at == now + timedelta(days=31)


def test_a_declined_payment_moves_nothing(run_jobs: Run, freeze: Freeze, now: datetime) -> None:
    customer, subscription = paying(run_jobs)
    attach_card(customer, "card_declined")
    freeze(now + timedelta(days=31))
    run_jobs()
    subscription.refresh_from_db()
    assert (subscription.status, subscription.mrr) == ("past_due", 2000)
    assert moved(customer) == [("new", Decimal(2000))]


def test_another_version_moves_when_it_is_in_force(run_jobs: Run, freeze: Freeze, now: datetime) -> None:
    customer, subscription = paying(run_jobs)
    publish_prices(subscription.plan, monthly("50"))
    migration = services.prepare_migration(plan_id=subscription.plan_id, when="renewal", actor=SYSTEM, now=now)
    services.start_migration(migration_id=migration.pk, actor=SYSTEM, now=now)
    run_jobs()
    assert moved(customer) == [("new", Decimal(2000))]
    freeze(now + timedelta(days=31))
    run_jobs()
    assert moved(customer) == [("new", Decimal(2000)), ("expansion", Decimal(3000))]


def test_a_gift_is_worth_what_its_plan_is(now: datetime) -> None:
    customer = make_customer()
    plan = make_plan(monthly("20"))
    grant_term(customer_id=customer.pk, plan_id=plan.pk, intervals=3, source="gft_1", actor=SYSTEM, now=now)
    assert moved(customer) == [("new", Decimal(2000))]


def test_what_is_refused_moves_nothing(run_jobs: Run, now: datetime, facts: Callable[[], list[str]]) -> None:
    customer, subscription = paying(run_jobs)
    before = (moved(customer), facts(), SubscriptionEvent.objects.count())
    with pytest.raises(errors.Refusal), transaction.atomic():
        services.redeem_coupon(code="UNKNOWN", **about(subscription, now))
    assert (moved(customer), facts(), SubscriptionEvent.objects.count()) == before


def test_currencies_are_never_mixed(run_jobs: Run, now: datetime) -> None:
    customer, _ = paying(run_jobs)
    other = make_customer()
    attach_card(other)
    subscribe(other, make_plan(monthly("20", currency="EUR"), family=None), currency="EUR")
    run_jobs()
    assert list(MrrMovement.objects.order_by("currency").values_list("currency", "kind")) == [
        ("EUR", "new"), ("USD", "new"),
    ]  # fmt: skip
    assert moved(customer) == [("new", Decimal(2000))]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE subscriptions_mrrmovement SET amount = 1",
        "DELETE FROM subscriptions_mrrmovement",
        "TRUNCATE subscriptions_mrrmovement",
    ],
)
def test_movements_only_grow(run_jobs: Run, sql: str) -> None:
    customer, _ = paying(run_jobs)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert moved(customer) == [("new", Decimal(2000))]


@pytest.mark.parametrize(
    ("line", "wrong", "constraint"),
    [
        ("created", {"number": 1, "kind": "new"}, "number_once"),
        ("created", {"kind": "churn", "amount": Decimal(5)}, "sign_of_its_kind"),
        ("created", {"kind": "expansion", "amount": Decimal(-5)}, "sign_of_its_kind"),
        ("created", {"kind": "new"}, "new_is_the_first"),
        ("created", {"number": 1}, "new_is_the_first"),
        ("activated", {}, "event_once"),
    ],
)
def test_the_database_refuses_what_makes_no_sense(
    run_jobs: Run, line: str, wrong: dict[str, Any], constraint: str
) -> None:
    customer, _ = paying(run_jobs)
    row = MrrMovement.objects.get()
    row.pk, row.number, row.kind, row.amount = ids.new(), 2, "expansion", Decimal(5)
    row.event = SubscriptionEvent.objects.get(type=line)
    for name, value in wrong.items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        row.save(force_insert=True)
    assert moved(customer) == [("new", Decimal(2000))]


def test_what_does_not_run_cannot_be_worth_anything() -> None:
    waiting = subscribe()
    assert waiting.status == "incomplete"
    with pytest.raises(IntegrityError, match="worth_while_it_runs"), transaction.atomic():
        Subscription.objects.filter(pk=waiting.pk).update(mrr=5)


def test_a_change_that_keeps_the_worth_moves_nothing(run_jobs: Run, now: datetime) -> None:
    customer, subscription = paying(run_jobs)
    services.renew_subscription(**about(subscription, now))
    last = SubscriptionEvent.objects.filter(subscription=subscription).latest("number")
    assert (last.type, snapshot_of(last)["mrr"]) == ("renewal_requested", "2000")
    assert moved(customer) == [("new", Decimal(2000))]


def test_a_movement_is_of_the_environment_of_its_line(run_jobs: Run, live_environment: Any) -> None:
    paying(run_jobs)
    row = MrrMovement.objects.get()
    row.pk, row.number, row.kind = ids.new(), 2, "expansion"
    row.environment_id = live_environment.environment_id
    with pytest.raises(DatabaseError), transaction.atomic():
        row.save(force_insert=True)
    assert MrrMovement.objects.count() == 1
