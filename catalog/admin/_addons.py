"""Add-ons on the console."""

from django.contrib import admin
from django.http import HttpRequest

from catalog import services
from catalog.admin._shown import Formulated
from catalog.models import AddOn, Price
from core import clock
from core.console import ConsoleAdmin, ConsoleInline, actor, verb


class PricesInline(Formulated, ConsoleInline):
    model = Price
    fields = ("name", "formula", "currency", "every", "billed", "tax_code")
    readonly_fields = ("formula", "every")


@admin.register(AddOn)
class AddOnAdmin(ConsoleAdmin):
    list_display = ("name", "code", "kind", "archived_at", "created_at")
    list_filter = ("kind", ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("code", "name")
    ordering = ("-id",)
    fields = ("name", "code", "description", "kind", "archived_at", "created_at")
    inlines = (PricesInline,)
    actions_detail = ("archive_addon",)

    @verb(description="Archive", permission="archive", icon="archive")
    def archive_addon(self, request: HttpRequest, row: AddOn, reason: str) -> str:
        """This function will take the add-on off the offer."""
        services.archive_addon(addon_id=row.pk, actor=actor(request), now=clock.now())
        return f"{row.name} is archived."
