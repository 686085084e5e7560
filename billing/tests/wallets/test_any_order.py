"""Whatever happens to a wallet and in whatever order: the rules hold, and nothing is lost or made up."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from billing import internal, services
from billing.models import Invoice, WalletLot, WalletTransaction
from billing.tests.balance import balances, check_journals
from billing.tests.factories import AT, issue, make_customer_id, settle
from billing.tests.wallets.builders import debit, grant, top_up, wallet_of
from core import invariants
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db

STEPS = 60
RULES = [one.code for one in invariants.rules() if one.code.startswith(("billing.wallet", "billing.accounts"))]


def _grant(chance: Random, customer_id: UUID, now: datetime) -> None:
    ends = now + timedelta(days=chance.randint(1, 9)) if chance.random() < 0.5 else None
    amount, first = chance.randint(1, 500), chance.randint(0, 3)
    grant(amount, customer_id=customer_id, now=now, expires_at=ends, priority=first)


def _debit(chance: Random, customer_id: UUID, now: datetime) -> None:
    with suppress(services.WalletInsufficient):
        debit(wallet_of(customer_id), chance.randint(1, 400), now=now)


def _reverse(chance: Random, customer_id: UUID, now: datetime) -> None:
    debits = WalletTransaction.objects.filter(kind="burn", invoice=None, reversals=None).order_by("id")
    if debits:
        row = chance.choice(list(debits))
        services.reverse_debit(wallet_id=row.wallet_id, transaction_id=row.id, actor=SYSTEM, now=now)


def _issue(chance: Random, customer_id: UUID, now: datetime) -> None:
    issue(chance.randint(1, 600), customer_id=customer_id, now=now)


def _void(chance: Random, customer_id: UUID, now: datetime) -> None:
    waiting = Invoice.objects.open().of(customer_id).filter(paid_minor=0).order_by("id")
    if waiting:
        internal.void(chance.choice(list(waiting)).id, reason="Mistake", actor=SYSTEM, now=now)


def _top_up(chance: Random, customer_id: UUID, now: datetime) -> None:
    bought = top_up(wallet_of(customer_id), chance.randint(1, 300), now=now)
    if chance.random() < 0.7:
        settle(bought, bought.due_minor + chance.choice([0, 0, 25]), now=now)


def _expire(chance: Random, customer_id: UUID, now: datetime) -> None:
    for lot_id in WalletLot.objects.expiring().filter(expires_at__lte=now).values_list("id", flat=True):
        internal.expire_lot(lot_id, actor=SYSTEM, now=now)


DEEDS: list[Callable[[Random, UUID, datetime], None]] = [
    _grant, _debit, _debit, _reverse, _issue, _void, _top_up, _expire,
]  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_rules_hold_whatever_happens(seed: int) -> None:
    chance, customer_id, now = Random(seed), make_customer_id(), AT
    grant(1000, customer_id=customer_id)
    for _ in range(STEPS):
        now += timedelta(hours=chance.randint(0, 12))
        chance.choice(DEEDS)(chance, customer_id, now)
    check_journals()
    assert {rule: found for rule in RULES if (found := invariants.broken(rule))} == {}
    assert sum(balances().values()) == 0
    assert WalletTransaction.objects.count() > STEPS // 3
