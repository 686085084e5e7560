"""Routes of gifts."""

from core.http.routes import Router
from gifts.api.views import GiftViewSet

router = Router()
router.register("gifts", GiftViewSet, basename="gifts")
urlpatterns = router.urls
