"""Gathering what decides about a customer's invoice at an instant."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts import selectors as customers
from accounts.selectors import CustomerView
from billing.arithmetic import TaxBehavior
from billing.coupons import HeldCoupon
from billing.internal import _coupons, _settings, _taxes, _wallets
from billing.internal._compose import BillingTerms
from billing.internal._situation import Situation
from billing.models import BillingSettings, Invoice
from billing.taxation import TaxRules

# A gift is a voucher and taxed when it is used; value bought for a wallet is not sold yet. Neither is reduced.
PLAIN_KINDS = frozenset({Invoice.Kind.GIFT, Invoice.Kind.TOP_UP})


@dataclass(frozen=True, kw_only=True)
class Parties:
    """Who is billed, and how the environment bills."""

    customer: CustomerView
    settings: BillingSettings


def parties(customer_id: UUID) -> Parties:
    """This function will return a customer and the settings of the environment.

    :raises core.errors.NotFound: if the environment has no such customer.
    """
    return Parties(customer=customers.get_customer(customer_id), settings=_settings.current())


def gather(invoice: Invoice, seen: Situation, *, at: datetime) -> BillingTerms:
    """This function will return the terms of an invoice, with the coupons held for it and for its agreement.

    The row may be unsaved. What the customer has stored is used under lock, at finalization.
    """
    is_plain = invoice.kind in PLAIN_KINDS
    has_coupons = seen.has_coupons and not is_plain
    references = {invoice.reference, invoice.public_id} - {""}
    return BillingTerms(
        currency=invoice.currency,
        tax_behavior=TaxBehavior(invoice.tax_behavior),
        taxes=TaxRules() if is_plain else _taxes.rules_for(seen.customer, seen.settings, at, look=seen.has_taxes),
        coupons=_coupons.held_for(*references, currency=invoice.currency, at=at) if has_coupons else (),
        carries=bool(invoice.reference),
    )


def quoted(
    *, customer_id: UUID, currency: str, kind: str, at: datetime, coupons: tuple[HeldCoupon, ...] = (),
    carries: bool = False,
) -> BillingTerms:  # fmt: skip
    """This function will return the terms of an invoice that is only asked about, with what the customer has stored.

    :raises core.errors.NotFound: if the environment has no such customer.
    """
    known, is_plain = parties(customer_id), kind in PLAIN_KINDS
    stored = _wallets.NOTHING if kind == Invoice.Kind.TOP_UP else _wallets.usable(customer_id, currency, at)
    return BillingTerms(
        currency=currency,
        tax_behavior=TaxBehavior(known.settings.tax_behavior),
        taxes=TaxRules() if is_plain else _taxes.rules_for(known.customer, known.settings, at),
        coupons=() if is_plain else coupons,
        credit_minor=stored.credit_minor,
        wallet_minor=stored.wallet_minor,
        carries=carries,
    )
