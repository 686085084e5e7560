"""What the database refuses about wallets, whoever writes the SQL."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from billing import services
from billing.models import WalletFunding, WalletLot, WalletTransaction
from billing.tests.balance import check_journals
from billing.tests.factories import AT, make_customer_id
from billing.tests.wallets.builders import at, debit, grant, left
from core import ids
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db

Sql = Callable[..., list[Any]]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE billing_wallet SET balance_minor = balance_minor + 1",
        "UPDATE billing_wallet SET balance_minor = -1",
        "UPDATE billing_wallet SET currency = 'EUR'",
        "DELETE FROM billing_wallet",
        "UPDATE billing_walletlot SET left_minor = left_minor - 1",
        "UPDATE billing_walletlot SET left_minor = amount_minor + 1",
        "UPDATE billing_walletlot SET amount_minor = 5000",
        "UPDATE billing_walletlot SET effective_at = now()",
        "UPDATE billing_walletlot SET expires_at = NULL, priority = 1",
        "UPDATE billing_walletlot SET source = 'overpayment', is_promotional = false",
        "DELETE FROM billing_walletlot",
        "UPDATE billing_wallettransaction SET amount_minor = 1",
        "DELETE FROM billing_wallettransaction",
        "UPDATE billing_walletfunding SET amount_minor = 1",
        "DELETE FROM billing_walletfunding",
        "TRUNCATE billing_walletfunding",
    ],
)
def test_no_sql_changes_what_a_wallet_says(sql: str, owner_sql: Sql) -> None:
    customer_id = make_customer_id()
    grant(100, customer_id=customer_id)
    with pytest.raises(DatabaseError), transaction.atomic():
        owner_sql(sql)
    assert left(customer_id) == [100]


def written(wallet_id: Any, amount_minor: int, moved: list[tuple[WalletLot, int]], **known: Any) -> None:
    """A transaction without any of the rules of the code."""
    fields: dict[str, Any] = {
        "wallet_id": wallet_id, "kind": "burn", "amount_minor": amount_minor, "balance_minor": 0, "currency": "USD",
        "key": str(ids.new()), "created_at": AT,
    }  # fmt: skip
    row = WalletTransaction.objects.create(**fields | known)
    for lot, part in moved:
        WalletFunding.objects.create(transaction=row, lot=lot, amount_minor=part)


def refused(constraint: str, write: Callable[[], None]) -> None:
    with pytest.raises(IntegrityError) as failure, transaction.atomic():
        write()
        check_journals()
    assert failure.value.__cause__ is not None
    assert failure.value.__cause__.diag.constraint_name == constraint  # type: ignore[attr-defined]


def moved(lot: WalletLot, amount_minor: int) -> None:
    """The lot and its wallet as if it had been moved."""
    WalletLot.objects.filter(pk=lot.pk).update(left_minor=lot.left_minor + amount_minor)
    wallet = type(lot.wallet).objects.filter(pk=lot.wallet_id)
    wallet.update(balance_minor=lot.left_minor + amount_minor)


def test_a_transaction_that_is_not_funded_is_refused() -> None:
    lot = grant(100)
    refused("billing_wallet_amount_is_funded", lambda: written(lot.wallet_id, -50, []))

    def write() -> None:
        moved(lot, -40)
        written(lot.wallet_id, -50, [(lot, -40)])

    refused("billing_wallet_amount_is_funded", write)


def test_a_funding_that_the_lot_does_not_show_is_refused() -> None:
    lot = grant(100)
    refused("billing_wallet_left_is_funded", lambda: written(lot.wallet_id, -50, [(lot, -50)]))


def test_a_transaction_in_another_currency_is_refused() -> None:
    lot = grant(100)

    def write() -> None:
        moved(lot, -10)
        written(lot.wallet_id, -10, [(lot, -10)], currency="EUR")

    refused("billing_wallet_in_wallets_currency", write)


def test_a_lot_pays_for_its_own_wallet_only() -> None:
    lot, other = grant(100), grant(100)

    def write() -> None:
        moved(lot, -10)
        written(other.wallet_id, -10, [(lot, -10)])

    refused("billing_wallet_in_one_wallet", write)


def test_an_expired_lot_pays_nothing() -> None:
    lot = grant(100, expires_at=at(16))

    def write() -> None:
        moved(lot, -10)
        written(lot.wallet_id, -10, [(lot, -10)], created_at=at(16))

    refused("billing_wallet_in_time", write)


def test_a_lot_does_not_expire_in_its_time() -> None:
    lot = grant(100, expires_at=at(16))

    def write() -> None:
        moved(lot, -10)
        written(lot.wallet_id, -10, [(lot, -10)], kind="expiry")

    refused("billing_wallet_in_time", write)


def test_a_reversal_gives_back_exactly_what_was_taken() -> None:
    lot = grant(100)
    taken = debit(lot.wallet, 60)
    lot.refresh_from_db()

    def write() -> None:
        moved(lot, 50)
        written(lot.wallet_id, 50, [(lot, 50)], kind="reversal", reverses=taken)

    refused("billing_wallet_mirrors", write)
    assert services.reverse_debit(
        wallet_id=lot.wallet_id, transaction_id=taken.id, actor=SYSTEM, now=AT
    ).amount_minor == 60  # fmt: skip
    check_journals()
