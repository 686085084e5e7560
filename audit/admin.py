"""The console's page of the audit log: to read, search and filter, and nothing else."""

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit import chain
from audit.models import Entry
from core import console


@admin.register(Entry)
class EntryAdmin(console.ConsoleAdmin):
    """Who did what to what, when, from where, and how it ended."""

    list_display = ("at", "actor", "action", "target", "outcome", "client_ip", "request_id")
    list_filter = ("outcome", "action")
    search_fields = ("actor", "action", "target", "request_id", "client_ip")
    ordering = ("-id",)
    date_hierarchy = "at"
    list_select_related = ("seal",)
    fields = (
        "public_id", "at", "actor", "action", "target", "outcome", "client_ip", "request_id", "fact_id", "place",
        "shown_text",
    )  # fmt: skip
    readonly_fields = ("fact_id", "place", "shown_text")
    references = ("target",)

    @admin.display(description="Place in the chain")
    def place(self, entry: Entry) -> str:
        """This function will return the sealed place, or say that it is still to come."""
        seal = getattr(entry, "seal", None)
        return f"{seal.sequence} · {bytes(seal.mac).hex()}" if seal else "not sealed yet"

    @admin.display(description="Signed text")
    def shown_text(self, entry: Entry) -> SafeString:
        """This function will return the text that was signed, readable."""
        text = json.dumps(chain.parse(entry.text), indent=2, ensure_ascii=False)
        return format_html('<pre class="text">{}</pre>', text)
