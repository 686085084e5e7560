"""What lists of usage can be filtered by."""

from typing import Any

from django.db.models import QuerySet

from core.http import filters
from usage.models import Entitlement, Meter


class MeterFilters(filters.Filters):
    """Filters of `GET /meters`."""

    code = filters.TextFilter(max_length=64)
    aggregation = filters.WordFilter(Meter.Aggregation.choices)
    archived = filters.BooleanFilter(method="of_state")

    def of_state(self, rows: QuerySet[Any], name: str, value: str | None) -> QuerySet[Any]:
        """This function will keep archived meters, or those in use."""
        return rows if value is None else rows.filter(archived_at__isnull=value == "false")


class EntitlementFilters(filters.Filters):
    """Filters of `GET /entitlements`."""

    customer = filters.IdFilter("cus", field_name="customer_id")
    code = filters.TextFilter(max_length=64)
    source = filters.TextFilter(max_length=40)
    kind = filters.WordFilter(Entitlement.Kind.choices)
