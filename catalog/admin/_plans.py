"""Plans and their versions on the console."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import StackedInline, TabularInline

from catalog import services
from catalog.admin import _shown
from catalog.admin._forms import PriceForm, VersionForm
from catalog.admin._shown import Formulated
from catalog.models import Plan, PlanFeature, PlanVersion, Price
from core import clock
from core.console import ConsoleAdmin, ConsoleInline, DraftAdmin, actor, careful, links, verb


class VersionsInline(ConsoleInline):
    model = PlanVersion
    show_change_link = True
    fields = ("number", "prices", "published_at", "created_at")
    readonly_fields = ("prices",)
    ordering = ("-number",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This function will return the versions with their prices, in two queries."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.prefetch_related("prices")

    @admin.display(description="Prices")
    def prices(self, row: PlanVersion) -> str:
        """This function will show what each price of the version computes."""
        return _shown.lines(row.prices.all())


class Drafted:
    """Rows that may be changed while their version is a draft."""

    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer whether the version is a draft."""
        return self._may(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer whether the version is a draft."""
        return self._may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer whether the version is a draft."""
        return self._may(request, obj)

    def get_formset(self: Any, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        """This function will return forms that keep no card number or credential."""
        return super().get_formset(request, obj, **options | {"form": careful(self.form)})  # type: ignore[misc]

    def _may(self, request: HttpRequest, version: PlanVersion | None) -> bool:
        allowed = request.user.has_perm("catalog.change_planversion")
        return bool(allowed and version is not None and not version.is_published)


class PricesInline(Formulated, ConsoleInline):
    model = Price
    fields = ("name", "formula", "currency", "every", "billed", "meter", "tax_code")
    readonly_fields = ("formula", "every")


class DraftPricesInline(Drafted, StackedInline):  # type: ignore[misc]
    model = Price
    form = PriceForm
    fieldsets = (
        (None, {"fields": ("name", ("kind", "meter"), ("model", "currency", "unit_amount"))}),
        ("Tiers", {"fields": ("tiers", "charge_flat_at_zero")}),
        ("Package", {"fields": (("package_size", "package_rounding"),), "classes": ("collapse",)}),
        (
            "Percentage",
            {"fields": (("percentage", "fixed_amount"), ("free_units", "free_events")), "classes": ("collapse",)},
        ),
        ("Bounds and tax", {"fields": (("minimum_amount", "maximum_amount"), "tax_code"), "classes": ("collapse",)}),
        ("Billing", {"fields": (("interval", "interval_count", "billed"),)}),
    )


class FeaturesInline(Drafted, TabularInline):  # type: ignore[misc]
    model = PlanFeature
    fields = ("code", "name", "kind", "value", "limit", "limit_kind", "reset")


@admin.register(Plan)
class PlanAdmin(ConsoleAdmin):
    list_display = ("name", "code", "family", "trial_days", "archived_at", "created_at")
    list_filter = ("family", ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("code", "name")
    ordering = ("-id",)
    fields = (
        "name", "code", "description", "family", "trial_days", "proration_basis", "see_also", "archived_at",
        "created_at",
    )  # fmt: skip
    readonly_fields = ("see_also",)
    inlines = (VersionsInline,)
    actions_detail = ("archive_plan", "revise_plan")

    @admin.display(description="See also")
    def see_also(self, row: Plan) -> str:
        """This function will link who has the plan and who was given it."""
        of_plan = {"plan__id__exact": row.pk}
        return links({"Subscriptions": ("subscriptions.subscription", of_plan), "Gifts": ("gifts.gift", of_plan)})

    @verb(description="Archive", permission="archive", icon="archive")
    def archive_plan(self, request: HttpRequest, row: Plan, reason: str) -> str:
        """This function will take the plan off the offer."""
        services.archive_plan(plan_id=row.pk, actor=actor(request), now=clock.now())
        return f"{row.name} is archived."

    @verb(description="New version", permission="revise", icon="edit_note")
    def revise_plan(self, request: HttpRequest, row: Plan, reason: str) -> str:
        """This function will begin a draft with the newest version's terms."""
        version = services.revise_plan(plan_id=row.pk, actor=actor(request), now=clock.now())
        return f"Version {version.number} is a draft."


@admin.register(PlanVersion)
class PlanVersionAdmin(DraftAdmin):
    list_display = ("plan", "number", "published_at", "created_at")
    list_filter = (("published_at", admin.EmptyFieldListFilter),)
    search_fields = ("plan__code", "plan__name")
    list_select_related = ("plan",)
    ordering = ("-id",)
    form = VersionForm
    readonly_fields = ("plan", "number", "published_at", "created_at")
    actions_detail = ("publish_version",)

    def is_draft(self, row: PlanVersion) -> bool:
        """This function will tell whether the version can still be edited."""
        return not row.is_published

    def get_inlines(self, request: HttpRequest, obj: PlanVersion | None = None) -> list[Any]:
        """This function will return forms for a draft that may be edited, and a table of prices for the rest."""
        prices = DraftPricesInline if self.has_change_permission(request, obj) else PricesInline
        return [prices, FeaturesInline]

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """This function will store the draft's prices and features, new ones stamped with the environment's clock."""
        for row in formset.save(commit=False):
            if isinstance(row, Price) and row._state.adding:
                row.created_at = clock.now()
            row.save()
        for row in formset.deleted_objects:
            row.delete()

    @verb(description="Publish", permission="publish", icon="publish")
    def publish_version(self, request: HttpRequest, row: PlanVersion, reason: str) -> str:
        """This function will freeze the draft and put it on offer."""
        services.publish_version(version_id=row.pk, actor=actor(request), now=clock.now())
        return f"Version {row.number} is on offer."
