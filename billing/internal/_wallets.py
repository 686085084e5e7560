"""Stored value: what comes into a wallet, and what invoices take from it and give back."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import postings, selectors
from billing.internal import _ledger, _wallets_expiry, _wallets_rows
from billing.internal._wallets_rows import Movement
from billing.models import CreditNote, Invoice, Wallet, WalletLot, WalletTransaction
from billing.selectors import StoredValue
from billing.signals import WalletGranted
from core import events
from core.actor import Actor

usable = selectors.get_usable

NOTHING = StoredValue(credit_minor=0, wallet_minor=0)


def pay_invoice(invoice: Invoice, *, now: datetime, actor: Actor) -> StoredValue:
    """Use stored value for an invoice's total, in the caller's transaction: first credit notes, then all other lots.

    This function will lock the wallet and return what was used of each. The invoice and the books are the caller's.
    """
    wallet = _wallets_rows.locked_of(invoice.customer_id, invoice.currency) if invoice.total_minor else None
    if wallet is None or not wallet.balance_minor:
        return NOTHING
    lots = list(WalletLot.objects.filter(wallet=wallet).usable(at=now))
    noted = [lot for lot in lots if lot.source == WalletLot.Source.CREDIT_NOTE]
    others = [lot for lot in lots if lot.source != WalletLot.Source.CREDIT_NOTE]
    head = Movement(
        kind=WalletTransaction.Kind.BURN, key=credit_key(invoice), now=now, invoice=invoice,
        description=f"Invoice {invoice}",
    )  # fmt: skip
    credit = _take(wallet, noted, invoice.total_minor, head, actor)
    head = replace(head, key=wallet_key(invoice))
    rest = _take(wallet, others, invoice.total_minor - credit, head, actor)
    if credit or rest:
        _wallets_rows.say_if_low(wallet, actor=actor, now=now)
    return StoredValue(credit_minor=credit, wallet_minor=rest)


def restore_invoice(invoice: Invoice, *, now: datetime, actor: Actor) -> StoredValue:
    """Put back what an invoice used of a wallet, into the very lots, in the caller's transaction; once.

    This function will return what was put back of each.
    """
    if not invoice.credit_applied_minor and not invoice.wallet_applied_minor:
        return NOTHING
    wallet = _wallets_rows.opened(invoice.customer_id, invoice.currency, actor=actor, now=now)
    burns = WalletTransaction.objects.filter(wallet=wallet, invoice=invoice, kind=WalletTransaction.Kind.BURN)
    back = {credit_key(invoice): 0, wallet_key(invoice): 0}
    for burn in burns.filter(reversals=None).order_by("id"):
        row = give_back(wallet, burn, actor=actor, now=now, description=f"Invoice {invoice} void")
        back[burn.key] = row.amount_minor
    return StoredValue(credit_minor=back[credit_key(invoice)], wallet_minor=back[wallet_key(invoice)])


def give_back(
    wallet: Wallet, burn: WalletTransaction, *, actor: Actor, now: datetime, description: str
) -> WalletTransaction:
    """This function will put back what a burn of a locked wallet took; what comes back too late expires at once."""
    row, lots = _wallets_rows.reverse(wallet, burn, actor=actor, now=now, description=description)
    for lot in lots:
        _wallets_expiry.expire_if_over(wallet, lot, actor=actor, now=now)
    return row


@transaction.atomic
def grant(
    *,
    customer_id: UUID,
    currency: str,
    source: str,
    amount_minor: int,
    key: str,
    now: datetime,
    actor: Actor,
    priority: int = 50,
    expires_at: datetime | None = None,
    effective_at: datetime | None = None,
    invoice: Invoice | None = None,
    credit_note: CreditNote | None = None,
    description: str = "",
) -> WalletLot:
    """Put value into a customer's wallet as a lot; lower priorities pay first.

    This function will return the lot of `key` if there is one already. A promotion is booked here; what is backed by
    money is booked with the payment or the credit note it came from.

    :raises ValueError: for an amount that is not above zero.
    """
    if amount_minor <= 0:
        raise ValueError(f"a lot of {amount_minor} is none")
    wallet = _wallets_rows.opened(customer_id, currency, actor=actor, now=now)
    known = _wallets_rows.transaction_of(wallet, key)
    if known is not None:
        return known.fundings.select_related("lot").get().lot
    lot = WalletLot.objects.create(
        wallet=wallet, source=WalletLot.Source(source), is_promotional=source == WalletLot.Source.PROMOTION,
        priority=priority, amount_minor=amount_minor, left_minor=0, effective_at=effective_at or now,
        expires_at=expires_at, invoice=invoice, credit_note=credit_note, description=description, created_at=now,
    )  # fmt: skip
    kind = WalletTransaction.Kind.GRANT
    movement = Movement(kind=kind, key=key, now=now, invoice=invoice, description=description)
    row = _wallets_rows.write(wallet, movement, [(lot, amount_minor)])
    if lot.is_promotional:
        head = _wallets_rows.booking(wallet, row, "promotion", at=now)
        _ledger.post(head, postings.promotion(amount_minor=amount_minor))
    _say_granted(wallet, lot, row, actor=actor, now=now)
    return lot


def grant_top_up(invoice: Invoice, *, now: datetime, actor: Actor) -> WalletLot | None:
    """Give what a paid top-up sold, in the caller's transaction; once.

    This function will return the lot; None if credit notes have taken everything back.
    """
    amount_minor = invoice.total_minor - invoice.tax_minor - invoice.credited_minor
    if not amount_minor:
        return None
    return grant(
        customer_id=invoice.customer_id, currency=invoice.currency, source=WalletLot.Source.TOP_UP,
        amount_minor=amount_minor, key=f"top_up:{invoice.public_id}", invoice=invoice,
        description=f"Top-up {invoice}", now=now, actor=actor,
    )  # fmt: skip


def credit_key(invoice: Invoice) -> str:
    """This function will return the key of what an invoice takes from credit notes."""
    return f"invoice:{invoice.public_id}:credit"


def wallet_key(invoice: Invoice) -> str:
    """This function will return the key of what an invoice takes from all other lots."""
    return f"invoice:{invoice.public_id}:wallet"


def _take(wallet: Wallet, lots: list[WalletLot], wanted_minor: int, head: Movement, actor: Actor) -> int:
    """As much as is wanted and there, and how much that was."""
    if not lots or not wanted_minor:
        return 0
    return -_wallets_rows.burn(wallet, lots, wanted_minor, head, actor=actor).amount_minor


def _say_granted(wallet: Wallet, lot: WalletLot, row: WalletTransaction, *, actor: Actor, now: datetime) -> None:
    events.publish(
        WalletGranted(
            **_wallets_rows.envelope(wallet, actor, now), transaction=row.public_id, lot=lot.public_id,
            source=lot.source, invoice=lot.invoice.public_id if lot.invoice else None, amount_minor=lot.amount_minor,
            balance_minor=row.balance_minor, expires_at=lot.expires_at,
        )
    )  # fmt: skip
