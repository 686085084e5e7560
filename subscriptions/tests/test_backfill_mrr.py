"""`manage.py backfill_mrr`: the movements worked out again from history are those that were written."""

import io
import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import Customer
from core import clock, invariants
from core.actor import SYSTEM
from subscriptions import internal, services
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
from tests.session import Database

EVENT, MOVEMENT, ROW = "subscriptions_subscriptionevent", "subscriptions_mrrmovement", "subscriptions_subscription"
RULES = [one.code for one in invariants.rules() if one.code.startswith("subscriptions.mrr")]


def backfill(*arguments: str) -> tuple[int, str]:
    """Run the command; answer its exit status and what it said."""
    said = io.StringIO()
    try:
        call_command("backfill_mrr", *arguments, stdout=said)
    except SystemExit as ended:
        return int(ended.code or 0), said.getvalue()
    return 0, said.getvalue()


def movements() -> list[tuple[Any, ...]]:
    rows = MrrMovement.objects.order_by("customer_id", "currency", "number")
    return list(rows.values_list("customer_id", "event_id", "number", "kind", "amount", "at", "currency"))


def worths() -> dict[Any, Any]:
    return dict(Subscription.objects.values_list("id", "mrr"))


@pytest.fixture
def lives(freeze: Callable[[datetime], None], now: datetime, run_jobs: Callable[[], int]) -> Customer:
    """A customer with an eventful year in two agreements, and one who pays nothing."""
    freeze(now)
    customer = make_customer()
    attach_card(customer)
    plan, addon = make_plan(monthly("20"), family=None), make_addon(monthly("7"))
    first = subscribe(customer, plan, quantity=2)
    subscribe(make_customer(), free_plan(family=None))
    run_jobs()

    def at(days: int) -> dict[str, Any]:
        freeze(now + timedelta(days=days))
        run_jobs()
        return {"subscription_id": first.pk, "actor": SYSTEM, "now": clock.now()}

    row = services.add_addon(addon_id=addon.pk, quantity=3, **at(5))
    services.redeem_coupon(code=make_coupon(duration="forever").code, **at(10))
    at(15)
    second = subscribe(customer, make_plan(monthly("5"), family=None))
    run_jobs()
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
    run_jobs()
    return customer


@pytest.mark.django_db
@pytest.mark.slow
def test_what_was_written_is_what_history_tells(lives: Customer) -> None:
    before = (movements(), worths())
    kinds = set(MrrMovement.objects.values_list("kind", flat=True))
    assert kinds == {one.value for one in Movement}
    assert backfill("--check") == (0, "2 customers, 0 differ\n")
    assert backfill() == (0, "2 customers, 0 put right\n")
    assert (movements(), worths()) == before


@pytest.mark.django_db
@pytest.mark.slow
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


@pytest.mark.django_db
@pytest.mark.slow
def test_lines_older_than_snapshots_are_worked_out_from_what_is_known(lives: Customer, owner_sql: Any) -> None:
    before = (movements(), worths())
    owner_sql(f"UPDATE {EVENT} SET snapshot = NULL", off=[EVENT])
    owner_sql(f"DELETE FROM {MOVEMENT}", off=[MOVEMENT])
    owner_sql(f"UPDATE {ROW} SET mrr = 0", off=[ROW])
    backfill()
    assert movements() == before[0]
    assert worths() == before[1]
    assert {code: invariants.broken(code) for code in RULES} == {code: [] for code in RULES}


@pytest.mark.django_db
@pytest.mark.slow
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


@pytest.mark.django_db
def test_one_environment_is_looked_at_where_one_is_named(freeze_now: None, run_jobs: Callable[[], int]) -> None:
    customer = make_customer()
    attach_card(customer)
    subscribe(customer, make_plan(monthly("20")))
    run_jobs()
    assert backfill("--environment", "live", "--check") == (0, "0 customers, 0 differ\n")
    assert backfill("--environment", "sandbox", "--check") == (0, "1 customers, 0 differ\n")
    with pytest.raises(Exception, match="no such environment"):
        backfill("--environment", "nowhere")


@pytest.mark.django_db
def test_customers_are_gone_through_in_steps(freeze_now: None) -> None:
    for _ in range(5):
        subscribe(make_customer(), free_plan(family=None))
    assert backfill("--step", "2", "--check") == (0, "5 customers, 0 differ\n")


@pytest.mark.slow
def test_it_works_while_the_system_writes(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        customer = make_customer()
        attach_card(customer)
        row = subscribe(customer, make_plan(monthly("20", billed="arrears")))
        addon = make_addon(monthly("7"))
    failed: list[BaseException] = []

    def change() -> None:
        try:
            for _ in range(8):
                with sandbox_scope():
                    about = {"subscription_id": row.pk, "actor": SYSTEM, "now": clock.now()}
                    item = services.add_addon(addon_id=addon.pk, **about)
                    services.remove_addon(item_id=item.pk, **about)
        except BaseException as failure:  # noqa: BLE001 - told to the test
            failed.append(failure)
        finally:
            connection.close()

    writer = threading.Thread(target=change)
    writer.start()
    while writer.is_alive():
        assert backfill("--check")[0] == 0
        with sandbox_scope():
            assert internal.rebuild_mrr([customer.pk], actor=SYSTEM, now=clock.now()) == []
    writer.join()
    assert failed == []
    with sandbox_scope(), transaction.atomic():
        assert MrrMovement.objects.count() == 17
    assert {code: invariants.broken(code) for code in RULES} == {code: [] for code in RULES}
    connection.close()
