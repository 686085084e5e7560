"""The reference for reads: a model serializer, a view set, no credentials, no environments."""

from django.db.models import Manager
from rest_framework.pagination import CursorPagination
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import ReadOnlyModelViewSet

from subscriptions.models import Subscription

# The house's own manager asks for an environment; a plain one is what everybody starts with.
_rows: Manager[Subscription] = Manager()
_rows.model = Subscription


class SubscriptionSerializer(ModelSerializer[Subscription]):
    class Meta:
        model = Subscription
        fields = "__all__"


class Newest(CursorPagination):
    page_size = 50
    ordering = "-id"


class Subscriptions(ReadOnlyModelViewSet[Subscription]):
    """Everybody's subscriptions."""

    queryset = _rows.all()
    serializer_class = SubscriptionSerializer
    pagination_class = Newest


_router = SimpleRouter(trailing_slash=False)
_router.register("subscriptions", Subscriptions)
urlpatterns = _router.urls
