"""Wallets for tests, made by the verbs that make them in the house."""

from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from billing import services
from billing.internal import _wallets
from billing.models import Wallet, WalletLot, WalletTransaction
from billing.selectors import InvoiceView
from billing.tests.factories import AT, make_customer_id
from core.actor import SYSTEM

_count = count(1)


def grant(amount_minor: int = 10000, **known: Any) -> WalletLot:
    """A lot of promotional value in USD, of a new customer unless one is named."""
    fields: dict[str, Any] = {
        "customer_id": known.get("customer_id") or make_customer_id(),
        "currency": "USD",
        "source": "promotion",
        "amount_minor": amount_minor,
        "key": f"grant-{next(_count)}",
        "now": AT,
        "actor": SYSTEM,
    }
    return _wallets.grant(**fields | known)


def wallet_of(customer_id: UUID, currency: str = "USD") -> Wallet:
    """A customer's wallet as it stands now."""
    return Wallet.objects.get(customer_id=customer_id, currency=currency)


def left(customer_id: UUID) -> list[int]:
    """What each lot of a customer has left, the oldest first."""
    lots = WalletLot.objects.filter(wallet__customer_id=customer_id).order_by("id")
    return list(lots.values_list("left_minor", flat=True))


def funded(row: WalletTransaction) -> dict[UUID, int]:
    """What a transaction moved, by lot."""
    return dict(row.fundings.values_list("lot_id", "amount_minor"))


def transactions(customer_id: UUID) -> list[tuple[str, int, int]]:
    """Kind, amount and balance after it of every transaction of a customer, the oldest first."""
    rows = WalletTransaction.objects.filter(wallet__customer_id=customer_id).order_by("id")
    return list(rows.values_list("kind", "amount_minor", "balance_minor"))


def at(day: int, hour: int = 12) -> datetime:
    """An instant of January 2026; `AT` is noon of the 15th."""
    return AT.replace(day=day, hour=hour)


def debit(wallet: Wallet, amount_minor: int, **known: Any) -> WalletTransaction:
    """Value taken from a wallet."""
    fields: dict[str, Any] = {"key": f"debit-{next(_count)}", "actor": SYSTEM, "now": AT}
    return services.debit_wallet(wallet_id=wallet.id, amount_minor=amount_minor, **fields | known)


def top_up(wallet: Wallet, amount_minor: int, **known: Any) -> InvoiceView:
    """Value sold for a wallet, not paid yet."""
    fields: dict[str, Any] = {"key": f"top-up-{next(_count)}", "actor": SYSTEM, "now": AT}
    return services.top_up_wallet(wallet_id=wallet.id, amount_minor=amount_minor, **fields | known)
