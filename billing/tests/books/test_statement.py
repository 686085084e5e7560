"""A customer's statement: what he owed and had stored, event by event."""

from datetime import timedelta
from typing import Any

import pytest

from billing import internal, selectors
from billing.selectors import Statement
from billing.tests.factories import AT, issue, make_customer_id, refund, settle
from billing.tests.wallets.builders import debit, grant
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db


def statement(customer_id: Any, first: int = -1, last: int = 30, currency: str = "USD") -> Statement:
    return selectors.get_statement(
        customer_id, currency, starts_at=AT + timedelta(days=first), ends_at=AT + timedelta(days=last)
    )


def shown(found: Statement) -> list[tuple[str, int, int, int]]:
    return [(one.kind, one.amount_minor, one.change_minor, one.balance_minor) for one in found.entries]


def test_every_event_is_an_entry_with_what_was_owed_after_it() -> None:
    customer_id = make_customer_id()
    first = issue(1000, customer_id=customer_id)
    settle(first, 400, now=AT + timedelta(days=1))
    spare = issue(50, customer_id=customer_id, now=AT + timedelta(days=2))
    internal.void(spare.id, reason="Mistake", actor=SYSTEM, now=AT + timedelta(days=3))
    settle(first, 700, now=AT + timedelta(days=4))
    refund(first, 200, now=AT + timedelta(days=5))
    issue(30, customer_id=customer_id, now=AT + timedelta(days=6))
    found = statement(customer_id)
    assert shown(found) == [
        ("invoice", 1000, 1000, 1000),
        ("payment", 400, -400, 600),
        ("invoice", 50, 50, 650),
        ("void", 50, -50, 600),
        ("payment", 700, -600, 0),
        ("refund", 200, 0, 0),
        ("invoice", 30, 30, 30),
        ("stored_value", 30, -30, 0),
    ]
    assert (found.opening_minor, found.closing_minor) == (0, 0)
    assert [(one.number, one.invoice_id) for one in found.entries[:2]] == [(first.number, first.id)] * 2
    assert [(one.kind, one.change_minor, one.balance_minor) for one in found.wallet.entries] == [
        ("grant", 100, 100), ("burn", -30, 70),
    ]  # fmt: skip


def test_a_period_opens_with_what_was_owed_before_it() -> None:
    customer_id = make_customer_id()
    grant(500, customer_id=customer_id)
    invoice = issue(1000, customer_id=customer_id)
    settle(invoice, 100, now=AT + timedelta(days=3))
    found = statement(customer_id, 1, 3)
    assert (found.opening_minor, found.closing_minor, found.entries) == (500, 500, ())
    assert (found.wallet.opening_minor, found.wallet.closing_minor, found.wallet.entries) == (0, 0, ())
    assert shown(statement(customer_id, 3, 4)) == [("payment", 100, -100, 400)]
    assert statement(customer_id, -1, 0).entries == ()
    assert len(statement(customer_id, 0, 1).entries) == 2


def test_other_customers_and_currencies_are_not_in_it() -> None:
    customer_id = make_customer_id()
    issue(1000)
    grant(100, customer_id=customer_id, currency="EUR")
    found = statement(customer_id)
    assert (found.entries, found.wallet.entries) == ((), ())
    assert len(statement(customer_id, currency="EUR").wallet.entries) == 1


def test_a_debit_is_a_movement_of_the_wallet_alone() -> None:
    customer_id = make_customer_id()
    debit(grant(100, customer_id=customer_id).wallet, 60, description="Two calls")
    found = statement(customer_id)
    assert found.entries == ()
    assert [(one.description, one.change_minor) for one in found.wallet.entries][-1] == ("Two calls", -60)


@pytest.mark.parametrize("length", [timedelta(0), -timedelta(days=1), timedelta(days=366, microseconds=1)])
def test_an_empty_or_endless_period_is_refused(length: timedelta) -> None:
    with pytest.raises(selectors.StatementPeriodInvalid):
        selectors.get_statement(make_customer_id(), "USD", starts_at=AT, ends_at=AT + length)


def test_a_statement_takes_four_queries(django_assert_num_queries: Any) -> None:
    customer_id = make_customer_id()
    for number in range(4):
        issue(100, customer_id=customer_id, now=AT + timedelta(days=number))
    with django_assert_num_queries(4):
        statement(customer_id)
