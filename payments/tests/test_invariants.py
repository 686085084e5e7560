"""Each rule is seen to hold, and to report what breaks it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from core import invariants
from core.actor import SYSTEM
from payments import internal, services
from payments.models import Payment, Refund
from payments.tests.factories import make_paid, make_payment, reread

pytestmark = pytest.mark.django_db

CODES = [one.code for one in invariants.rules() if one.code.startswith("payments.")]
OwnerSql = Callable[..., list[Any]]


def refunded(now: datetime) -> Payment:
    payment = make_paid()
    row = services.refund_payment(payment_id=payment.id, amount_minor=50, reason="", actor=SYSTEM, now=now)
    internal.execute_refund(refund_id=row.id, now=now)
    return payment


@pytest.mark.parametrize("code", CODES)
def test_money_that_moved_as_it_should_breaks_no_rule(code: str, now: datetime) -> None:
    refunded(now)
    make_payment(None)
    for behavior in ("card_declined", "process_then_drop", "drop_before", "wrong_amount"):
        internal.collect_payment(payment_id=make_payment(behavior).id, now=now)
    assert invariants.broken(code) == []


def assert_reports(code: str, row: Any) -> None:
    assert [one["id"] for one in invariants.broken(f"payments.{code}")] == [str(row.pk)]


def test_refunds_beyond_the_payment_are_reported(now: datetime, owner_sql: OwnerSql) -> None:
    payment = refunded(now)
    owner_sql("UPDATE payments_refund SET amount_minor = 1051", off=["payments_refund"])
    assert_reports("refunds_within_payment", payment)


def test_a_refunded_amount_that_is_not_the_sum_is_reported(now: datetime, owner_sql: OwnerSql) -> None:
    payment = refunded(now)
    owner_sql("UPDATE payments_payment SET refunded_minor = 51", off=["payments_payment"])
    assert_reports("refunded_is_the_sum", payment)


def test_a_refund_in_another_currency_is_reported(now: datetime, owner_sql: OwnerSql) -> None:
    payment = refunded(now)
    owner_sql("UPDATE payments_refund SET currency = 'EUR'", off=["payments_refund"])
    assert_reports("refunded_is_the_sum", payment)


def test_a_payment_without_its_attempt_is_reported(owner_sql: OwnerSql) -> None:
    payment = make_paid()
    owner_sql("UPDATE payments_paymentattempt SET status = 'failed'", off=["payments_paymentattempt"])
    assert_reports("captured_by_one_attempt", payment)


def test_a_payment_that_waits_for_nobody_is_reported(now: datetime, owner_sql: OwnerSql) -> None:
    payment = make_payment("process_then_drop")
    internal.collect_payment(payment_id=payment.id, now=now)
    owner_sql(
        "UPDATE payments_paymentattempt SET status = 'canceled', finished_at = now(), next_reconcile_at = NULL",
        off=["payments_paymentattempt"],
    )
    assert_reports("processing_has_open_attempt", payment)


@pytest.mark.parametrize("table", ["payments_paymentattempt", "payments_refund"])
def test_what_nobody_looks_after_is_reported(table: str, now: datetime, owner_sql: OwnerSql) -> None:
    internal.collect_payment(payment_id=make_payment("process_then_drop").id, now=now)
    row = services.refund_payment(payment_id=make_paid().id, amount_minor=5, reason="", actor=SYSTEM, now=now)
    internal.begin_refund(refund_id=row.id, now=now)
    owner_sql(f"UPDATE {table} SET next_reconcile_at = NULL")
    assert len(invariants.broken("payments.open_is_looked_after")) == 1


@pytest.mark.parametrize("amount", [1049, 1051])
def test_a_gateway_that_took_something_else_is_reported(amount: int, owner_sql: OwnerSql) -> None:
    payment = make_paid()
    owner_sql("UPDATE payments_sandboxcharge SET amount_minor = %s", [amount])
    found = invariants.broken("payments.sandbox_agrees")
    assert [(one["id"], one["ours"], one["theirs"]) for one in found] == [("USD", 1050, amount)]
    assert reread(payment).status == "succeeded"
    assert not Refund.objects.exists()
