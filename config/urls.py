"""The routes of the house. Each app that has a face on the API keeps its own in `api/urls.py`."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.urls.resolvers import RoutePattern
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts import pages
from accounts.admin import urls as doors
from billing.api import downloads
from core.http import health, metrics
from core.http.routes import BySegment

FACES = (
    "accounts", "catalog", "subscriptions", "billing", "payments", "usage", "gifts", "webhooks", "outbox", "jobs",
    "audit", "featureflags",
)  # fmt: skip


def _faces() -> list[Any]:
    return [import_module(f"{app}.api.urls") for app in FACES if find_spec(f"{app}.api.urls")]


_modules = _faces()
_versioned: list[Any] = [one for module in _modules for one in module.urlpatterns]
# Routes older than the version in the path, such as /api/outbox/stats.
_unversioned: list[Any] = [one for module in _modules for one in getattr(module, "unversioned", ())]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url="/admin/")),
    *doors.urlpatterns,
    path("admin/", admin.site.urls),
    *pages.urlpatterns,
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics_page),
    path("documents/<str:public_id>", downloads.document, name="document"),
    re_path(r"^api/health/?$", health.service),
    re_path(r"^api/v1/health/?$", health.basic),
    re_path(r"^api/v1/health/detailed/?$", health.detailed),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    BySegment(RoutePattern("api/v1/"), _versioned),
    path("api/", include(_unversioned)),
]

handler400 = "core.http.errors.bad_request"
handler403 = "core.http.errors.permission_denied"
handler404 = "core.http.errors.not_found"
handler500 = "core.http.errors.server_error"
