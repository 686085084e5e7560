"""Payments' routes under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from core.http.routes import Router
from payments.api.views import PaymentHistory, PaymentMethods, Payments
from payments.api.webhooks import PaymentWebhook

router = Router()
router.register("payments", Payments, basename="payment")
router.register("payment-methods", PaymentMethods, basename="payment-method")

urlpatterns: list[URLPattern | URLResolver] = [
    path("payments/history", PaymentHistory.as_view({"get": "list"}), name="payment-history"),
    path("webhooks/payment", PaymentWebhook.as_view(), name="payment-webhook"),
    *router.urls,
]
