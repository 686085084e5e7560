"""Billing's routes under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from billing.api import gated_urls
from billing.api.views import Invoices, Payments
from core.http.routes import Router

router = Router()
router.register("invoices", Invoices, basename="invoice")

urlpatterns: list[URLPattern | URLResolver] = [
    path("payments/process", Payments.as_view({"post": "create"}), name="payment-process"),
    *router.urls,
]

# Under /api/ and not under its version: each stands behind a feature flag.
unversioned = gated_urls.urlpatterns
