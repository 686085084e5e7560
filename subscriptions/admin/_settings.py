"""What environments let customers do, on the console."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from core import clock, console, tenancy
from subscriptions import services
from subscriptions.models import CANCEL_TIMES, VERBS, SubscriptionSettings

EDITED = (
    "customer_verbs", "customer_cancel_times", "customer_refund", "pause_policy", "longest_customer_pause_days",
    "trial_without_method", "sends_reminders",
)  # fmt: skip


class SubscriptionSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an environment has decided about subscriptions."""

    customer_verbs = forms.MultipleChoiceField(
        label="Customers may", choices=[(one, one) for one in VERBS], required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )  # fmt: skip
    customer_cancel_times = forms.MultipleChoiceField(
        label="They cancel", choices=[(one, one.replace("_", " ")) for one in CANCEL_TIMES], required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )  # fmt: skip

    class Meta:
        model = SubscriptionSettings
        fields = EDITED


@admin.register(SubscriptionSettings)
class SubscriptionSettingsAdmin(console.ConsoleAdmin):
    """One row per environment that has settings of its own; the first change by the API makes it."""

    form = SubscriptionSettingsForm
    list_display = ("public_id", "customer_verbs", "pause_policy", "trial_without_method", "updated_at")
    list_filter = ("pause_policy", "trial_without_method", "sends_reminders")
    search_fields = ("environment__tenant__name", "environment__slug")
    ordering = ("-id",)
    fields = (*EDITED, "updated_at")
    readonly_fields = ("updated_at",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer yes to whom the permission to change subscription settings lets."""
        return bool(obj is not None and request.user.has_perm("subscriptions.change_subscriptionsettings"))

    def save_model(self, request: HttpRequest, obj: SubscriptionSettings, form: Any, change: bool) -> None:
        """This function will have the verb change what was edited, so that it is said and logged."""
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        with tenancy.scope(obj.environment.as_scope()):
            services.change_subscription_settings(changes=changes, actor=console.actor(request), now=clock.now())
