"""What somebody may ask for about wallets."""

from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts import internal as accounts
from billing import postings
from billing.internal import _ledger, _wallets, _wallets_rows, _wallets_top_up
from billing.internal._wallets_rows import Movement
from billing.internal._wallets_top_up import WalletKeyReused
from billing.models import Wallet, WalletLot, WalletTransaction
from billing.selectors import InvoiceView
from billing.signals import WalletAutoTopUpConfigured
from core import errors, events, money, problems
from core.actor import Actor

# Far beyond any wallet, and low enough that sums of many still fit the column.
MOST_MINOR: Final = 10**15
LAST_PRIORITY: Final = 1000
_LONGEST_KEY: Final = 120


class WalletExists(errors.Conflict):
    code = "wallet_exists"
    title = "The customer has a wallet in this currency already."


class WalletCurrencyMismatch(errors.Conflict):
    code = "wallet_currency_mismatch"
    title = "The customer is billed in another currency."


class WalletAmountInvalid(errors.Invalid):
    code = "wallet_amount_invalid"
    title = "An amount is above zero, and not beyond any sense."


class WalletGrantInvalid(errors.Invalid):
    code = "wallet_grant_invalid"
    title = "A grant expires in the future and after it becomes effective, and its priority is from 0 to 1000."


class WalletInsufficient(errors.Conflict):
    code = "wallet_insufficient"
    title = "The wallet cannot pay that much."


class WalletTransactionNotReversible(errors.Conflict):
    code = "wallet_transaction_not_reversible"
    title = "Only a debit can be reversed; what an invoice used comes back when the invoice is voided."


class WalletTransactionReversed(errors.Conflict):
    code = "wallet_transaction_reversed"
    title = "The debit has been reversed already."


class AutoTopUpInvalid(errors.Invalid):
    code = "auto_top_up_invalid"
    title = "A threshold from zero up and an amount above zero are needed, or neither."


problems.constraint("billing_wallet_once", WalletExists)
problems.constraint("billing_wallettransaction_reversed_once", WalletTransactionReversed)


@transaction.atomic
def create_wallet(*, customer_id: UUID, currency: str, actor: Actor, now: datetime) -> Wallet:
    """Open a wallet for a customer in a currency (ISO 4217). Value that comes in opens it, too.

    This function will return the empty wallet.

    :raises core.errors.NotFound: if the environment has no such customer.
    :raises core.money.UnknownCurrency: if the currency is none.
    :raises WalletCurrencyMismatch: if he is billed in another.
    :raises WalletExists: if he has one.
    """
    money.exponent(currency)
    customer = accounts.lock_customer(customer_id)
    if customer.currency not in (None, currency):
        raise WalletCurrencyMismatch(customer_currency=customer.currency, currency=currency)
    found = _wallets_rows.locked_of(customer_id, currency)
    if found is not None:
        raise WalletExists(wallet=found.public_id)
    return _wallets_rows.opened(customer_id, currency, actor=actor, now=now)


@transaction.atomic
def top_up_wallet(*, wallet_id: UUID, amount_minor: int, key: str, actor: Actor, now: datetime) -> InvoiceView:
    """Sell a customer value for his wallet: an invoice without taxes, collected from his default payment method.

    This function will return the invoice; the value comes in when it is paid. `key` is unique in the wallet: asked
    again, the first invoice is returned.

    :raises core.errors.NotFound: if the environment has no such wallet.
    :raises WalletAmountInvalid: for an amount that is none.
    :raises WalletKeyReused: if the key has asked for another amount.
    :raises accounts.models.CurrencyMismatch: if the customer is billed in another currency.
    """
    _check_amount(amount_minor)
    wallet = Wallet.objects.filter(pk=wallet_id).first()
    if wallet is None:
        raise errors.NotFound
    full_key = _named(f"top_up:{wallet.public_id}", key)
    return _wallets_top_up.request_top_up(wallet, amount_minor, key=full_key, actor=actor, now=now)


@transaction.atomic
def grant_promotion(
    *,
    wallet_id: UUID,
    amount_minor: int,
    key: str,
    actor: Actor,
    now: datetime,
    priority: int = 50,
    expires_at: datetime | None = None,
    effective_at: datetime | None = None,
    description: str = "",
) -> WalletLot:
    """Give a customer value for nothing, from `effective_at` (or now) until `expires_at` (or for ever).

    This function will return the lot; asked again with the same key, the first one.

    :raises core.errors.NotFound: if the environment has no such wallet.
    :raises WalletAmountInvalid: for an amount that is none.
    :raises WalletGrantInvalid: if it expires before it can be used, or its priority is none.
    :raises WalletKeyReused: if the key has given another amount.
    """
    _check_amount(amount_minor)
    if not 0 <= priority <= LAST_PRIORITY or (expires_at is not None and expires_at <= max(now, effective_at or now)):
        raise WalletGrantInvalid
    wallet = _wallets_rows.locked(wallet_id)
    lot = _wallets.grant(
        customer_id=wallet.customer_id, currency=wallet.currency, source=WalletLot.Source.PROMOTION,
        amount_minor=amount_minor, key=_named("promotion", key), priority=priority, expires_at=expires_at,
        effective_at=effective_at, description=description, actor=actor, now=now,
    )  # fmt: skip
    if lot.amount_minor != amount_minor:
        raise WalletKeyReused(amount_minor=lot.amount_minor)
    return lot


