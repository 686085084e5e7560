"""The console's page of facts."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import console
from outbox.models import OutboxEvent


class IsPending(admin.SimpleListFilter):
    """Facts that the relay has not seen yet."""

    title = "relayed"
    parameter_name = "relayed"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        """This function will return the two answers."""
        return [("yes", "Relayed"), ("no", "Pending")]

    def queryset(self, request: Any, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """This function will keep the rows of the chosen answer."""
        return queryset if self.value() is None else queryset.filter(sequence__isnull=self.value() == "no")


@admin.register(OutboxEvent)
class OutboxEventAdmin(console.ConsoleAdmin):
    """Facts, newest first; search by what they are about, who did it, or the request."""

    list_display = ("public_id", "type", "subject", "actor", "at", "sequence", "relayed_at")
    list_filter = (IsPending, "type")
    references = ("subject",)
    search_ids: ClassVar = {"evt": "event_id"}
    search_fields = ("subject", "actor", "type", "request_id")
    ordering = ("-id",)
    fields = (
        "public_id", "type", "version", "subject", "actor", "at", "sequence", "request_id", "shown_data", "created_at",
        "relayed_at",
    )  # fmt: skip
    readonly_fields = ("shown_data",)

    @admin.display(description="Data")
    def shown_data(self, fact: OutboxEvent) -> SafeString:
        """This function will return the fact's own fields, readable."""
        return format_html('<pre class="text">{}</pre>', json.dumps(fact.data, indent=2))


@console.tile("Pending events", model="outbox.outboxevent", query="relayed=no", order=80)
def pending_events() -> int:
    """This function will count the facts that wait for the relay."""
    return OutboxEvent.objects.pending().count()


@console.latest(model="outbox.outboxevent")
def latest_facts(number: int) -> Iterator[console.Happened]:
    """This function will return the newest facts."""
    for fact in OutboxEvent.objects.select_related("environment__tenant").order_by("-id")[:number]:
        yield console.Happened(
            at=fact.at, what=fact.type, subject=fact.subject, actor=fact.actor, environment=str(fact.environment)
        )
