"""Value is taken without an invoice, and given back."""

from collections.abc import Callable
from typing import Any

import pytest

from billing import services
from billing.internal import WalletKeyReused
from billing.models import Invoice, Wallet, WalletTransaction
from billing.tests.balance import balances, check_journals
from billing.tests.factories import AT, issue, make_customer_id
from billing.tests.wallets.builders import at, debit, funded, grant, left, top_up, transactions, wallet_of
from core import ids
from core.actor import SYSTEM
from core.errors import NotFound

pytestmark = pytest.mark.django_db


def reverse(wallet: Wallet, row: WalletTransaction, **known: Any) -> WalletTransaction:
    fields: dict[str, Any] = {"actor": SYSTEM, "now": AT}
    return services.reverse_debit(wallet_id=wallet.id, transaction_id=row.id, **fields | known)


def test_a_debit_takes_from_the_lots_in_their_order_and_says_from_which() -> None:
    customer_id = make_customer_id()
    second = grant(100, customer_id=customer_id, priority=2)
    first = grant(100, customer_id=customer_id, priority=1)
    row = debit(first.wallet, 120, description="Two calls")
    assert funded(row) == {first.id: -100, second.id: -20}
    assert (row.kind, row.amount_minor, row.balance_minor, row.description) == ("burn", -120, 80, "Two calls")
    assert left(customer_id) == [80, 0]
    assert wallet_of(customer_id).balance_minor == 80
    assert balances() == {"promotions": 200, "wallet_liability": -80, "revenue": -120}
    check_journals()


def test_the_earlier_expiry_pays_first_and_promotions_before_money() -> None:
    customer_id = make_customer_id()
    paid = grant(10, customer_id=customer_id, source="overpayment")
    given = grant(10, customer_id=customer_id)
    ending = grant(10, customer_id=customer_id, expires_at=at(20))
    row = debit(paid.wallet, 25)
    assert funded(row) == {ending.id: -10, given.id: -10, paid.id: -5}


def test_a_debit_above_what_can_be_used_is_refused(facts: Callable[[], list[str]]) -> None:
    customer_id = make_customer_id()
    wallet = grant(50, customer_id=customer_id).wallet
    grant(100, customer_id=customer_id, effective_at=at(16))
    said = facts()
    with pytest.raises(services.WalletInsufficient) as refused:
        debit(wallet, 51)
    assert refused.value.members == {"balance_minor": 150, "usable_minor": 50, "currency": "USD"}
    assert left(customer_id) == [50, 100]
    assert facts() == said
    assert debit(wallet, 150, now=at(16)).balance_minor == 0


@pytest.mark.parametrize("amount", [0, -1, 10**16])
def test_a_debit_of_no_amount_is_refused(amount: int) -> None:
    wallet = grant(50).wallet
    with pytest.raises(services.WalletAmountInvalid):
        debit(wallet, amount)
    assert wallet_of(wallet.customer_id).balance_minor == 50


def test_a_debit_is_made_once_per_key() -> None:
    wallet = grant(50).wallet
    key = "k" * 255
    assert debit(wallet, 20, key=key) == debit(wallet, 20, key=key)
    with pytest.raises(WalletKeyReused):
        debit(wallet, 21, key=key)
    assert wallet_of(wallet.customer_id).balance_minor == 30


def test_a_debit_of_an_unknown_wallet_is_refused() -> None:
    with pytest.raises(NotFound):
        services.debit_wallet(wallet_id=ids.new(), amount_minor=1, key="k", actor=SYSTEM, now=AT)


def test_a_reversal_restores_the_lots_and_mirrors_the_journal(facts: Callable[[], list[str]]) -> None:
    customer_id = make_customer_id()
    one = grant(30, customer_id=customer_id)
    two = grant(50, customer_id=customer_id)
    taken = debit(one.wallet, 60)
    back = reverse(one.wallet, taken, description="A mistake")
    assert funded(back) == {one.id: 30, two.id: 30}
    assert (back.kind, back.amount_minor, back.balance_minor, back.reverses_id) == ("reversal", 60, 80, taken.id)
    assert left(customer_id) == [30, 50]
    assert balances() == {"promotions": 80, "wallet_liability": -80}
    assert facts()[-1] == "wallet.reversed"
    check_journals()


def test_a_debit_is_reversed_once() -> None:
    wallet = grant(30).wallet
    taken = debit(wallet, 30)
    reverse(wallet, taken)
    with pytest.raises(services.WalletTransactionReversed):
        reverse(wallet, taken)
    assert wallet_of(wallet.customer_id).balance_minor == 30


def test_only_debits_of_the_wallet_can_be_reversed() -> None:
    customer_id = make_customer_id()
    wallet = grant(2000, customer_id=customer_id).wallet
    issue(500, customer_id=customer_id)
    for row in WalletTransaction.objects.all():
        with pytest.raises(services.WalletTransactionNotReversible):
            reverse(wallet, row)
    stranger = grant(10).wallet
    with pytest.raises(NotFound):
        reverse(wallet, debit(stranger, 10))
    assert wallet_of(customer_id).balance_minor == 1500


def test_what_comes_back_after_the_end_of_its_lot_expires_at_once() -> None:
    customer_id = make_customer_id()
    wallet = grant(30, customer_id=customer_id, expires_at=at(20)).wallet
    taken = debit(wallet, 30)
    reverse(wallet, taken, now=at(20))
    assert left(customer_id) == [0]
    assert transactions(customer_id)[-2:] == [("reversal", 30, 30), ("expiry", -30, 0)]
    assert balances() == {}
    check_journals()


def test_a_top_up_is_asked_for_once_per_key() -> None:
    wallet = grant(30).wallet
    invoice = top_up(wallet, 5000, key="k")
    assert (invoice.kind, invoice.total_minor, invoice.state, invoice.reference) == (
        "top_up", 5000, "open", wallet.public_id,
    )  # fmt: skip
    assert top_up(wallet, 5000, key="k") == invoice
    with pytest.raises(WalletKeyReused):
        top_up(wallet, 6000, key="k")
    with pytest.raises(services.WalletAmountInvalid):
        top_up(wallet, 0)
    assert Invoice.objects.count() == 1


def test_a_wallet_is_opened_once_and_in_the_customers_currency() -> None:
    customer_id = make_customer_id(currency="USD")
    opened: dict[str, Any] = {"customer_id": customer_id, "actor": SYSTEM, "now": AT}
    wallet = services.create_wallet(currency="USD", **opened)
    assert wallet.balance_minor == 0
    with pytest.raises(services.WalletExists) as exists:
        services.create_wallet(currency="USD", **opened)
    assert exists.value.members == {"wallet": wallet.public_id}
    with pytest.raises(services.WalletCurrencyMismatch):
        services.create_wallet(currency="EUR", **opened)
    assert Wallet.objects.count() == 1


def test_a_debit_from_many_lots_takes_a_constant_number_of_queries(django_assert_num_queries: Any) -> None:
    customer_id = make_customer_id()
    wallets = [grant(10, customer_id=customer_id).wallet for _ in range(10)]
    debit(grant(1).wallet, 1)  # the accounts are there from now on
    with django_assert_num_queries(12):
        debit(wallets[0], 100)
