"""The routes of features."""

from core.http.routes import Router
from featureflags.api.views import FeatureFlags

router = Router()
router.register("feature-flags", FeatureFlags, basename="feature-flags")

urlpatterns = router.urls
