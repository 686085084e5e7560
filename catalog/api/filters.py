"""By what lists of plans are narrowed."""

from typing import Any

from django.db.models import QuerySet

from core.http.filters import Filters, InstantFilter, TextFilter, WordFilter


class ArchivedFilter(WordFilter):
    """`true` for plans off the offer, `false` for the others."""

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """This function will keep the rows that are, or are not, archived."""
        return rows if value is None else rows.filter(archived_at__isnull=value == "false")


class PlanFilters(Filters):
    code = TextFilter(max_length=64)
    family = TextFilter(max_length=64)
    archived = ArchivedFilter(("true", "false"))
    created_from = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lt")
