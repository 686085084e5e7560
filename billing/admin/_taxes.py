"""Tax rates and the billing settings on the console."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from billing import services
from billing.models import BillingSettings, TaxRate
from core import clock, console, tax_ids, tenancy
from core.errors import Invalid


@admin.register(TaxRate)
class TaxRateAdmin(console.ConsoleAdmin):
    list_display = (
        "code",
        "name",
        "percentage",
        "country",
        "region",
        "tax_code",
        "starts_at",
        "ends_at",
        "archived_at",
    )
    list_filter = ("country", "tax_code", ("archived_at", admin.EmptyFieldListFilter))
    search_fields = ("code", "name", "tax_code")
    ordering = ("-id",)
    fields = (
        "code", "name", "percentage", "country", "region", "tax_code", "starts_at", "ends_at", "archived_at",
        "created_at",
    )  # fmt: skip
    actions_detail = ("archive_tax_rate",)

    @console.verb(description="Archive", permission="archive", icon="archive")
    def archive_tax_rate(self, request: HttpRequest, row: TaxRate, reason: str) -> str:
        """This function will take the rate out of use."""
        services.archive_tax_rate(tax_rate_id=row.pk, actor=console.actor(request), now=clock.now())
        return f"{row.code} is archived."


class BillingSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """How an environment bills. What the verb would refuse is refused here too, beside the field."""

    class Meta:
        model = BillingSettings
        fields = (
            "company_name", "address", "country", "tax_ids", "logo", "notes", "footer", "payment_url", "locale",
            "tax_behavior", "terms_days", "grace_hours", "sends_invoices",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """This function will refuse settings that make no sense."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        for name in self.changed_data:
            if name in given:
                self._check(name, given[name])
        return given

    def _check(self, name: str, value: Any) -> None:
        try:
            services.check_billing_setting(name, value)
        except tax_ids.TaxIdInvalid as refused:
            self.add_error("tax_ids", f"{refused.detail} ({refused.members['scheme']})")
        except Invalid as refused:
            self.add_error(name, refused.detail)


@admin.register(BillingSettings)
class BillingSettingsAdmin(console.ConsoleAdmin):
    """One row per environment that has settings of its own; the first change by the API makes it."""

    form = BillingSettingsForm
    list_display = ("public_id", "company_name", "country", "tax_behavior", "terms_days", "grace_hours", "updated_at")
    list_filter = ("tax_behavior", "country", "sends_invoices")
    search_fields = ("company_name",)
    ordering = ("-id",)
    fields = (*BillingSettingsForm.Meta.fields, "updated_at")
    readonly_fields = ("updated_at",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """This function will answer yes to whom the permission to change billing settings lets."""
        return bool(obj is not None and request.user.has_perm("billing.change_billingsettings"))

    def save_model(self, request: HttpRequest, obj: BillingSettings, form: Any, change: bool) -> None:
        """This function will have the verb change what was edited, so that it is said and logged."""
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        with tenancy.scope(obj.environment.as_scope()):
            services.change_billing_settings(changes=changes, actor=console.actor(request), now=clock.now())
