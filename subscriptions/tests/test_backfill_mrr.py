"""`manage.py backfill_mrr`: the movements worked out again from history are those that were written."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Customer
from core import clock, invariants
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.models import MrrMovement, Subscription
from subscriptions.mrr import Movement
from subscriptions.tests.factories import (
    attach_card,
    free_plan,
    make_addon,
    make_coupon,
    make_customer,
    make_plan,
    monthly,
    publish_prices,
    subscribe,
)
from subscriptions.tests.mrr_history import RULES, backfill
from tests.fixtures import NOW, do_all_jobs
from tests.shared import Freeze, Worlds

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

EVENT, MOVEMENT, ROW = "subscriptions_subscriptionevent", "subscriptions_mrrmovement", "subscriptions_subscription"


def movements() -> list[tuple[Any, ...]]:
    rows = MrrMovement.objects.order_by("customer_id", "currency", "number")
    return list(rows.values_list("customer_id", "event_id", "number", "kind", "amount", "at", "currency"))


def worths() -> dict[Any, Any]:
    return dict(Subscription.objects.values_list("id", "mrr"))


@pytest.fixture(scope="module")
def lives(worlds: Worlds) -> Customer:
    return worlds.build(live)


def live(freeze: Freeze) -> Customer:
    """A customer with an eventful year in two agreements, and one who pays nothing."""
    now = NOW
    freeze(now)
    customer = make_customer()
    attach_card(customer)
    plan, addon = make_plan(monthly("20"), family=None), make_addon(monthly("7"))
    first = subscribe(customer, plan, quantity=2)
    subscribe(make_customer(), free_plan(family=None))
    do_all_jobs()

    def at(days: int) -> dict[str, Any]:
        freeze(now + timedelta(days=days))
        do_all_jobs()
        return {"subscription_id": first.pk, "actor": SYSTEM, "now": clock.now()}

    row = services.add_addon(addon_id=addon.pk, quantity=3, **at(5))
    services.redeem_coupon(code=make_coupon(duration="forever").code, **at(10))
    at(15)
    second = subscribe(customer, make_plan(monthly("5"), family=None))
    do_all_jobs()
    at(20)
    publish_prices(plan, monthly("44"))
    migration = services.prepare_migration(plan_id=plan.pk, when="renewal", actor=SYSTEM, now=clock.now())
    services.start_migration(migration_id=migration.pk, actor=SYSTEM, now=clock.now())
    at(40)
    services.remove_addon(item_id=row.pk, **at(41))
    services.change_subscription(wanted=services.Wanted(remove_coupons=("HALF",)), **at(43))
    services.cancel_subscription(at="now", **at(45))
    services.cancel_subscription(at="now", **at(46) | {"subscription_id": second.pk})
    subscribe(customer, plan)
    do_all_jobs()
    return customer


def test_what_was_written_is_what_history_tells(lives: Customer) -> None:
    before = (movements(), worths())
    kinds = set(MrrMovement.objects.values_list("kind", flat=True))
    assert kinds == {one.value for one in Movement}
    assert backfill("--check") == (0, "2 customers, 0 differ\n")
    assert backfill() == (0, "2 customers, 0 put right\n")
    assert (movements(), worths()) == before


def test_history_alone_gives_everything_back(lives: Customer, owner_sql: Any, facts: Callable[[], list[str]]) -> None:
    before = (movements(), worths())
    owner_sql(f"DELETE FROM {MOVEMENT}", off=[MOVEMENT])
    owner_sql(f"UPDATE {ROW} SET mrr = 0", off=[ROW])
    assert backfill("--check")[0] == 1
    assert movements() == []
    assert backfill()[1].endswith("2 customers, 1 put right\n")
    assert (movements(), worths()) == before
    assert facts()[-1] == "subscription.mrr_rebuilt"
    assert {code: invariants.broken(code) for code in RULES} == {code: [] for code in RULES}
    assert backfill() == (0, "2 customers, 0 put right\n")
    assert facts().count("subscription.mrr_rebuilt") == 1


def test_lines_older_than_snapshots_are_worked_out_from_what_is_known(lives: Customer, owner_sql: Any) -> None:
    before = (movements(), worths())
    owner_sql(f"UPDATE {EVENT} SET snapshot = NULL", off=[EVENT])
    owner_sql(f"DELETE FROM {MOVEMENT}", off=[MOVEMENT])
    owner_sql(f"UPDATE {ROW} SET mrr = 0", off=[ROW])
    backfill()
    assert movements() == before[0]
    assert worths() == before[1]
    assert {code: invariants.broken(code) for code in RULES} == {code: [] for code in RULES}


@pytest.mark.parametrize(
    "damage",
    [
        f"UPDATE {MOVEMENT} SET amount = amount + 1 WHERE number = 2",
        f"UPDATE {MOVEMENT} SET kind = 'reactivation' WHERE number = 2",
        f"DELETE FROM {MOVEMENT} WHERE number = 3",
        f"UPDATE {ROW} SET mrr = mrr + 1 WHERE status = 'active' AND mrr > 0",
    ],
)
def test_damage_is_seen_and_put_right(lives: Customer, owner_sql: Any, damage: str) -> None:
    before = (movements(), worths())
    owner_sql(damage, off=[MOVEMENT, ROW])
    damaged = (movements(), worths())
    status, said = backfill("--check", "--json")
    assert status == 1
    told = json.loads(said)
    assert (told["customer"], len(told["told"])) == (lives.public_id, len(before[0]))
    assert (movements(), worths()) == damaged
    assert backfill("--environment", "sandbox")[0] == 0
    assert (movements(), worths()) == before
    assert backfill("--check")[0] == 0
