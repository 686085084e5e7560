"""The console's page of approvals."""

import json

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import services
from accounts.models import Approval
from core import clock, console


@admin.register(Approval)
class ApprovalAdmin(console.ConsoleAdmin):
    list_display = (
        "public_id", "state", "verb", "target", "amount_minor", "asked_by", "decided_by", "asked_at", "expires_at"
    )  # fmt: skip
    list_filter = ("state", "verb", "currency", "asked_at")
    search_fields = ("target__exact", "result__exact", "asked_by", "decided_by", "reason")
    references = ("target", "result")
    ordering = ("-id",)
    fields = (
        "state", "verb", "target", "amount_minor", "reason", "asked_for", "asked_by", "asked_at", "expires_at",
        "decided_by", "decided_at", "decision", "result",
    )  # fmt: skip
    readonly_fields = ("asked_for",)
    actions_detail = ("approve", "reject", "withdraw")

    @admin.display(description="Asked for")
    def asked_for(self, row: Approval) -> SafeString:
        """This function will show the arguments that the verb will be called with."""
        return format_html('<pre class="text">{}</pre>', json.dumps(row.arguments, indent=2, sort_keys=True))

    @console.verb(
        description="Approve",
        permission="approve",
        icon="check_circle",
        step_up=True,
        possible=console.in_state("pending"),
    )
    def approve(self, request: HttpRequest, row: Approval, reason: str) -> str:
        """This function will let happen what somebody else asked for."""
        done = services.approve(approval_id=row.pk, reason=reason, actor=console.actor(request), now=clock.now())
        return f"It is done: {done.result}."

    @console.verb(description="Reject", permission="reject", icon="cancel", possible=console.in_state("pending"))
    def reject(self, request: HttpRequest, row: Approval, reason: str) -> str:
        """This function will refuse what somebody else asked for."""
        services.reject(approval_id=row.pk, reason=reason, actor=console.actor(request), now=clock.now())
        return "It will not happen."

    @console.verb(description="Withdraw", permission="withdraw", icon="undo", possible=console.in_state("pending"))
    def withdraw(self, request: HttpRequest, row: Approval, reason: str) -> str:
        """This function will take back what the operator asked for himself."""
        services.withdraw(approval_id=row.pk, reason=reason, actor=console.actor(request), now=clock.now())
        return "It is withdrawn."


@console.tile("Approvals to decide", model="accounts.approval", query="state__exact=pending", order=55, is_alarm=True)
def approvals_to_decide() -> int:
    """This function will count what waits for a second pair of eyes."""
    return Approval.objects.waiting().count()
