"""The console's page of features."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action, display

from core import clock, console, errors, tenancy
from featureflags import matrix, services
from featureflags.forms import FlagForm
from featureflags.models import FlagOverride

CHANGELIST = "admin:featureflags_flagoverride_changelist"


@admin.register(FlagOverride)
class FlagOverrideAdmin(console.ConsoleAdmin):
    """What operators have decided. A variable of the process environment beats whatever stands here."""

    list_display = ("name", "state", "percentage", "note", "set_by", "updated_at")
    list_filter = ("is_on",)
    search_fields = ("name", "note")
    ordering = ("name",)
    fields = (
        "name", "is_on", "percentage", "customers", "tenants", "note", "set_by", "environment", "created_at",
        "updated_at",
    )  # fmt: skip
    actions_list = ("set_flag",)
    list_before_template = "featureflags/matrix.html"
    actions_detail = ("turn_on", "turn_off", "clear")

    @display(description="State", label={"on": "success", "off": "danger"})
    def state(self, row: FlagOverride) -> str:
        """This function will return the state as a badge."""
        return "on" if row.is_on else "off"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """This function will show what holds where, above what operators have decided."""
        shown: HttpResponse = super().changelist_view(request, {**(extra_context or {}), "matrix": matrix.build()})
        return shown

    def has_set_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """This function will tell whether the operator may decide about features."""
        return request.user.has_perm("featureflags.set_flagoverride")

    @action(description="Decide about a feature", permissions=["set"], url_path="set", icon="toggle_on")
    def set_flag(self, request: HttpRequest) -> HttpResponse:
        """This function will ask for a decision and store it."""
        form = FlagForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and self._set(request, form):
            return HttpResponseRedirect(reverse(CHANGELIST))
        shown = {
            **self.admin_site.each_context(request), "title": "Decide about a feature", "form": form,
            "opts": self.opts, "back": reverse(CHANGELIST),
        }  # fmt: skip
        return TemplateResponse(request, "featureflags/set.html", shown)

    @console.verb(description="Turn on", permission="set", icon="toggle_on")
    def turn_on(self, request: HttpRequest, row: FlagOverride, reason: str) -> None:
        """This function will turn a feature on, for whom it was decided about."""
        self._turn(request, row, is_on=True, reason=reason)

    @console.verb(description="Turn off", permission="set", icon="toggle_off")
    def turn_off(self, request: HttpRequest, row: FlagOverride, reason: str) -> None:
        """This function will turn a feature off, for whom it was decided about."""
        self._turn(request, row, is_on=False, reason=reason)

    @console.verb(description="Clear", permission="clear", icon="backspace")
    def clear(self, request: HttpRequest, row: FlagOverride, reason: str) -> None:
        """This function will take the decision back."""
        services.clear_override(name=row.name, reason=reason, actor=console.actor(request), now=clock.now())

    def _turn(self, request: HttpRequest, row: FlagOverride, *, is_on: bool, reason: str) -> None:
        services.set_override(
            name=row.name, is_on=is_on, percentage=row.percentage, customers=row.customers, tenants=row.tenants,
            note=reason[:200], actor=console.actor(request), now=clock.now(),
        )  # fmt: skip

    def _set(self, request: HttpRequest, form: FlagForm) -> bool:
        environment = form.cleaned_data["environment"]
        try:
            with tenancy.scope(environment.as_scope()), transaction.atomic():
                services.set_override(**form.decision(), actor=console.actor(request), now=clock.now())
        except errors.Refusal as refused:
            messages.error(request, refused.detail)
            return False
        messages.success(request, "Decided; it holds at once.")
        return True
