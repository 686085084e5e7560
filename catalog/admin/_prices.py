"""Prices on the console, of all versions and add-ons."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin._shown import Formulated
from catalog.models import Price
from core.console import ConsoleAdmin


class OfFilter(admin.SimpleListFilter):
    """Prices of published versions, of drafts, or of add-ons."""

    title = "of"
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """This function will return what one can choose."""
        return [("published", "Published versions"), ("draft", "Drafts"), ("addon", "Add-ons")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """This function will keep the prices that were asked for."""
        kept: dict[str, dict[str, Any]] = {
            "published": {"version__published_at__isnull": False},
            "draft": {"version__isnull": False, "version__published_at": None},
            "addon": {"addon__isnull": False},
        }
        return queryset.filter(**kept.get(self.value() or "", {}))


@admin.register(Price)
class PriceAdmin(Formulated, ConsoleAdmin):
    list_display = ("name", "owner", "formula", "currency", "kind", "billed", "every", "meter")
    list_filter = (OfFilter, "kind", "model", "currency", "interval")
    search_fields = ("name", "version__plan__code", "version__plan__name", "addon__code", "addon__name", "tax_code")
    search_ids = {"pln": "version__plan_id"}
    list_select_related = ("version__plan", "addon", "meter")
    ordering = ("-id",)
    fields = (
        "name", "owner", "formula", "currency", "kind", "billed", "every", "meter", "tax_code", "model", "unit_amount",
        "tiers", "charge_flat_at_zero", "package_size", "package_rounding", "percentage", "fixed_amount", "free_units",
        "free_events", "minimum_amount", "maximum_amount", "created_at",
    )  # fmt: skip
    readonly_fields = ("owner", "formula", "every")

    @admin.display(description="Of", ordering="version")
    def owner(self, row: Price) -> str:
        """This function will name the plan and which of its versions, or the add-on."""
        if row.version is not None:
            return f"{row.version.plan.name}, version {row.version.number}"
        return f"{row.addon.name}, add-on" if row.addon is not None else ""
