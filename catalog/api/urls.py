"""The routes of plans."""

from catalog.api import views
from core.http.routes import PUBLIC_ID, Router

PLAN = PUBLIC_ID.format(prefix="pln")

router = Router()
router.register(rf"plans/(?P<plan>{PLAN})/versions", views.PlanVersions, basename="plan-versions")
router.register("plans", views.Plans, basename="plans")

urlpatterns = router.urls
