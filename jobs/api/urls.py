"""Routes of the engine room."""

from core.http.routes import Router
from jobs.api.views import JobViewSet, ScheduledJobViewSet

router = Router()
router.register("jobs", JobViewSet, basename="jobs")
router.register("scheduled-jobs", ScheduledJobViewSet, basename="scheduled-jobs")
urlpatterns = router.urls
