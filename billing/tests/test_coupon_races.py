"""Customers who redeem at the same instant: the limits hold."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from accounts.internal import lock_customer
from billing import internal
from billing.models import Coupon, CouponRedemption
from billing.tests.coupons import make_coupon, redeem
from billing.tests.factories import AT, make_customer_id
from core import errors, invariants
from core.actor import SYSTEM
from tests.session import Database

AT_ONCE = 12
CUSTOMERS = 64


def run_all(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def ask(scope: Callable[[], Any], codes: Sequence[str], customer_id: UUID, reference: str) -> str:
    """What came of it: the refusal's code, or nothing."""
    try:
        with scope(), transaction.atomic():
            lock_customer(customer_id)
            internal.redeem_coupons(
                codes, customer_id=customer_id, reference=reference, currency="USD", plan=None, actor=SYSTEM, now=AT
            )
    except errors.Refusal as refused:
        return refused.code
    finally:
        connection.close()
    return ""


@pytest.mark.slow
def test_the_last_redemption_is_given_once(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        code = make_coupon(max_redemptions=10).code
        holders = [make_customer_id() for _ in range(CUSTOMERS)]
    calls = [partial(ask, sandbox_scope, [code], one, f"sub_{number}") for number, one in enumerate(holders)]
    outcomes = run_all(calls)
    assert (outcomes.count(""), outcomes.count("coupon_exhausted")) == (10, CUSTOMERS - 10)
    with sandbox_scope(), transaction.atomic():
        assert (Coupon.objects.get().redeemed, CouponRedemption.objects.held().count()) == (10, 10)
    assert invariants.broken("billing.coupon_redeemed") == []


@pytest.mark.slow
def test_one_customer_redeems_as_often_as_he_may(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        code, holder = make_coupon(max_per_customer=1).code, make_customer_id()
    outcomes = run_all([partial(ask, sandbox_scope, [code], holder, f"sub_{number}") for number in range(AT_ONCE)])
    assert sorted(outcomes) == ["", *["coupon_customer_limit"] * (AT_ONCE - 1)]
    with sandbox_scope(), transaction.atomic():
        assert (Coupon.objects.get().redeemed, CouponRedemption.objects.held().count()) == (1, 1)


@pytest.mark.slow
def test_customers_with_the_same_coupons_do_not_wait_for_each_other(
    committed: Database, sandbox_scope: Callable[[], Any]
) -> None:
    with sandbox_scope(), transaction.atomic():
        codes = [make_coupon().code for _ in range(3)]
        holders = [make_customer_id() for _ in range(CUSTOMERS // 2)]
    orders = (codes, codes[::-1])
    calls = [partial(ask, sandbox_scope, orders[n % 2], one, f"sub_{n}") for n, one in enumerate(holders)]
    assert set(run_all(calls)) == {""}
    with sandbox_scope(), transaction.atomic():
        assert set(Coupon.objects.values_list("redeemed", flat=True)) == {len(holders)}


@pytest.mark.slow
def test_a_redemption_that_is_rolled_back_is_free_again(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        coupon = make_coupon(max_redemptions=1)
    with sandbox_scope(), transaction.atomic():
        redeem(coupon)
        transaction.set_rollback(True)
    with sandbox_scope(), transaction.atomic():
        redeem(coupon, reference="sub_second")
        assert Coupon.objects.get().redeemed == 1
