"""Billing over HTTP."""

from billing.api.views._coupons import CouponRedemptions, Coupons
from billing.api.views._credit_notes import CreditNotes
from billing.api.views._dunning import Dunning, DunningPolicyPage, PlanDunningPolicies
from billing.api.views._invoices import Invoices, Payments
from billing.api.views._quotes import Quotes
from billing.api.views._settings import BillingSettingsPage
from billing.api.views._taxes import TaxRates
from billing.api.views._wallets import (
    Statements,
    Wallets,
    WalletTransactions,
)

__all__ = [
    "BillingSettingsPage",
    "CouponRedemptions",
    "Coupons",
    "CreditNotes",
    "Dunning",
    "DunningPolicyPage",
    "Invoices",
    "Payments",
    "PlanDunningPolicies",
    "Quotes",
    "Statements",
    "TaxRates",
    "WalletTransactions",
    "Wallets",
]
