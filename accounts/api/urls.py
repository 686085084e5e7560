"""The routes of customers, keys, environments and logins."""

from accounts.api import matrix, views
from core.http.routes import Router

router = Router()
router.register("auth", views.Auth, basename="auth")
router.register("customers", views.Customers, basename="customers")
router.register("api-keys", views.ApiKeys, basename="api-keys")
router.register("approvals", views.Approvals, basename="approvals")
router.register("members", views.Members, basename="members")
router.register("environments", views.Environments, basename="environments")

urlpatterns = router.urls
__all__ = ["matrix", "urlpatterns"]  # the matrix registers its page
