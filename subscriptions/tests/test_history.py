"""Every past state of a subscription can be told again from its history."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.services import update_customer
from billing.models import CouponRedemption
from core import errors, ids, invariants, tenancy
from core.actor import SYSTEM
from core.tenancy import Scope
from subscriptions import services, snapshots, states
from subscriptions.models import Subscription, SubscriptionAddOn, SubscriptionEvent
from subscriptions.selectors import KeptAddOn, PastState, list_past_states, rebuild_state
from subscriptions.tests.factories import (
    attach_card,
    make_addon,
    make_coupon,
    make_customer,
    make_plan,
    monthly,
    once,
    publish_prices,
    seats,
    subscribe,
)
from subscriptions.wanted import Wanted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Seen = tuple[dict[str, Any], set[KeptAddOn], set[UUID], Any]


def seen(key: UUID) -> Seen:
    """What somebody sees who looks at the rows."""
    row = Subscription.objects.get(pk=key)
    addons = {
        KeptAddOn(
            item=one.pk, addon_id=one.addon_id, price_id=one.price_id, kind=one.kind, quantity=one.quantity
        )
        for one in SubscriptionAddOn.objects.of(row).kept()
    }  # fmt: skip
    held = CouponRedemption.objects.held().about(row.public_id).filter(coupon__duration="forever")
    coupons = set() if row.is_terminal else set(held.values_list("coupon_id", flat=True))
    return {field.attname: getattr(row, field.attname) for field in snapshots.FIELDS}, addons, coupons, row.mrr


def told(state: PastState | None) -> Seen:
    assert state is not None
    return dict(state.row), set(state.addons), set(state.coupons), state.mrr


class Life:
    """A subscription to which random things happen; what is refused changes nothing and is no part of its life."""

    def __init__(self, seed: int, now: datetime, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]):
        self.chance, self.now, self.freeze, self.run_jobs = random.Random(seed), now, freeze, run_jobs
        self.plan = make_plan(seats(), monthly("5"), trial_days=self.chance.choice([0, 14]), proration_basis="day")
        self.other = make_plan(monthly("30"), seats(), family="default")
        self.addons = [make_addon(monthly("7")), make_addon(monthly("2.50")), make_addon(once("30"), kind="one_off")]
        self.coupons = [make_coupon(f"C{n}", duration=kind) for n, kind in enumerate(["forever", "once", "forever"])]
        self.refused: list[errors.Refusal] = []
        self.customer = make_customer()
        attach_card(self.customer)
        self.subscription = subscribe(self.customer, self.plan, quantity=self.chance.randint(1, 5), now=now)
        run_jobs()

    def step(self) -> None:
        self.now += timedelta(days=self.chance.randint(0, 9), seconds=self.chance.randint(1, 5000))
        self.freeze(self.now)
        self.run_jobs()
        try:
            with transaction.atomic():
                self.chance.choice(self.verbs())()
        except errors.Refusal as refused:
            self.refused.append(refused)
        self.run_jobs()

    def verbs(self) -> list[Callable[[], None]]:
        return [
            self.add, self.remove, self.end, self.undo, self.buy, self.coupon, self.move, self.zone, self.change,
            self.decline, self.pause, self.resume,
        ]  # fmt: skip

    def about(self) -> dict[str, Any]:
        return {"subscription_id": self.subscription.pk, "actor": SYSTEM, "now": self.now}

    def add(self) -> None:
        services.add_addon(addon_id=self.chance.choice(self.addons).pk, quantity=2, **self.about())

    def remove(self) -> None:
        held = SubscriptionAddOn.objects.of(self.subscription).kept().first()
        services.remove_addon(item_id=held.pk if held else ids.new(), **self.about())

    def end(self) -> None:
        at = "now" if self.chance.random() < 0.1 else "period_end"
        services.cancel_subscription(at=at, reason="unused", **self.about())

    def undo(self) -> None:
        services.undo_cancellation(**self.about())

    def buy(self) -> None:
        services.renew_subscription(**self.about())

    def coupon(self) -> None:
        services.redeem_coupon(code=self.chance.choice(self.coupons).code, **self.about())

    def move(self) -> None:
        publish_prices(self.plan, monthly(str(self.chance.randint(1, 90))))
        when = self.chance.choice(["now", "renewal"])
        migration = services.prepare_migration(plan_id=self.plan.pk, when=when, actor=SYSTEM, now=self.now)
        services.start_migration(migration_id=migration.pk, actor=SYSTEM, now=self.now)

    def change(self) -> None:
        wanted = Wanted(
            plan_id=self.chance.choice([None, self.other.pk]), quantity=self.chance.choice([None, 1, 4]),
            addons=self.chance.choice([(), ((self.addons[0].pk, 3),), ((self.addons[1].pk, 0),)]),
            anchor=self.chance.choice([None, None, "now"]),
        )  # fmt: skip
        services.change_subscription(wanted=wanted, **self.about())

    def pause(self) -> None:
        until = self.now + timedelta(days=self.chance.randint(40, 60)) if self.chance.random() < 0.5 else None
        services.pause_subscription(at=self.chance.choice(["now", "period_end"]), until=until, **self.about())

    def resume(self) -> None:
        services.resume_subscription(**self.about())

    def decline(self) -> None:
        attach_card(self.customer, self.chance.choice(["success", "card_declined"]))

    def zone(self) -> None:
        zone = self.chance.choice(["Europe/Oslo", "America/New_York", "UTC"])
        update_customer(customer_id=self.customer.pk, changes={"timezone": zone}, actor=SYSTEM, now=self.now)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_every_state_is_rebuilt_as_it_was_seen(
    seed: int, now: datetime, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]
) -> None:
    lived(Life(seed, now, freeze, run_jobs), steps=12)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(100, 120))
def test_every_state_of_long_lives_is_rebuilt_as_it_was_seen(
    seed: int, now: datetime, freeze: Callable[[datetime], None], run_jobs: Callable[[], int]
) -> None:
    lived(Life(seed, now, freeze, run_jobs), steps=60)


def lived(life: Life, *, steps: int) -> None:
    """Live, and then compare each state that was seen with the one that history tells of."""
    saw = {life.now: seen(life.subscription.pk)}
    for _ in range(steps):
        life.step()
        saw[life.now] = seen(life.subscription.pk)
    for at, what in saw.items():
        assert told(rebuild_state(life.subscription.pk, at)) == what, at
        assert told(rebuild_state(life.subscription.pk, at + timedelta(microseconds=1))) == what, at
    past = list_past_states(life.subscription.pk)
    happened = set(SubscriptionEvent.objects.filter(subscription=life.subscription).values_list("type", flat=True))
    # One that ends early has a few kinds of events, and the rest of its steps are refusals.
    assert len(happened) >= 4, "a life in which nothing happens proves nothing"
    assert [one.number for one in past] == list(range(1, len(past) + 1))
    assert {code: invariants.broken(code) for code in RULES} == {code: [] for code in RULES}


RULES = [one.code for one in invariants.rules() if one.code.startswith("subscriptions.mrr")]


def test_before_it_was_made_a_subscription_was_nothing(now: datetime) -> None:
    subscription = subscribe()
    assert rebuild_state(subscription.pk, now - timedelta(microseconds=1)) is None
    with pytest.raises(errors.NotFound):
        rebuild_state(ids.new(), now)


def test_a_snapshot_is_small_and_leaves_out_what_says_nothing(now: datetime) -> None:
    subscription = subscribe(quantity=3)
    kept: Any = SubscriptionEvent.objects.get(subscription=subscription).snapshot
    assert kept["v"] == snapshots.VERSION
    assert kept["row"]["status"] == states.INCOMPLETE
    assert kept["row"]["quantity"] == 3
    assert kept["row"]["plan_version_id"] == str(subscription.plan_version_id)
    assert not {"cancel_at", "canceled_at", "reason", "trial_ends_at", "customer_id"} & set(kept["row"])
    assert len(str(kept)) < 1200


def test_subscribing_takes_no_more_queries_for_its_history(now: datetime) -> None:
    customer, plan = make_customer(), make_plan(family=None)
    attach_card(customer)
    subscribe(customer, plan)
    with CaptureQueriesContext(connection) as queries:
        subscribe(customer, plan)
    asked = [one["sql"] for one in queries if "billing_coupon" in one["sql"] or "subscriptionaddon" in one["sql"]]
    assert not [sql for sql in asked if "'forever'" in sql or "removed_at IS NULL" in sql]
    written = [one["sql"] for one in queries if 'INSERT INTO "subscriptions_subscriptionevent"' in one["sql"]]
    assert len(written) == 1
    assert 'INSERT INTO "subscriptions_subscription"' in written[0]


def test_somebody_elses_history_is_not_told(live_environment: Scope, now: datetime) -> None:
    subscription = subscribe()
    with pytest.raises(errors.NotFound), tenancy.scope(live_environment):
        rebuild_state(subscription.pk, now)


def test_a_snapshot_knows_what_a_state_is_made_of() -> None:
    names = {field.name for field in snapshots.FIELDS}
    assert {"status", "plan", "plan_version", "quantity", "currency", "interval", "interval_count", "anchor_at",
            "period_starts_at", "period_ends_at", "trial_ends_at", "cancel_at", "ends_at"} <= names  # fmt: skip
