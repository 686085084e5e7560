"""Value comes into a wallet as a lot."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from billing import services
from billing.internal import WalletKeyReused, _wallets
from billing.models import Wallet, WalletLot, WalletTransaction
from billing.tests.balance import balances, check_journals
from billing.tests.factories import AT, issue, make_customer_id, settle
from billing.tests.wallets.builders import at, funded, grant, transactions, wallet_of
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db

FIRST_DAY = at(1)


def promote(wallet: Wallet, amount_minor: int = 500, **known: Any) -> WalletLot:
    fields: dict[str, Any] = {"key": "welcome", "actor": SYSTEM, "now": AT}
    return services.grant_promotion(wallet_id=wallet.id, amount_minor=amount_minor, **fields | known)


def test_a_grant_opens_the_wallet_and_funds_its_lot(facts: Callable[[], list[str]]) -> None:
    lot = grant(500)
    row = WalletTransaction.objects.get()
    assert (row.kind, row.amount_minor, row.balance_minor, funded(row)) == ("grant", 500, 500, {lot.id: 500})
    assert lot.wallet.balance_minor == lot.left_minor == lot.amount_minor == 500
    assert facts()[-2:] == ["wallet.created", "wallet.granted"]
    check_journals()


def test_a_grant_is_made_once_per_key(facts: Callable[[], list[str]]) -> None:
    customer_id = make_customer_id()
    first = grant(500, customer_id=customer_id, key="a")
    again = grant(900, customer_id=customer_id, key="a")
    assert again == first
    assert wallet_of(customer_id).balance_minor == 500
    assert facts().count("wallet.granted") == 1


def test_a_promotion_is_booked_as_an_expense_and_a_liability() -> None:
    grant(500)
    assert balances() == {"promotions": 500, "wallet_liability": -500}


def test_an_overpayment_becomes_a_lot_that_the_payment_has_booked() -> None:
    customer_id = make_customer_id()
    settle(issue(1000, customer_id=customer_id), 1200)
    lot = WalletLot.objects.get()
    assert (lot.source, lot.left_minor, lot.is_promotional) == ("overpayment", 200, False)
    assert balances() == {"cash": 1200, "revenue": -1000, "wallet_liability": -200}
    check_journals()


@pytest.mark.parametrize("amount", [0, -1])
def test_a_grant_of_nothing_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="is none"):
        grant(amount)
    assert not WalletLot.objects.exists()


def test_an_operator_grants_value_with_a_priority_and_an_end() -> None:
    wallet = grant(100).wallet
    lot = promote(wallet, priority=10, effective_at=at(20), expires_at=at(25), description="Sorry")
    assert (lot.priority, lot.effective_at, lot.expires_at, lot.description) == (10, at(20), at(25), "Sorry")
    assert lot.is_promotional
    assert promote(wallet, priority=99) == lot


@pytest.mark.parametrize(
    ("known", "refusal"),
    [
        ({"amount_minor": 0}, services.WalletAmountInvalid),
        ({"amount_minor": -5}, services.WalletAmountInvalid),
        ({"amount_minor": 10**16}, services.WalletAmountInvalid),
        ({"expires_at": AT}, services.WalletGrantInvalid),
        ({"expires_at": at(20), "effective_at": at(20)}, services.WalletGrantInvalid),
        ({"priority": -1}, services.WalletGrantInvalid),
        ({"priority": 1001}, services.WalletGrantInvalid),
        ({"key": "known"}, WalletKeyReused),
    ],
)
def test_a_senseless_promotion_is_refused(known: dict[str, Any], refusal: type[Exception]) -> None:
    wallet = grant(100).wallet
    promote(wallet, 50, key="known")
    with pytest.raises(refusal):
        promote(wallet, **known)
    assert wallet_of(wallet.customer_id).balance_minor == 150


def test_a_top_up_is_granted_when_its_invoice_is_paid() -> None:
    customer_id = make_customer_id()
    wallet = services.create_wallet(customer_id=customer_id, currency="USD", actor=SYSTEM, now=FIRST_DAY)
    invoice = services.top_up_wallet(wallet_id=wallet.id, amount_minor=5000, key="k", actor=SYSTEM, now=FIRST_DAY)
    assert balances() == {"receivable": 5000, "wallet_liability": -5000}
    assert wallet_of(customer_id).balance_minor == 0

    settle(invoice, 3000)
    assert transactions(customer_id) == []
    settle(invoice, 2500, now=at(16))

    assert transactions(customer_id) == [("grant", 5000, 5000), ("grant", 500, 5500)]
    assert balances() == {"cash": 5500, "wallet_liability": -5500}
    lot = WalletLot.objects.get(source="top_up")
    assert (lot.invoice_id, lot.effective_at, lot.is_promotional) == (invoice.id, at(16), False)
    check_journals()


def test_a_top_up_is_granted_once() -> None:
    wallet = grant(100).wallet
    invoice = services.top_up_wallet(wallet_id=wallet.id, amount_minor=5000, key="k", actor=SYSTEM, now=AT)
    settle(invoice)
    lot = WalletLot.objects.select_related("invoice").get(source="top_up")
    assert lot.invoice is not None
    assert _wallets.grant_top_up(lot.invoice, now=at(17), actor=SYSTEM) == lot
    assert wallet_of(wallet.customer_id).balance_minor == 5100


def test_a_grant_says_when_it_expires(facts: Callable[[], list[str]]) -> None:
    ends: datetime = at(20)
    assert grant(1, expires_at=ends).expires_at == ends
    assert facts()[-1] == "wallet.granted"
