"""The audit log over the API: read only, like the log."""

from django.db.models import QuerySet

from audit.api.filters import EntryFilters
from audit.api.serializers import EntryBody
from audit.models import Entry
from core.http.views import Listed, Resource, Retrieved


class AuditViewSet(Listed, Retrieved, Resource):
    """`/audit-log`."""

    scope = "audit"
    prefix = "aud"
    serializer_class = EntryBody
    filterset_class = EntryFilters

    def get_queryset(self) -> QuerySet[Entry]:
        """This function will return the environment's entries with their seals."""
        return Entry.objects.select_related("seal")
