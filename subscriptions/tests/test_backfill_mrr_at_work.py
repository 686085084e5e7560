"""`manage.py backfill_mrr` beside others: in one environment, in steps, and while the system writes."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from core import clock, invariants
from core.actor import SYSTEM
from subscriptions import internal, services
from subscriptions.models import MrrMovement
from subscriptions.tests.factories import (
    attach_card,
    free_plan,
    make_addon,
    make_customer,
    make_plan,
    monthly,
    subscribe,
)
from subscriptions.tests.mrr_history import RULES, backfill
from tests.session import Database


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
