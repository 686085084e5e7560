"""Console pages of webhooks."""

from django.contrib import admin
from django.http import HttpRequest

from core import clock, console
from webhooks import services
from webhooks.models import Delivery, DeliveryAttempt, Endpoint


@admin.register(Endpoint)
class EndpointAdmin(console.ConsoleAdmin):
    """Who is sent what. Secrets are not shown, not even encrypted."""

    list_display = ["public_id", "url", "state", "reason", "events", "failing_since", "created_at"]
    list_filter = ["state"]
    search_fields = ["url", "description", "contact_email"]
    ordering = ["-id"]
    fields = [
        "url", "description", "state", "reason", "events", "see_also", "contact_email", "failures", "failing_since",
        "previous_secret_until", "created_at", "disabled_at", "deleted_at",
    ]  # fmt: skip
    readonly_fields = ["see_also"]
    actions_detail = ["disable", "enable"]

    @admin.display(description="See also")
    def see_also(self, row: Endpoint) -> str:
        """This function will link what was sent there."""
        his = {"endpoint__id__exact": row.pk}
        return console.links(
            {
                "Deliveries": ("webhooks.delivery", his),
                "Given up": ("webhooks.delivery", his | {"state__exact": "dead"}),
            }
        )

    @console.verb(description="Disable", permission="disable", icon="block", possible=console.in_state("enabled"))
    def disable(self, request: HttpRequest, row: Endpoint, reason: str) -> None:
        """This button will stop all sending to the endpoint."""
        services.disable_endpoint(endpoint_id=row.pk, reason=reason, actor=console.actor(request), now=clock.now())

    @console.verb(description="Enable", permission="enable", icon="check_circle", possible=console.in_state("disabled"))
    def enable(self, request: HttpRequest, row: Endpoint, reason: str) -> None:
        """This button will let facts be sent to the endpoint again."""
        services.enable_endpoint(endpoint_id=row.pk, reason=reason, actor=console.actor(request), now=clock.now())


class Attempts(console.ConsoleInline):
    """Every attempt at a delivery."""

    model = DeliveryAttempt
    fields = ["number", "at", "status", "duration_ms", "error", "response"]
    ordering = ["number"]


@admin.register(Delivery)
class DeliveryAdmin(console.ConsoleAdmin):
    """What was sent, with every attempt."""

    list_display = ["public_id", "event_type", "endpoint", "state", "attempts_made", "next_attempt_at", "created_at"]
    list_filter = ["state", "event_type"]
    list_select_related = ["endpoint"]
    search_fields = ["event_id__exact", "event_type"]
    references = ["event_id"]
    ordering = ["-id"]
    inlines = [Attempts]
    actions_detail = ["resend"]

    @console.verb(description="Resend", permission="resend", icon="send")
    def resend(self, request: HttpRequest, row: Delivery, reason: str) -> str:
        """This button will send the same fact to the same endpoint once more."""
        services.resend_delivery(delivery_id=row.pk, reason=reason, actor=console.actor(request), now=clock.now())
        return "The event is on its way once more."


@console.tile("Deliveries given up", model="webhooks.delivery", query="state__exact=dead", order=90, is_alarm=True)
def dead_deliveries() -> int:
    """This function will count the deliveries that were given up."""
    return Delivery.objects.filter(state=Delivery.State.DEAD).count()
