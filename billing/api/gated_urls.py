"""Billing's routes behind feature flags, under /api/."""

from django.urls import URLPattern, URLResolver, path

from billing.api.gated_views import AdvancedAnalytics, NewFlow

urlpatterns: list[URLPattern | URLResolver] = [
    path("billing/new-flow", NewFlow.as_view({"get": "list"}), name="billing-new-flow"),
    path("analytics/advanced", AdvancedAnalytics.as_view({"get": "list"}), name="analytics-advanced"),
]
