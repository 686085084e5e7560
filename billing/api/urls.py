"""Billing's routes under /api/v1/."""

from django.urls import URLPattern, URLResolver, path, re_path

from billing.api import gated_urls
from billing.api.views import (
    BillingSettingsPage,
    CouponRedemptions,
    Coupons,
    CreditNotes,
    Dunning,
    DunningPolicyPage,
    Invoices,
    Payments,
    PlanDunningPolicies,
    Quotes,
    Statements,
    TaxRates,
    Wallets,
    WalletTransactions,
)
from core.http.routes import PUBLIC_ID, Router

WALLET = PUBLIC_ID.format(prefix="wal")
PLAN = PUBLIC_ID.format(prefix="pln")
COUPON = PUBLIC_ID.format(prefix="cpn")

router = Router()
router.register(rf"coupons/(?P<coupon>{COUPON})/redemptions", CouponRedemptions, basename="coupon-redemptions")
router.register("coupons", Coupons, basename="coupon")
router.register("tax-rates", TaxRates, basename="tax-rate")
router.register(rf"wallets/(?P<wallet>{WALLET})/transactions", WalletTransactions, basename="wallet-transactions")
router.register("wallets", Wallets, basename="wallet")
router.register("credit-notes", CreditNotes, basename="credit-note")
router.register("dunning", Dunning, basename="dunning")
router.register("invoices", Invoices, basename="invoice")

urlpatterns: list[URLPattern | URLResolver] = [
    path("payments/process", Payments.as_view({"post": "create"}), name="payment-process"),
    path("statements", Statements.as_view({"get": "retrieve"}), name="statements"),
    path("quotes", Quotes.as_view({"post": "create"}), name="quotes"),
    path(
        "billing-settings",
        BillingSettingsPage.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="billing-settings",
    ),
    path(
        "dunning-policy",
        DunningPolicyPage.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="dunning-policy",
    ),
    re_path(
        rf"^dunning-policies/(?P<pk>{PLAN})\Z",
        PlanDunningPolicies.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="dunning-policy-of-plan",
    ),
    *router.urls,
]

# Under /api/ and not under its version: each stands behind a feature flag.
unversioned = gated_urls.urlpatterns
