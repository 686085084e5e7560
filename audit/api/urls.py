"""The audit log's route."""

from audit.api.purge import PurgeViewSet
from audit.api.views import AuditViewSet
from core.http.routes import Router

router = Router()
router.register("audit-log", AuditViewSet, basename="audit-log")
router.register("admin/purge", PurgeViewSet, basename="purge")
urlpatterns = router.urls
