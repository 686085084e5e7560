"""The audit log's route."""

from audit.api.views import AuditViewSet
from core.http.routes import Router

router = Router()
router.register("audit-log", AuditViewSet, basename="audit-log")
urlpatterns = router.urls
