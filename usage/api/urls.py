"""Routes of usage."""

from core.http.routes import Router
from usage.api import views

router = Router()
router.register("meters", views.Meters, basename="meters")
router.register("events", views.Events, basename="events")
router.register("usage", views.Usage, basename="usage")
router.register("entitlements", views.Entitlements, basename="entitlements")

urlpatterns = router.urls
