"""The reference for reads: a model serializer, a view set, no credentials, no environments."""

from typing import Any

from django.db.models import Manager, Model
from rest_framework.pagination import CursorPagination
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import ReadOnlyModelViewSet

from subscriptions.models import Subscription


class Plain(Subscription):
    """The same rows, made as Django makes them."""

    class Meta:
        proxy = True
        app_label = "subscriptions"

    from_db: Any = classmethod(Model.from_db.__func__)  # type: ignore[attr-defined]


# The house's own manager asks for an environment; a plain one is what everybody starts with.
_rows: Manager[Plain] = Manager()
_rows.model = Plain


class SubscriptionSerializer(ModelSerializer[Plain]):
    class Meta:
        model = Plain
        fields = "__all__"


class Newest(CursorPagination):
    page_size = 50
    ordering = "-id"


class Subscriptions(ReadOnlyModelViewSet[Plain]):
    """Everybody's subscriptions."""

    queryset = _rows.all()
    serializer_class = SubscriptionSerializer
    pagination_class = Newest


_router = SimpleRouter(trailing_slash=False)
_router.register("subscriptions", Subscriptions)
urlpatterns = _router.urls