@transaction.atomic
def debit_wallet(
    *, wallet_id: UUID, amount_minor: int, key: str, actor: Actor, now: datetime, description: str = ""
) -> WalletTransaction:
    """Take value from a wallet without an invoice; it is earned at once. All or nothing, and never below zero.

    This function will return the transaction; asked again with the same key, the first one.

    :raises core.errors.NotFound: if the environment has no such wallet.
    :raises WalletAmountInvalid: for an amount that is none.
    :raises WalletKeyReused: if the key has taken another amount.
    :raises WalletInsufficient: if less can be used at `now`.
    """
    _check_amount(amount_minor)
    wallet = _wallets_rows.locked(wallet_id)
    full_key = _named("debit", key)
    known = _wallets_rows.transaction_of(wallet, full_key)
    if known is not None:
        return _same(known, amount_minor)
    movement = Movement(kind=WalletTransaction.Kind.BURN, key=full_key, now=now, description=description)
    row = _burned(wallet, amount_minor, movement, actor)
    head = _wallets_rows.booking(wallet, row, "wallet_debit", at=now)
    _ledger.post(head, postings.wallet_debit(amount_minor=amount_minor))
    _wallets_rows.say_if_low(wallet, actor=actor, now=now)
    return row


@transaction.atomic
def reverse_debit(
    *, wallet_id: UUID, transaction_id: UUID, actor: Actor, now: datetime, description: str = ""
) -> WalletTransaction:
    """Take a debit back: its value returns to the very lots it came from, and its journal is mirrored. Once.

    This function will return the reversal. What returns to a lot that is over by now expires at once.

    :raises core.errors.NotFound: if the environment has no such wallet, or the wallet no such transaction.
    :raises WalletTransactionNotReversible: if it is no debit.
    :raises WalletTransactionReversed: if it has been taken back.
    """
    wallet = _wallets_rows.locked(wallet_id)
    debit = WalletTransaction.objects.filter(wallet=wallet, pk=transaction_id).first()
    if debit is None:
        raise errors.NotFound
    if debit.kind != WalletTransaction.Kind.BURN or debit.invoice_id is not None:
        raise WalletTransactionNotReversible(kind=debit.kind)
    if debit.reversals.exists():
        raise WalletTransactionReversed
    row = _wallets.give_back(wallet, debit, actor=actor, now=now, description=description)
    head = _wallets_rows.booking(wallet, row, "wallet_reversal", at=now)
    _ledger.post(head, postings.reversal(_ledger.entries_of(f"wallet:{debit.public_id}")))
    return row


@transaction.atomic
def configure_auto_top_up(
    *, wallet_id: UUID, below_minor: int | None, amount_minor: int | None, actor: Actor, now: datetime
) -> Wallet:
    """Have so much bought whenever less than a threshold can be used; neither switches it off.

    This function will return the wallet. One that is below its threshold already is topped up now.

    :raises core.errors.NotFound: if the environment has no such wallet.
    :raises AutoTopUpInvalid: if one of them is missing or out of bounds.
    """
    if (below_minor is None) != (amount_minor is None):
        raise AutoTopUpInvalid
    if not 0 <= (below_minor or 0) <= MOST_MINOR or not 0 < (1 if amount_minor is None else amount_minor) <= MOST_MINOR:
        raise AutoTopUpInvalid
    wallet = _wallets_rows.locked(wallet_id)
    if (wallet.top_up_below_minor, wallet.top_up_minor) == (below_minor, amount_minor):
        return wallet
    wallet.top_up_below_minor, wallet.top_up_minor = below_minor, amount_minor
    wallet.save(update_fields=["top_up_below_minor", "top_up_minor"])
    events.publish(
        WalletAutoTopUpConfigured(
            **_wallets_rows.envelope(wallet, actor, now), below_minor=below_minor, amount_minor=amount_minor
        )
    )
    _wallets_rows.say_if_low(wallet, actor=actor, now=now)
    return wallet


def _check_amount(amount_minor: int) -> None:
    if not 0 < amount_minor <= MOST_MINOR:
        raise WalletAmountInvalid(amount_minor=amount_minor)


def _burned(wallet: Wallet, amount_minor: int, movement: Movement, actor: Actor) -> WalletTransaction:
    lots = list(WalletLot.objects.filter(wallet=wallet).usable(at=movement.now))
    usable_minor = sum(lot.left_minor for lot in lots)
    if usable_minor < amount_minor:
        raise WalletInsufficient(
            balance_minor=wallet.balance_minor, usable_minor=usable_minor, currency=wallet.currency
        )
    return _wallets_rows.burn(wallet, lots, amount_minor, movement, actor=actor)


def _same(known: WalletTransaction, amount_minor: int) -> WalletTransaction:
    if known.amount_minor != -amount_minor:
        raise WalletKeyReused(amount_minor=-known.amount_minor)
    return known


def _named(kind: str, key: str) -> str:
    """A caller's key among those of the house; a long one by its digest."""
    return f"{kind}:{key if len(key) <= _LONGEST_KEY else sha256(key.encode()).hexdigest()}"
