"""Buying value for a wallet: an invoice, whose payment brings the value in."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts import internal as accounts
from billing.internal import _issue, _wallets_rows
from billing.internal._drafts import NewInvoice
from billing.lines import NewLine
from billing.models import Invoice, InvoiceLine, Wallet
from billing.selectors import InvoiceView
from billing.signals import WalletTopUpRequested
from core import errors, events
from core.actor import Actor


class WalletKeyReused(errors.Invalid):
    code = "wallet_key_reused"
    title = "The key has been used in this wallet for something else."


def request_top_up(
    wallet: Wallet, amount_minor: int, *, key: str, actor: Actor, now: datetime, is_automatic: bool = False
) -> InvoiceView:
    """Issue the invoice of a top-up in the caller's transaction and ask for its money, once per key.

    This function will return the invoice.

    :raises WalletKeyReused: if the key has asked for another amount.
    :raises accounts.models.CurrencyMismatch: if the customer is billed in another currency than the wallet's.
    """
    accounts.lock_customer(wallet.customer_id)
    is_first = not Invoice.objects.filter(key=key).exists()
    invoice = _issue.issue(_invoice_of(wallet, amount_minor, key), actor=actor, now=now)
    if invoice.total_minor != amount_minor:
        raise WalletKeyReused(amount_minor=invoice.total_minor)
    if is_first:
        said = WalletTopUpRequested(
            **_wallets_rows.envelope(wallet, actor, now), invoice=invoice.public_id, amount_minor=amount_minor,
            is_automatic=is_automatic,
        )  # fmt: skip
        events.publish(said)
    return invoice


@transaction.atomic
def top_up_if_low(wallet_id: UUID, *, actor: Actor, now: datetime) -> InvoiceView | None:
    """Buy the configured amount if what a wallet can pay is below its threshold and nothing bought waits for its money.

    This function will return the invoice, or None. A purchase whose payment failed is the one that waits: it is tried
    again with a new payment method, and no second one is made before it is paid or void.

    :raises core.errors.NotFound: if the environment has no such wallet.
    """
    wallet = Wallet.objects.filter(pk=wallet_id).first()
    if wallet is None:
        raise errors.NotFound
    accounts.lock_customer(wallet.customer_id)
    if wallet.top_up_minor is None or not _wallets_rows.is_low(wallet, now=now):
        return None
    bought = Invoice.objects.about(wallet.public_id).filter(kind=Invoice.Kind.TOP_UP)
    if bought.filter(state__in=(Invoice.State.DRAFT, Invoice.State.OPEN)).exists():
        return None
    key = f"auto_top_up:{wallet.public_id}:{bought.count() + 1}"
    return request_top_up(wallet, wallet.top_up_minor, key=key, actor=actor, now=now, is_automatic=True)


def _invoice_of(wallet: Wallet, amount_minor: int, key: str) -> NewInvoice:
    line = NewLine(
        description="Wallet top-up", quantity=Decimal(1), unit_amount=None, amount_minor=amount_minor,
        kind=InvoiceLine.Kind.TOP_UP,
    )  # fmt: skip
    return NewInvoice(
        customer_id=wallet.customer_id, currency=wallet.currency, kind=Invoice.Kind.TOP_UP, lines=[line],
        reference=wallet.public_id, key=key, collect=True,
    )  # fmt: skip
