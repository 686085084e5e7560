"""The console's pages of usage."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import clock, console
from usage import services
from usage.models import Entitlement, Meter, UsageCounter, UsageEvent


@admin.register(Meter)
class MeterAdmin(console.ConsoleAdmin):
    list_display = ("name", "code", "aggregation", "value_property", "created_at", "archived_at")
    list_filter = ("aggregation", "archived_at")
    search_fields = ("code", "name")
    ordering = ("-id",)
    fields = (
        "name", "code", "environment", "aggregation", "value_property", "unique_property", "filters", "created_at",
        "archived_at",
    )  # fmt: skip
    actions_detail = ("archive",)

    @console.verb(description="Archive", permission="archive", icon="archive")
    def archive(self, request: HttpRequest, row: Meter, reason: str) -> None:
        """This function will take the meter out of use."""
        services.archive_meter(meter_id=row.pk, actor=console.actor(request), now=clock.now())


@admin.register(UsageEvent)
class UsageEventAdmin(console.ConsoleAdmin):
    list_display = ("event_id", "meter", "customer", "value", "timestamp", "received_at")
    list_filter = ("meter", "timestamp")
    list_select_related = ("meter", "customer")
    search_fields = ("event_id__exact", "customer__external_ref__exact", "customer__email__exact")
    ordering = ("-id",)
    fields = ("event_id", "meter", "customer", "environment", "timestamp", "value", "properties", "received_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        """This function will return the events with their meters and customers."""
        return super().get_queryset(request).select_related("meter", "customer")


@admin.register(Entitlement)
class EntitlementAdmin(console.ConsoleAdmin):
    list_display = ("code", "name", "customer", "kind", "value", "limit", "source", "period_ends_at", "revoked_at")
    list_filter = ("kind", "limit_kind", "revoked_at")
    list_select_related = ("customer",)
    references = ("source",)
    search_fields = ("code", "source__exact", "customer__external_ref__exact", "customer__email__exact")
    ordering = ("-id",)
    fields = (
        "code", "name", "customer", "environment", "source", "kind", "value", "limit", "limit_kind", "reset",
        "period_starts_at", "period_ends_at", "granted_at", "revoked_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """This function will return the entitlements with their customers."""
        return super().get_queryset(request).select_related("customer")


@admin.register(UsageCounter)
class UsageCounterAdmin(console.ConsoleAdmin):
    list_display = ("feature", "customer", "used", "hard_limit", "shown_share", "period_starts_at", "period_ends_at")
    list_filter = ("feature", "period_ends_at")
    list_select_related = ("customer",)
    search_fields = ("feature", "customer__external_ref__exact", "customer__email__exact")
    ordering = ("-id",)
    fields = (
        "feature", "customer", "environment", "used", "hard_limit", "shown_share", "alerted_percent",
        "period_starts_at", "period_ends_at", "updated_at",
    )  # fmt: skip
    readonly_fields = ("shown_share",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """This function will return the counters with their customers."""
        return super().get_queryset(request).select_related("customer")

    @admin.display(description="Used of the limit")
    def shown_share(self, row: UsageCounter) -> str | SafeString:
        """This function will return a bar of what was used of a hard limit."""
        if row.hard_limit is None:
            return "no hard limit"
        return format_html(
            '<meter min="0" max="{}" high="{}" optimum="0" value="{}"></meter> {} / {}',
            row.hard_limit, row.hard_limit * 4 // 5, row.used, row.used, row.hard_limit,
        )  # fmt: skip
