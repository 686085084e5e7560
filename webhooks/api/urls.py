"""Routes of webhook endpoints and of what was sent to them."""

from core.http.routes import PUBLIC_ID, Router
from webhooks.api.views import DeliveryViewSet, EndpointViewSet

ENDPOINT = f"(?P<endpoint>{PUBLIC_ID.format(prefix='whe')})"

router = Router()
router.register("webhook-endpoints", EndpointViewSet, basename="webhook-endpoints")
router.register(f"webhook-endpoints/{ENDPOINT}/deliveries", DeliveryViewSet, basename="webhook-deliveries")
urlpatterns = router.urls
