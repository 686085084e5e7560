"""The console's page of gifts."""

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest

from core import clock, console
from gifts import services, states
from gifts.models import Gift


def _is_cancelable(gift: Gift) -> bool:
    return states.CANCELED in states.TRANSITIONS[gift.status]


@admin.register(Gift)
class GiftAdmin(console.ConsoleAdmin):
    """Gifts, with the buttons that take one back or mail it again. Codes are nowhere to be seen."""

    list_display = (
        "public_id", "status", "plan", "intervals", "buyer", "recipient_email", "amount_minor", "created_at",
        "expires_at",
    )  # fmt: skip
    list_filter = ("status", "plan")
    references = ("invoice", "subscription")
    search_fields = ("recipient_email", "recipient_name", "invoice", "subscription", "buyer__email", "buyer__name")
    list_select_related = ("plan", "buyer", "environment__tenant")
    ordering = ("-id",)
    date_hierarchy = "created_at"
    actions_detail: ClassVar = ["cancel_gift", "resend_gift"]

    @console.verb(description="Cancel", permission="cancel", icon="cancel", possible=_is_cancelable)
    def cancel_gift(self, request: HttpRequest, gift: Gift, reason: str) -> None:
        """This function will take the gift back and refund its buyer."""
        services.cancel_gift(gift_id=gift.id, reason=reason, actor=console.actor(request), now=clock.now())

    @console.verb(
        description="Mail again",
        permission="resend",
        icon="forward_to_inbox",
        possible=console.in_state(states.DELIVERED),
    )
    def resend_gift(self, request: HttpRequest, gift: Gift, reason: str) -> None:
        """This function will mail the gift once more."""
        services.resend_gift(gift_id=gift.id, actor=console.actor(request), now=clock.now())


@console.tile("Gifts to redeem", model="gifts.gift", query="status__exact=delivered", order=45)
def gifts_to_redeem() -> int:
    """This function will count the gifts that wait for their recipients."""
    return Gift.objects.filter(status=states.DELIVERED).count()
