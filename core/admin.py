"""The console's page of environments, with their clocks."""

from datetime import timedelta

from django.apps import apps
from django.contrib import admin

from core import clock, console
from core.models import Environment, IdempotencyRecord


@admin.register(Environment)
class EnvironmentAdmin(console.ConsoleAdmin):
    """Tenants' environments, and how far the clocks of their sandboxes are."""

    list_display = ("slug", "tenant", "kind", "clock_at", "advancing_to", "allowed_origins", "created_at")
    list_filter = ("kind",)
    search_fields = ("slug", "tenant__name", "tenant__slug")
    list_select_related = ("tenant",)


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(console.ConsoleAdmin):
    """Requests that may be repeated: how they ended, or how far they have come. Bodies are the clients' own."""

    list_display = ("key", "principal", "state", "recovery_point", "status", "effect", "created_at", "expires_at")
    list_filter = ("state", "recovery_point", "status")
    search_fields = ("key", "principal", "request_id")
    ordering = ("-id",)
    exclude = ("body", "headers", "fingerprint")


@console.tile(
    "Requests that never ended", model="core.idempotencyrecord", query="state__exact=in_flight", order=65, is_alarm=True
)
def stuck_requests() -> int:
    """This function will count the requests that have been under way for more than a day."""
    long_ago = clock.wall() - timedelta(hours=24)
    return IdempotencyRecord.objects.filter(state="in_flight", created_at__lt=long_ago).count()


# What beat does is written in the settings; a form that changes it past the audit log would be forgotten at the next
# start anyway.
for _schedule in apps.get_app_config("django_celery_beat").get_models():
    if admin.site.is_registered(_schedule):
        admin.site.unregister(_schedule)
