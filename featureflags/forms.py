"""What an operator fills in to decide about a feature."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from core.models import Environment
from featureflags import resolution

SWITCH = (("on", "On"), ("off", "Off"))


class Where(forms.ModelChoiceField):  # type: ignore[type-arg]
    """An environment, or the platform's: everywhere."""

    def label_from_instance(self, obj: Environment) -> str:
        """This function will return what an operator chooses."""
        return "Everywhere" if obj.kind == Environment.Kind.PLATFORM else str(obj)


class FlagForm(forms.Form):
    """The arguments of `services.set_override`, and the environment to be in."""

    environment = Where(
        Environment.objects.select_related("tenant").order_by("tenant__slug", "slug"), empty_label=None,
        label="It holds in", widget=UnfoldAdminSelectWidget,
    )  # fmt: skip
    name = forms.RegexField(
        r"^[a-z][a-z0-9_]{0,99}$",
        label="Feature",
        widget=UnfoldAdminTextInputWidget,
        help_text="Known features: " + ", ".join(sorted(resolution.DEFAULTS)),
    )
    state = forms.ChoiceField(label="It is", choices=SWITCH, widget=UnfoldAdminSelectWidget)
    percentage = forms.IntegerField(
        min_value=0,
        max_value=100,
        required=False,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="For this share of the customers only, always the same ones; empty: for everybody.",
    )
    customers = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="For these customers only: ids (cus_…) separated by spaces.",
    )
    tenants = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Of a decision that holds everywhere, for these tenants only: ids (tnt_…) separated by spaces.",
    )
    note = forms.CharField(
        label="Reason", min_length=3, max_length=200, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )

    def decision(self) -> dict[str, Any]:
        """This function will return the checked values as arguments of the verb."""
        values = self.cleaned_data
        return {
            "name": values["name"], "is_on": values["state"] == "on", "percentage": values["percentage"],
            "customers": values["customers"].split(), "tenants": values["tenants"].split(), "note": values["note"],
        }  # fmt: skip
