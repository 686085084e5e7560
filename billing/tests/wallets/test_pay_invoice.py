"""Invoices use stored value: credit notes first, then the wallet's lots in their order."""

from collections.abc import Callable
from typing import Any

import pytest

from billing import internal
from billing.internal import _wallets
from billing.models import Invoice, WalletTransaction
from billing.selectors import StoredValue
from billing.tests.balance import balances, check_journals
from billing.tests.factories import AT, issue, make_customer_id
from billing.tests.wallets.builders import at, grant, left, transactions, wallet_of
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db


def credit(amount_minor: int, **known: Any) -> Any:
    """A lot as a credit note leaves it."""
    return grant(amount_minor, source="credit_note", **known)


def test_an_invoice_uses_the_credit_balance_before_the_wallet() -> None:
    customer_id = make_customer_id()
    grant(900, customer_id=customer_id, priority=1)
    credit(300, customer_id=customer_id)

    invoice = issue(1000, customer_id=customer_id)

    row = Invoice.objects.get(pk=invoice.id)
    assert (row.credit_applied_minor, row.wallet_applied_minor, row.due_minor) == (300, 700, 0)
    assert row.state == "paid"
    assert left(customer_id) == [200, 0]
    burned = WalletTransaction.objects.filter(invoice=row).order_by("id").values_list("key", "amount_minor")
    assert list(burned) == [
        (f"invoice:{invoice.public_id}:credit", -300),
        (f"invoice:{invoice.public_id}:wallet", -700),
    ]
    check_journals()


def test_what_stored_value_pays_is_off_the_receivables() -> None:
    customer_id = make_customer_id()
    grant(400, customer_id=customer_id)
    issue(1000, customer_id=customer_id)
    assert balances() == {"receivable": 600, "revenue": -1000, "promotions": 400}


def test_an_invoice_of_nothing_uses_nothing(facts: Callable[[], list[str]]) -> None:
    customer_id = make_customer_id()
    grant(400, customer_id=customer_id)
    issue(0, customer_id=customer_id)
    assert left(customer_id) == [400]
    assert "wallet.burned" not in facts()


def test_a_wallet_in_another_currency_pays_nothing() -> None:
    customer_id = make_customer_id()
    grant(400, customer_id=customer_id, currency="EUR")
    assert issue(1000, customer_id=customer_id).due_minor == 1000
    assert left(customer_id) == [400]


def test_lots_that_are_not_effective_yet_or_expired_pay_nothing() -> None:
    customer_id = make_customer_id()
    grant(100, customer_id=customer_id, effective_at=at(16))
    grant(200, customer_id=customer_id, now=at(1), expires_at=AT)
    grant(400, customer_id=customer_id, now=at(1), expires_at=at(15, 13), effective_at=AT)
    assert issue(1000, customer_id=customer_id).due_minor == 600
    assert left(customer_id) == [100, 200, 0]


def test_a_void_invoice_gives_back_to_the_very_lots() -> None:
    customer_id = make_customer_id()
    grant(300, customer_id=customer_id, priority=1)
    credit(200, customer_id=customer_id)
    grant(100, customer_id=customer_id, priority=2)
    invoice = issue(2000, customer_id=customer_id)
    assert left(customer_id) == [0, 0, 0]

    internal.void(invoice.id, reason="a mistake", actor=SYSTEM, now=at(16))

    assert left(customer_id) == [300, 200, 100]
    assert transactions(customer_id)[-2:] == [("reversal", 200, 200), ("reversal", 400, 600)]
    assert wallet_of(customer_id).balance_minor == 600
    assert balances() == {"promotions": 400, "wallet_liability": -400}
    check_journals()


def test_an_invoice_gives_back_once() -> None:
    customer_id = make_customer_id()
    grant(300, customer_id=customer_id)
    invoice = Invoice.objects.get(pk=issue(1000, customer_id=customer_id).id)
    given_back = [_wallets.restore_invoice(invoice, now=AT, actor=SYSTEM) for _ in range(2)]
    assert given_back == [StoredValue(credit_minor=0, wallet_minor=300), _wallets.NOTHING]
    assert left(customer_id) == [300]


def test_a_top_up_does_not_buy_value_with_value() -> None:
    customer_id = make_customer_id()
    grant(300, customer_id=customer_id)
    assert issue(1000, customer_id=customer_id, kind="top_up").due_minor == 1000
    assert left(customer_id) == [300]


def test_using_two_lots_takes_a_constant_number_of_queries(django_assert_num_queries: Any) -> None:
    customer_id = make_customer_id()
    for _ in range(5):
        grant(100, customer_id=customer_id)
    invoice = Invoice.objects.get(pk=issue(1000, customer_id=customer_id, kind="top_up").id)
    with django_assert_num_queries(6):
        used = _wallets.pay_invoice(invoice, now=AT, actor=SYSTEM)
    assert used == StoredValue(credit_minor=0, wallet_minor=500)
