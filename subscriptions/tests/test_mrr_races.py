"""Many agreements of one customer move at the same instant: each movement has its place, and one of them is new."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from core import clock, invariants
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.models import MrrMovement, Subscription
from subscriptions.tests.factories import make_customer, make_plan, monthly, subscribe
from tests.session import Database

pytestmark = pytest.mark.slow
Scope = Callable[[], Any]
RULES = [one.code for one in invariants.rules() if one.code.startswith("subscriptions.mrr")]
MANY = 8


def at_once(sandbox_scope: Scope, calls: list[Callable[[], Any]]) -> None:
    """Make calls that start together, each in its own connection and transaction."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            with sandbox_scope(), transaction.atomic():
                call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        for future in [pool.submit(run, call) for call in calls]:
            future.result()


def test_agreements_that_begin_and_end_together_are_counted_one_by_one(
    committed: Database, sandbox_scope: Scope
) -> None:
    with sandbox_scope(), transaction.atomic():
        customer, plan = make_customer(), make_plan(monthly("20", billed="arrears"), family=None)
    at_once(sandbox_scope, [lambda: subscribe(customer, plan, now=clock.now())] * MANY)
    with sandbox_scope(), transaction.atomic():
        assert kinds() == ["new", *["expansion"] * (MANY - 1)]
        keys = list(Subscription.objects.values_list("pk", flat=True))

    def end(key: Any) -> Callable[[], Any]:
        return lambda: services.cancel_subscription(subscription_id=key, at="now", actor=SYSTEM, now=clock.now())

    at_once(sandbox_scope, [end(key) for key in keys])
    with sandbox_scope(), transaction.atomic():
        assert kinds()[MANY:] == [*["contraction"] * (MANY - 1), "churn"]
        numbers = MrrMovement.objects.order_by("number").values_list("number", flat=True)
        assert list(numbers) == list(range(1, 2 * MANY + 1))
    assert {code: invariants.broken(code) for code in RULES} == {code: [] for code in RULES}
    connection.close()


def kinds() -> list[str]:
    return list(MrrMovement.objects.order_by("number").values_list("kind", flat=True))
