"""By what lists of plans, prices and add-ons are narrowed."""

from typing import Any

from django.db.models import QuerySet

from catalog.models import AddOn, Price
from core.http.filters import CurrencyFilter, Filters, IdFilter, InstantFilter, TextFilter, WordFilter


class ArchivedFilter(WordFilter):
    """`true` for what is off the offer, `false` for the others."""

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """This function will keep the rows that are, or are not, archived."""
        return rows if value is None else rows.filter(archived_at__isnull=value == "false")


class PlanFilters(Filters):
    code = TextFilter(max_length=64)
    family = TextFilter(max_length=64)
    archived = ArchivedFilter(("true", "false"))
    created_from = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lt")


class PriceFilters(Filters):
    plan = IdFilter("pln", field_name="version__plan_id")
    plan_version = IdFilter("plv", field_name="version_id")
    addon = IdFilter("add", field_name="addon_id")
    meter = IdFilter("mtr", field_name="meter_id")
    currency = CurrencyFilter()
    kind = WordFilter(Price.Kind.choices)
    model = WordFilter(Price.Model.choices)


class AddOnFilters(Filters):
    code = TextFilter(max_length=64)
    kind = WordFilter(AddOn.Kind.choices)
    archived = ArchivedFilter(("true", "false"))
