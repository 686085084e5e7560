"""Many take from one wallet at the same time: it never goes below zero, and each key counts once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from billing import services
from billing.models import Invoice, Wallet, WalletTransaction
from billing.tests.factories import issue, make_customer_id
from billing.tests.wallets.builders import debit, grant, left, top_up, wallet_of
from core import invariants
from tests.session import Database

pytestmark = pytest.mark.slow

Scope = Callable[[], Any]
RULES = ("balance", "liability", "lots_funded", "lots_in_bounds", "transactions_booked", "transactions_funded")


def at_once(sandbox_scope: Scope, calls: Sequence[Callable[[], Any]], threads: int = 12) -> list[Any]:
    """The results of calls that start together, each in its own connection and transaction; a refusal is one."""
    barrier = Barrier(min(threads, len(calls)))

    def run(position: int, call: Callable[[], Any]) -> Any:
        try:
            if position < barrier.parties:
                barrier.wait()
            with sandbox_scope(), transaction.atomic():
                return call()
        except services.WalletInsufficient as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(run, *one) for one in enumerate(calls)]]


def arranged(sandbox_scope: Scope, amount_minor: int) -> tuple[Wallet, UUID]:
    with sandbox_scope(), transaction.atomic():
        customer_id = make_customer_id()
        return grant(amount_minor, customer_id=customer_id).wallet, customer_id


def healthy() -> None:
    assert {rule: invariants.broken(f"billing.wallet_{rule}") for rule in RULES} == {rule: [] for rule in RULES}


def test_of_two_debits_of_80_from_100_one_wins(committed: Database, sandbox_scope: Scope) -> None:
    wallet, customer_id = arranged(sandbox_scope, 100)
    results = at_once(sandbox_scope, [partial(debit, wallet, 80)] * 2)
    assert [one for one in results if isinstance(one, str)] == ["wallet_insufficient"]
    with sandbox_scope(), transaction.atomic():
        assert left(customer_id) == [20]
    healthy()


def test_of_20_debits_of_10_from_100_ten_win(committed: Database, sandbox_scope: Scope) -> None:
    wallet, customer_id = arranged(sandbox_scope, 100)
    results = at_once(sandbox_scope, [partial(debit, wallet, 10) for _ in range(20)])
    assert results.count("wallet_insufficient") == 10
    with sandbox_scope(), transaction.atomic():
        assert wallet_of(customer_id).balance_minor == 0
        balances = WalletTransaction.objects.filter(kind="burn").values_list("balance_minor", flat=True)
        assert sorted(balances) == list(range(0, 100, 10))
    healthy()


def test_a_debit_and_an_invoice_share_what_there_is(committed: Database, sandbox_scope: Scope) -> None:
    wallet, customer_id = arranged(sandbox_scope, 100)
    results = at_once(sandbox_scope, [partial(debit, wallet, 80), partial(issue, 100, customer_id=customer_id)])
    with sandbox_scope(), transaction.atomic():
        used = Invoice.objects.get().wallet_applied_minor
        assert used == (100 if "wallet_insufficient" in results else 20)
        assert left(customer_id) == [0]
    healthy()


def test_one_key_debits_once_however_many_ask(committed: Database, sandbox_scope: Scope) -> None:
    wallet, customer_id = arranged(sandbox_scope, 100)
    results = at_once(sandbox_scope, [partial(debit, wallet, 30, key="same")] * 16)
    assert len({row.id for row in results}) == 1
    with sandbox_scope(), transaction.atomic():
        assert left(customer_id) == [70]
    healthy()


def test_one_key_buys_once_however_many_ask(committed: Database, sandbox_scope: Scope) -> None:
    wallet, _ = arranged(sandbox_scope, 100)
    results = at_once(sandbox_scope, [partial(top_up, wallet, 3000, key="same")] * 8)
    assert len({invoice.id for invoice in results}) == 1
    with sandbox_scope(), transaction.atomic():
        assert Invoice.objects.count() == 1
    healthy()


def test_a_wallet_opened_by_many_grants_is_one(committed: Database, sandbox_scope: Scope) -> None:
    with sandbox_scope(), transaction.atomic():
        customer_id = make_customer_id()
    at_once(sandbox_scope, [partial(grant, 10, customer_id=customer_id) for _ in range(12)])
    with sandbox_scope(), transaction.atomic():
        assert wallet_of(customer_id).balance_minor == 120
    healthy()
