"""Routes of the outbox: the event feed, and its health under `/api/` beside the versions."""

from core.http.routes import Router
from outbox.api.views import FeedViewSet, OutboxViewSet

router = Router()
router.register("events-feed", FeedViewSet, basename="events-feed")
urlpatterns = router.urls

_beside = Router()
_beside.register("outbox", OutboxViewSet, basename="outbox")
unversioned = _beside.urls
