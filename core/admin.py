"""The console's page of environments, with their clocks."""

from django.apps import apps
from django.contrib import admin

from core import console
from core.models import Environment


@admin.register(Environment)
class EnvironmentAdmin(console.ConsoleAdmin):
    """Tenants' environments. A sandbox's clock is moved over the API: `POST /environments/{id}/clock/advance`."""

    list_display = ("slug", "tenant", "kind", "clock_at", "advancing_to", "created_at")
    list_filter = ("kind",)
    search_fields = ("slug", "tenant__name", "tenant__slug")
    list_select_related = ("tenant",)


# What beat does is written in the settings; a form that changes it past the audit log would be forgotten at the next
# start anyway.
for _schedule in apps.get_app_config("django_celery_beat").get_models():
    if admin.site.is_registered(_schedule):
        admin.site.unregister(_schedule)
