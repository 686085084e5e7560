"""Plans, their versions and prices on the console."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import TabularInline

from catalog import services
from catalog.models import Plan, PlanFeature, PlanVersion, Price
from core import clock
from core.console import ConsoleAdmin, ConsoleInline, DraftAdmin, actor, links, verb


class VersionsInline(ConsoleInline):
    model = PlanVersion
    show_change_link = True
    fields = ("number", "published_at", "created_at")
    ordering = ("-number",)


class DraftInline(TabularInline):  # type: ignore[misc]
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

    def _may(self, request: HttpRequest, version: PlanVersion | None) -> bool:
        allowed = request.user.has_perm("catalog.change_planversion")
        return bool(allowed and version is not None and not version.is_published)


class PricesInline(DraftInline):
    model = Price
    fields = (
        "name", "kind", "model", "unit_amount", "currency", "interval", "interval_count", "billed", "meter",
    )  # fmt: skip


class FeaturesInline(DraftInline):
    model = PlanFeature
    fields = ("code", "name", "kind", "value", "limit", "limit_kind", "reset")


@admin.register(Plan)
class PlanAdmin(ConsoleAdmin):
    list_display = ("name", "code", "family", "trial_days", "archived_at", "created_at")
    list_filter = ("family", ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("code", "name")
    ordering = ("-id",)
    fields = ("name", "code", "description", "family", "trial_days", "see_also", "archived_at", "created_at")
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

    @verb(description="New version", permission="change", icon="edit_note")
    def revise_plan(self, request: HttpRequest, row: Plan, reason: str) -> str:
        """This function will begin a draft with the newest version's terms."""
        version = services.revise_plan(plan_id=row.pk, actor=actor(request), now=clock.now())
        return f"Version {version.number} is a draft."


class VersionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A draft has no fields of its own to edit; its prices and features are on the page."""

    class Meta:
        model = PlanVersion
        fields: tuple[str, ...] = ()


@admin.register(PlanVersion)
class PlanVersionAdmin(DraftAdmin):
    list_display = ("plan", "number", "published_at", "created_at")
    list_filter = (("published_at", admin.EmptyFieldListFilter),)
    search_fields = ("plan__code", "plan__name")
    list_select_related = ("plan",)
    ordering = ("-id",)
    form = VersionForm
    readonly_fields = ("plan", "number", "published_at", "created_at")
    inlines = (PricesInline, FeaturesInline)
    actions_detail = ("publish_version",)

    def is_draft(self, row: PlanVersion) -> bool:
        """This function will tell whether the version can still be edited."""
        return not row.is_published

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


@admin.register(Price)
class PriceAdmin(ConsoleAdmin):
    list_display = ("name", "of_version", "unit_price", "model", "kind", "billed", "every", "meter")
    list_filter = ("kind", "model", "currency", "interval")
    search_fields = ("name", "version__plan__code")
    list_select_related = ("version__plan", "meter")
    ordering = ("-id",)

    @admin.display(description="Plan", ordering="version")
    def of_version(self, row: Price) -> str:
        """This function will name the plan and which of its versions."""
        return f"{row.version.plan.name}, version {row.version.number}"

    @admin.display(description="Unit price", ordering="unit_amount")
    def unit_price(self, row: Price) -> str:
        """This function will show the price of one, without the zeros that its column stores."""
        return f"{_plain(row.unit_amount)} {row.currency}"

    @admin.display(description="Every")
    def every(self, row: Price) -> str:
        """This function will show how often the price is charged."""
        return row.interval if row.interval_count == 1 else f"{row.interval_count} {row.interval}s"


def _plain(amount: Decimal) -> str:
    """Return an amount with two places, and with more only where they say something."""
    short = amount.normalize()
    return f"{short if int(short.as_tuple().exponent) < -2 else amount.quantize(Decimal('0.01')):f}"
