"""What the console asks before the audit log leaves the house, and before rows go."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from core import console, purging
from core.models import Environment


class ExportForm(console.ReasonForm):
    """Which chain, and from where on."""

    environment = forms.ModelChoiceField(queryset=Environment.objects.none(), widget=UnfoldAdminSelectWidget)
    after = forms.IntegerField(
        min_value=0, required=False, widget=UnfoldAdminIntegerFieldWidget, help_text="Empty: from its beginning."
    )
    field_order = ("environment", "after", "reason")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["environment"].queryset = Environment.objects.select_related("tenant").order_by("id")


class PurgeForm(console.ReasonForm):
    """What may go, and how old it must be."""

    targets = forms.MultipleChoiceField(widget=UnfoldAdminCheckboxSelectMultipleWidget)
    older_than_days = forms.IntegerField(
        min_value=0, max_value=3650, required=False, widget=UnfoldAdminIntegerFieldWidget,
        help_text="Empty: each kind's own age.",
    )  # fmt: skip
    dry_run = forms.BooleanField(
        required=False, initial=True, widget=UnfoldBooleanSwitchWidget, help_text="Only count what would go."
    )
    field_order = ("targets", "older_than_days", "dry_run", "reason")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        chosen = [(one.name, f"{one.title} ({one.days} days)") for one in purging.purgers()]
        self.fields["targets"].choices = chosen

    def asked(self) -> dict[str, Any]:
        """This function will return what `purges.purge` is told."""
        return {name: self.cleaned_data[name] for name in ("targets", "older_than_days", "dry_run", "reason")}
