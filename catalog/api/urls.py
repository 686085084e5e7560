"""The routes of plans, prices and add-ons."""

from catalog.api import views
from core.http.routes import PUBLIC_ID, Router

PLAN = PUBLIC_ID.format(prefix="pln")

router = Router()
router.register(rf"plans/(?P<plan>{PLAN})/versions", views.PlanVersions, basename="plan-versions")
router.register("plans", views.Plans, basename="plans")
router.register("prices", views.Prices, basename="prices")
router.register("addons", views.AddOns, basename="addons")

urlpatterns = router.urls
