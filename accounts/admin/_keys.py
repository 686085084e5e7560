"""The console's pages of API keys."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts import services
from accounts.admin import _limits
from accounts.models import ApiKey
from core import clock, console, tenancy
from core.limits import Limits
from core.models import Environment

LONGEST_OVERLAP_HOURS = 168
KINDS = [("secret", "Secret: server to server"), ("publishable", "Publishable: may be shown in a browser")]


class IssueForm(console.ReasonForm):
    """Which key of which environment."""

    environment = forms.ModelChoiceField(
        queryset=Environment.objects.of_tenants().select_related("tenant"), widget=UnfoldAdminSelectWidget()
    )
    type = forms.ChoiceField(choices=KINDS, widget=UnfoldAdminSelectWidget())
    name = forms.CharField(
        required=False, max_length=200, widget=UnfoldAdminTextInputWidget(), help_text="What it is for."
    )
    scopes = forms.CharField(
        required=False, max_length=3000, initial="read", widget=UnfoldAdminTextInputWidget(),
        help_text="Separated by spaces: read, write, or one resource's, such as invoices:read.",
    )  # fmt: skip
    expires_at = forms.DateTimeField(
        required=False, widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "2027-01-31 00:00"}),
        help_text="In UTC; empty for never.",
    )  # fmt: skip
    field_order = ("environment", "type", "name", "scopes", "expires_at")


class RotateForm(console.ReasonForm):
    """How long both keys work."""

    overlap_hours = forms.IntegerField(
        min_value=0, max_value=LONGEST_OVERLAP_HOURS, initial=24, widget=UnfoldAdminIntegerFieldWidget(),
        help_text="For so many hours the old key works beside the new one.",
    )  # fmt: skip
    field_order = ("overlap_hours",)


@admin.register(ApiKey)
class ApiKeyAdmin(console.ConsoleAdmin):
    """Keys by what people may know of them: never the hash."""

    list_display = ("name", "type", "shown_key", "shown_scopes", "created_at", "last_used_at", "shown_state")
    list_filter = ("type", "created_at")
    search_fields = ("name", "lookup", "last_four")
    ordering = ("-id",)
    fields = (
        "name", "type", "environment", "shown_key", "shown_scopes", "created_at", "expires_at", "revoked_at",
        "last_used_at", "shown_limits",
    )  # fmt: skip
    actions_list = ("issue",)
    actions_detail = ("rotate", "limit", "revoke")

    @admin.display(description="Key")
    def shown_key(self, row: ApiKey) -> str:
        """This function will return what a key is recognized by."""
        return f"{row.lookup}…{row.last_four}"

    @admin.display(description="Scopes")
    def shown_scopes(self, row: ApiKey) -> str:
        """This function will return what the key may do."""
        return ", ".join(row.scopes) or "–"

    @admin.display(description="Limits")
    def shown_limits(self, row: ApiKey) -> str:
        """This function will return how often the key may be used, where an operator has said so."""
        return _limits.said(row.limits)

    @display(description="State", label={"active": "success", "ended": "danger"})
    def shown_state(self, row: ApiKey) -> str:
        """This function will return the state as a badge."""
        return "active" if row.is_usable(at=clock.wall()) else "ended"

    @console.list_verb(description="Issue a key", permission="issue", icon="add", form=IssueForm, step_up=True)
    def issue(
        self, request: HttpRequest, reason: str, environment: Environment, type: str, name: str, scopes: str,  # noqa: A002
        expires_at: datetime | None,
    ) -> console.Secret:  # fmt: skip
        """This function will issue a key and show it once."""
        words: dict[str, Any] = {"scopes": scopes.replace(",", " ").split() or ["read"]}
        with tenancy.scope(environment.as_scope()):
            issued = services.issue_api_key(
                type=type, name=name or reason[:200], **words, expires_at=expires_at, actor=console.actor(request),
                now=clock.wall(),
            )  # fmt: skip
        return console.Secret(title=f"The new key of {environment}", text=issued.secret)

    @console.verb(description="Rotate", permission="rotate", icon="autorenew", form=RotateForm, step_up=True)
    def rotate(self, request: HttpRequest, row: ApiKey, reason: str, overlap_hours: int) -> console.Secret:
        """This function will issue a key like this one, show it once, and end this one after the overlap."""
        issued = services.rotate_api_key(
            key_id=row.pk, overlap=timedelta(hours=overlap_hours), reason=reason, actor=console.actor(request),
            now=clock.wall(),
        )  # fmt: skip
        return console.Secret(title=f"The key that replaces {self.shown_key(row)}", text=issued.secret)

    @console.verb(
        description="Limit", permission="limit", icon="speed", form=_limits.LimitsForm, initial=_limits.initial
    )
    def limit(self, request: HttpRequest, row: ApiKey, reason: str, **limits: int | None) -> str:
        """This function will say how often the key may be used, from its next request on."""
        done = services.limit_api_key(
            key_id=row.pk, limits=Limits(**limits), reason=reason, actor=console.actor(request), now=clock.wall()
        )
        return f"The limits of this key: {_limits.said(done.limits)}."

    @console.verb(description="Revoke", permission="revoke", icon="block")
    def revoke(self, request: HttpRequest, row: ApiKey, reason: str) -> None:
        """This function will end the key at once."""
        services.revoke_api_key(key_id=row.pk, reason=reason, actor=console.actor(request), now=clock.wall())
