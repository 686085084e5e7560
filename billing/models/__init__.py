"""Invoices and what corrects and reduces them, stored value, documents, and the double-entry ledger."""

from billing.models._coupons import (
    Coupon,
    CouponArchived,
    CouponCurrencyMismatch,
    CouponExpired,
    CouponNotForPlan,
    CouponRedemption,
)
from billing.models._credit_notes import CreditNote, CreditNoteLine
from billing.models._documents import Document
from billing.models._dunning import DunningCase, DunningClosed, DunningPolicy, DunningStep
from billing.models._invoices import (
    Invoice,
    InvoiceNotDraft,
    InvoiceNotOpen,
    InvoiceQuerySet,
    RefundBeforePayment,
)
from billing.models._ledger import Account, Journal, Posting
from billing.models._lines import InvoiceDiscount, InvoiceLine, InvoiceTax
from billing.models._numbers import NumberCounter, NumberSeries
from billing.models._pending import PendingLine
from billing.models._settings import BillingSettings
from billing.models._taxes import TaxRate, TaxRateArchived
from billing.models._wallets import Wallet, WalletFunding, WalletLot, WalletTransaction

__all__ = [
    "Account",
    "BillingSettings",
    "Coupon",
    "CouponArchived",
    "CouponCurrencyMismatch",
    "CouponExpired",
    "CouponNotForPlan",
    "CouponRedemption",
    "CreditNote",
    "CreditNoteLine",
    "Document",
    "DunningCase",
    "DunningClosed",
    "DunningPolicy",
    "DunningStep",
    "Invoice",
    "InvoiceDiscount",
    "InvoiceLine",
    "InvoiceNotDraft",
    "InvoiceNotOpen",
    "InvoiceQuerySet",
    "InvoiceTax",
    "Journal",
    "NumberCounter",
    "NumberSeries",
    "PendingLine",
    "Posting",
    "RefundBeforePayment",
    "TaxRate",
    "TaxRateArchived",
    "Wallet",
    "WalletFunding",
    "WalletLot",
    "WalletTransaction",
]
