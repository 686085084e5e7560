"""Writing what moves a wallet: the transaction, the lots that fund it, and the balance, under the wallet's lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from billing import burning, selectors
from billing.internal import _ledger
from billing.models import Invoice, Wallet, WalletFunding, WalletLot, WalletTransaction
from billing.signals import WalletBurned, WalletCreated, WalletLow, WalletReversed
from core import events, ids
from core.actor import Actor
from core.errors import NotFound

Moved = Sequence[tuple[WalletLot, int]]


@dataclass(frozen=True, kw_only=True)
class Movement:
    """What a transaction says beside its lots. `key` makes it the only one of the wallet."""

    kind: str
    key: str
    now: datetime
    invoice: Invoice | None = None
    reverses: WalletTransaction | None = None
    description: str = ""


def locked(wallet_id: UUID) -> Wallet:
    """This function will lock a wallet until the transaction ends.

    :raises core.errors.NotFound: if the environment has no such wallet.
    """
    row = Wallet.objects.select_for_update().filter(pk=wallet_id).first()
    if row is None:
        raise NotFound
    return row


def locked_of(customer_id: UUID, currency: str) -> Wallet | None:
    """This function will lock a customer's wallet of a currency, if he has one."""
    return Wallet.objects.of(customer_id).filter(currency=currency).select_for_update().first()


def opened(customer_id: UUID, currency: str, *, actor: Actor, now: datetime) -> Wallet:
    """This function will lock a customer's wallet of a currency, and open it first where he has none."""
    found = locked_of(customer_id, currency)
    if found is not None:
        return found
    new = Wallet(customer_id=customer_id, currency=currency, created_at=now)
    # Two transactions may open one wallet at the same time; whoever comes second waits and finds the first one's.
    Wallet.objects.bulk_create([new], ignore_conflicts=True)
    wallet = Wallet.objects.of(customer_id).select_for_update().get(currency=currency)
    if wallet.id == new.id:
        about = WalletCreated(subject=new.public_id, actor=actor.label, at=now, customer=_cus(new), currency=currency)
        events.publish(about)
    return wallet


def transaction_of(wallet: Wallet, key: str) -> WalletTransaction | None:
    """This function will return the transaction that a key has made in a locked wallet."""
    return WalletTransaction.objects.filter(wallet=wallet, key=key).first()


def write(wallet: Wallet, movement: Movement, moved: Moved) -> WalletTransaction:
    """This function will move lots of a locked wallet and write down what it moved, in a constant number of queries."""
    if not moved:
        raise ValueError(f"{movement.key} moves nothing")
    for lot, amount in moved:
        lot.left_minor += amount
    wallet.balance_minor += sum(amount for _, amount in moved)
    WalletLot.objects.bulk_update([lot for lot, _ in moved], ["left_minor"])
    wallet.save(update_fields=["balance_minor"])
    row = WalletTransaction.objects.create(
        wallet=wallet, kind=movement.kind, amount_minor=sum(amount for _, amount in moved),
        balance_minor=wallet.balance_minor, currency=wallet.currency, key=movement.key, invoice=movement.invoice,
        reverses=movement.reverses, description=movement.description, created_at=movement.now,
    )  # fmt: skip
    WalletFunding.objects.bulk_create(
        WalletFunding(transaction=row, lot=lot, amount_minor=amount) for lot, amount in moved
    )
    return row


def burn(
    wallet: Wallet, lots: Sequence[WalletLot], amount_minor: int, movement: Movement, *, actor: Actor
) -> WalletTransaction:
    """This function will take an amount from lots of a locked wallet, in their order, as far as they reach.

    :raises ValueError: if there is nothing to take.
    """
    by_id = {str(lot.id): lot for lot in lots}
    taken = burning.burn([as_lot(lot) for lot in lots], amount_minor, at=movement.now)
    row = write(wallet, movement, [(by_id[lot_id], -amount) for lot_id, amount in taken.funded])
    events.publish(
        WalletBurned(
            **envelope(wallet, actor, movement.now), transaction=row.public_id, invoice=_inv(movement.invoice),
            amount_minor=-row.amount_minor, balance_minor=row.balance_minor,
        )
    )  # fmt: skip
    return row


def reverse(
    wallet: Wallet, transaction: WalletTransaction, *, actor: Actor, now: datetime, description: str = ""
) -> tuple[WalletTransaction, list[WalletLot]]:
    """This function will put back what a transaction of a locked wallet took, and return the lots it was taken from."""
    movement = Movement(
        kind=WalletTransaction.Kind.REVERSAL, key=f"reversal:{transaction.public_id}", now=now,
        invoice=transaction.invoice, reverses=transaction, description=description,
    )  # fmt: skip
    moved = [(one.lot, -one.amount_minor) for one in transaction.fundings.select_related("lot").order_by("id")]
    row = write(wallet, movement, moved)
    events.publish(
        WalletReversed(
            **envelope(wallet, actor, now), transaction=row.public_id, reverses=transaction.public_id,
            invoice=_inv(transaction.invoice), amount_minor=row.amount_minor, balance_minor=row.balance_minor,
        )
    )  # fmt: skip
    return row, [lot for lot, _ in moved]


def is_low(wallet: Wallet, *, now: datetime) -> bool:
    """This function will tell whether a wallet has a threshold and less than that to pay with."""
    return _missing_usable(wallet, now) is not None


def say_if_low(wallet: Wallet, *, actor: Actor, now: datetime) -> None:
    """This function will say so, if a locked wallet is below its threshold."""
    usable_minor = _missing_usable(wallet, now)
    if usable_minor is not None:
        below = wallet.top_up_below_minor or 0
        events.publish(WalletLow(**envelope(wallet, actor, now), usable_minor=usable_minor, below_minor=below))


def booking(wallet: Wallet, row: WalletTransaction, kind: str, *, at: datetime) -> _ledger.Booking:
    """This function will return the head of the journal of a wallet's transaction."""
    return _ledger.Booking(
        reference=f"wallet:{row.public_id}", kind=kind, currency=wallet.currency, at=at, subject_id=row.id
    )


def envelope(wallet: Wallet, actor: Actor, now: datetime) -> dict[str, Any]:
    """This function will return the members that every fact of a wallet has."""
    return {
        "subject": wallet.public_id, "actor": actor.label, "at": now, "customer": _cus(wallet),
        "currency": wallet.currency,
    }  # fmt: skip


def as_lot(row: WalletLot) -> burning.Lot:
    """This function will return what a lot has left as the burning rules know it."""
    return burning.Lot(
        id=str(row.id), amount_minor=row.left_minor, effective_at=row.effective_at, priority=row.priority,
        expires_at=row.expires_at, is_promotional=row.is_promotional,
    )  # fmt: skip


def _missing_usable(wallet: Wallet, now: datetime) -> int | None:
    """What can be used where that is too little, else None."""
    if wallet.top_up_below_minor is None:
        return None
    usable_minor = selectors.get_usable(wallet.customer_id, wallet.currency, at=now).total_minor
    return usable_minor if usable_minor < wallet.top_up_below_minor else None


def _cus(wallet: Wallet) -> str:
    return ids.encode("cus", wallet.customer_id)


def _inv(invoice: Invoice | None) -> str | None:
    return invoice.public_id if invoice else None
