"""The books as they were at an instant: balances, what customers owed by age, and the months."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from billing import internal, selectors
from billing.models import Account
from billing.selectors import AccountBalance
from billing.tests.factories import AT, issue, make_customer_id, settle
from billing.tests.wallets.builders import grant
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db


def days(number: int) -> datetime:
    return AT + timedelta(days=number)


def test_the_trial_balance_follows_the_journals_and_sums_to_zero() -> None:
    invoice = issue(1000)
    settle(invoice, 400, now=days(5))
    grant(50, now=days(6))
    issue(7, currency="JPY", now=days(7))
    assert selectors.list_trial_balance(at=AT - timedelta(microseconds=1)) == ()
    assert selectors.list_trial_balance(at=AT) == (
        AccountBalance(code="receivable", currency="USD", debits_minor=1000, credits_minor=0),
        AccountBalance(code="revenue", currency="USD", debits_minor=0, credits_minor=1000),
    )
    later = selectors.list_trial_balance(at=days(7), currency="USD")
    assert {one.code: one.balance_minor for one in later} == {
        "cash": 400, "promotions": 50, "receivable": 600, "revenue": -1000, "wallet_liability": -50,
    }  # fmt: skip
    assert {one.code for one in later} <= set(Account.Code.values)
    everything = selectors.list_trial_balance(at=days(7))
    assert {one.currency for one in everything} == {"JPY", "USD"}
    assert sum(one.balance_minor for one in everything if one.currency == "JPY") == 0


@pytest.mark.parametrize(
    ("after", "column"),
    [
        (timedelta(0), "not_due_minor"),
        (timedelta(microseconds=1), "days_1_30_minor"),
        (timedelta(days=30), "days_1_30_minor"),
        (timedelta(days=30, microseconds=1), "days_31_60_minor"),
        (timedelta(days=60), "days_31_60_minor"),
        (timedelta(days=61), "days_61_90_minor"),
        (timedelta(days=90), "days_61_90_minor"),
        (timedelta(days=90, microseconds=1), "over_90_minor"),
        (timedelta(days=4000), "over_90_minor"),
    ],
)
def test_what_is_owed_ages_by_the_days_past_due(after: timedelta, column: str) -> None:
    customer_id = make_customer_id()
    issue(1000, customer_id=customer_id)
    (aged,) = selectors.list_ageing(at=AT + after)
    assert (aged.customer_id, aged.total_minor, getattr(aged, column)) == (customer_id, 1000, 1000)
    columns = ("not_due_minor", "days_1_30_minor", "days_31_60_minor", "days_61_90_minor", "over_90_minor")
    assert sum(getattr(aged, one) for one in columns) == 1000


def test_the_past_does_not_know_what_became_of_it() -> None:
    customer_id = make_customer_id()
    paid, void = issue(1000, customer_id=customer_id), issue(500, customer_id=customer_id)
    settle(paid, 300, now=days(10))
    settle(paid, 700, now=days(40))
    internal.void(void.id, reason="Mistake", actor=SYSTEM, now=days(20))

    def owed(number: int) -> list[int]:
        return [one.total_minor for one in selectors.list_ageing(at=days(number))]

    assert [owed(number) for number in (-1, 0, 10, 20, 39, 40)] == [[], [1500], [1200], [700], [700], []]


def test_customers_and_currencies_are_aged_apart() -> None:
    one, other = make_customer_id(), make_customer_id()
    issue(100, customer_id=one)
    issue(900, customer_id=other)
    issue(200, customer_id=one, now=days(40))
    issue(50, currency="EUR")
    aged = selectors.list_ageing(at=days(41), currency="USD")
    assert [(row.customer_id, row.days_1_30_minor, row.days_31_60_minor) for row in aged] == [
        (other, 0, 900), (one, 200, 100),
    ]  # fmt: skip
    assert [row.currency for row in selectors.list_ageing(at=days(41))] == ["EUR", "USD", "USD"]


def test_what_stored_value_paid_is_not_owed() -> None:
    customer_id = make_customer_id()
    grant(400, customer_id=customer_id)
    issue(1000, customer_id=customer_id)
    assert [one.total_minor for one in selectors.list_ageing(at=AT)] == [600]


def test_months_end_at_the_instant() -> None:
    invoice = issue(1000)
    settle(invoice, now=datetime(2026, 2, 1, tzinfo=UTC))
    (january,) = selectors.list_months(at=datetime(2026, 1, 31, tzinfo=UTC))
    assert (january.month, january.revenue_minor, january.cash_minor) == (date(2026, 1, 1), 1000, 0)
    assert [one.cash_minor for one in selectors.list_months()] == [0, 1000]


def test_three_questions_to_the_books_are_three_queries(django_assert_num_queries: Any) -> None:
    for number in range(5):
        issue(1000, now=days(number))
    with django_assert_num_queries(3):
        selectors.list_trial_balance(at=days(9))
        selectors.list_ageing(at=days(9))
        selectors.list_months(at=days(9))
