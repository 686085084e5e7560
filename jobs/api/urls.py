"""Routes of the engine room."""

from core.http.routes import Router
from jobs.api.views import JobViewSet

router = Router()
router.register("jobs", JobViewSet, basename="jobs")
urlpatterns = router.urls
