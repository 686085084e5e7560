"""The console's pages of payments."""

from django.contrib import admin
from django.http import HttpRequest

from core import clock, console
from payments import services
from payments.models import GatewayEvent, Payment, PaymentAttempt, PaymentMethod, PaymentMethodAttachment, Refund


class Attempts(console.ConsoleInline):
    model = PaymentAttempt
    show_change_link = True
    fields = ("status", "code", "gateway", "gateway_reference", "needs_review", "created_at", "finished_at")


class Refunds(console.ConsoleInline):
    model = Refund
    show_change_link = True
    fields = ("status", "amount_minor", "reason", "code", "created_at", "finished_at")


@admin.register(Payment)
class PaymentAdmin(console.ConsoleAdmin):
    list_display = (
        "public_id", "status", "amount_minor", "refunded_minor", "customer", "reference", "failure_code", "created_at"
    )  # fmt: skip
    list_filter = ("status", "currency", "is_late", "created_at")
    list_select_related = ("customer",)
    search_fields = ("reference__exact", "customer__email", "key__exact")
    ordering = ("-id",)
    references = ("reference",)
    fields = (
        "status", "amount_minor", "refunded_minor", "customer", "payment_method", "reference", "description", "gateway",
        "failure_code", "is_late", "created_at", "settled_at", "key",
    )  # fmt: skip
    inlines = (Attempts, Refunds)
    actions_detail = ("refund",)

    @console.verb(description="Refund what is left", permission="refund", icon="undo", step_up=True)
    def refund(self, request: HttpRequest, row: Payment, reason: str) -> str:
        """This function will have everything that is left of the payment given back."""
        done = services.refund_or_ask(
            payment_id=row.id, amount_minor=None, reason=reason, actor=console.actor(request), now=clock.now()
        )
        if isinstance(done, Refund):
            return f"{done.public_id} is on its way."
        return f"This is above your limit: {done.public_id} waits for somebody else's approval."


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(console.ConsoleAdmin):
    list_display = ("public_id", "status", "code", "gateway", "needs_review", "next_reconcile_at", "created_at")
    list_filter = ("status", "needs_review", "gateway")
    search_fields = ("gateway_reference", "payment__reference")
    ordering = ("-id",)
    actions_detail = ("recheck",)

    @console.verb(description="Look again", permission="recheck", icon="refresh")
    def recheck(self, request: HttpRequest, row: PaymentAttempt, reason: str) -> str:
        """This function will have the gateway asked at once what became of the attempt."""
        services.recheck_attempt(attempt_id=row.id, actor=console.actor(request), now=clock.now())
        return "The gateway will be asked now."


@admin.register(Refund)
class RefundAdmin(console.ConsoleAdmin):
    list_display = ("public_id", "status", "amount_minor", "payment", "reason", "code", "needs_review", "created_at")
    list_filter = ("status", "needs_review", "currency")
    list_select_related = ("payment",)
    search_fields = ("gateway_reference", "payment__reference", "reason")
    ordering = ("-id",)


@admin.register(PaymentMethod)
class PaymentMethodAdmin(console.ConsoleAdmin):
    holds_personal_data = True
    list_display = ("public_id", "customer", "brand", "last4", "exp_month", "exp_year", "is_default", "detached_at")
    list_filter = ("brand", "is_default", "gateway")
    search_fields = ("last4", "customer__email")
    list_select_related = ("customer",)
    ordering = ("-id",)
    exclude = ("token", "fingerprint")


@admin.register(PaymentMethodAttachment)
class PaymentMethodAttachmentAdmin(console.ConsoleAdmin):
    list_display = ("public_id", "customer", "status", "gateway", "brand", "last4", "refusal", "created_at")
    list_filter = ("status", "gateway", "refusal")
    search_fields = ("last4", "customer__email", "requested_by")
    list_select_related = ("customer",)
    ordering = ("-id",)
    exclude = ("token", "source_token", "fingerprint")


@admin.register(GatewayEvent)
class GatewayEventAdmin(console.ConsoleAdmin):
    list_display = ("public_id", "gateway", "event_id", "status", "note", "received_at", "processed_at")
    list_filter = ("status", "gateway", "received_at")
    search_fields = ("event_id", "note")
    ordering = ("-id",)
    exclude = ("body",)
    readonly_fields = ("text",)
    actions_detail = ("replay",)

    @console.verb(description="Replay", permission="replay", icon="replay")
    def replay(self, request: HttpRequest, row: GatewayEvent, reason: str) -> str:
        """This function will have the event processed once more."""
        services.replay_gateway_event(event_id=row.id, actor=console.actor(request), now=clock.now())
        return "The event will be processed again."


@console.tile(
    "Payments to review", model="payments.paymentattempt", query="needs_review__exact=1", order=60, is_alarm=True
)
def attempts_to_review() -> int:
    """This function will count the attempts whose outcome the gateway would not tell."""
    return PaymentAttempt.objects.filter(needs_review=True).count()
