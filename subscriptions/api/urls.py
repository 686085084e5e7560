"""The routes of subscriptions."""

from core.http.routes import PUBLIC_ID, Router
from subscriptions.api import views

SUBSCRIPTION = PUBLIC_ID.format(prefix="sub")

router = Router()
router.register("subscriptions/me", views.OwnSubscriptions, basename="own-subscriptions")
router.register(
    rf"subscriptions/(?P<subscription>{SUBSCRIPTION})/events", views.SubscriptionEvents, basename="subscription-events"
)
router.register(
    rf"subscriptions/(?P<subscription>{SUBSCRIPTION})/addons", views.SubscriptionAddOns, basename="subscription-addons"
)
router.register("subscriptions", views.Subscriptions, basename="subscriptions")

urlpatterns = router.urls
