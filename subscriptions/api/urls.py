"""The routes of subscriptions."""

from django.urls import URLPattern, URLResolver, path

from core.http.routes import PUBLIC_ID, Router
from subscriptions.api import analytics, schedule_views, views
from subscriptions.api.own import OwnSubscriptions
from subscriptions.api.settings import SubscriptionSettingsPage

SUBSCRIPTION = PUBLIC_ID.format(prefix="sub")

router = Router()
router.register(
    rf"subscriptions/me/(?P<subscription>{SUBSCRIPTION})/schedule", schedule_views.OwnScheduledChanges,
    basename="own-subscription-schedule",
)  # fmt: skip
router.register("subscriptions/me", OwnSubscriptions, basename="own-subscriptions")
router.register(
    rf"subscriptions/(?P<subscription>{SUBSCRIPTION})/events", views.SubscriptionEvents, basename="subscription-events"
)
router.register(
    rf"subscriptions/(?P<subscription>{SUBSCRIPTION})/addons", views.SubscriptionAddOns, basename="subscription-addons"
)
router.register(
    rf"subscriptions/(?P<subscription>{SUBSCRIPTION})/schedule", schedule_views.ScheduledChanges,
    basename="subscription-schedule",
)  # fmt: skip
router.register("subscriptions", views.Subscriptions, basename="subscriptions")

urlpatterns: list[URLPattern | URLResolver] = [
    path("analytics/mrr", analytics.Mrr.as_view({"get": "list"}), name="analytics-mrr"),
    path("analytics/churn", analytics.Churn.as_view({"get": "list"}), name="analytics-churn"),
    path("analytics/cohorts", analytics.Cohorts.as_view({"get": "list"}), name="analytics-cohorts"),
    path("analytics/revenue", analytics.Revenue.as_view({"get": "list"}), name="analytics-revenue"),
    path("analytics/cash", analytics.Cash.as_view({"get": "list"}), name="analytics-cash"),
    path(
        "subscription-settings",
        SubscriptionSettingsPage.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="subscription-settings",
    ),
    *router.urls,
]
