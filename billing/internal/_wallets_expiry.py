"""Value that nobody used in time."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import postings
from billing.internal import _ledger, _wallets_rows
from billing.internal._wallets_rows import Movement
from billing.models import Wallet, WalletLot, WalletTransaction
from billing.signals import WalletExpired
from core import events
from core.actor import Actor


@transaction.atomic
def expire_lot(lot_id: UUID, *, actor: Actor, now: datetime) -> WalletTransaction | None:
    """This function will take what a lot has left when its time is over, and book it; None if it is not, or empty."""
    found = WalletLot.objects.filter(pk=lot_id).first()
    if found is None:
        return None
    wallet = _wallets_rows.locked(found.wallet_id)
    row = expire_if_over(wallet, WalletLot.objects.get(pk=lot_id), actor=actor, now=now)
    if row is not None:
        _wallets_rows.say_if_low(wallet, actor=actor, now=now)
    return row


def expire_if_over(wallet: Wallet, lot: WalletLot, *, actor: Actor, now: datetime) -> WalletTransaction | None:
    """This function will do so with a lot of a locked wallet that was read under its lock."""
    if not lot.left_minor or lot.expires_at is None or lot.expires_at > now:
        return None
    amount_minor = lot.left_minor
    kind = WalletTransaction.Kind.EXPIRY
    before = WalletTransaction.objects.filter(wallet=wallet, kind=kind, fundings__lot=lot).count()
    movement = Movement(
        kind=kind, key=f"expiry:{lot.public_id}:{before + 1}", now=now, description=lot.description
    )  # value that is given back too late expires a second time
    row = _wallets_rows.write(wallet, movement, [(lot, -amount_minor)])
    entries = postings.wallet_expiry(amount_minor=amount_minor, is_promotional=lot.is_promotional)
    _ledger.post(_wallets_rows.booking(wallet, row, "wallet_expiry", at=now), entries)
    events.publish(
        WalletExpired(
            **_wallets_rows.envelope(wallet, actor, now), transaction=row.public_id, lot=lot.public_id,
            amount_minor=amount_minor, balance_minor=row.balance_minor,
        )
    )  # fmt: skip
    return row
