"""What buttons of a subscription's page ask for beside a reason."""

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from core.console import ReasonForm
from subscriptions import services
from subscriptions.models import LONGEST_TRIAL_DAYS, SubscriptionPause

WHY = [("", "not said"), *((one.value, one.value.replace("_", " ")) for one in services.CancelReason)]
REFUNDS = [
    (services.Refund.NONE.value, "nothing"),
    (services.Refund.CREDIT.value, "into the wallet"),
    (services.Refund.REFUND.value, "as money"),
]
POLICIES = [
    (SubscriptionPause.Policy.GIVE_BACK.value, "give the paused days back"),
    (SubscriptionPause.Policy.RESTART.value, "begin a new period afterwards"),
]

MOMENT = UnfoldAdminTextInputWidget(attrs={"placeholder": "2027-01-31 00:00"})


class CancelForm(ReasonForm):
    """Why the customer leaves."""

    why = forms.ChoiceField(label="The customer's reason", choices=WHY, required=False, widget=UnfoldAdminSelectWidget)

    field_order: tuple[str, ...] = ("why", "reason")


class CancelNowForm(CancelForm):
    """With what becomes of the rest of the period."""

    refund = forms.ChoiceField(
        label="The rest of the period goes back", choices=REFUNDS, required=False, widget=UnfoldAdminSelectWidget
    )

    field_order: tuple[str, ...] = ("why", "refund", "reason")


class CancelAtForm(CancelNowForm):
    """At an instant, in UTC."""

    at = forms.DateTimeField(label="Ends at", widget=MOMENT, help_text="In UTC.")

    field_order: tuple[str, ...] = ("at", "why", "refund", "reason")


class EndForm(ReasonForm):
    """With what becomes of the rest of the period."""

    refund = forms.ChoiceField(
        label="The rest of the period goes back", choices=REFUNDS, required=False, widget=UnfoldAdminSelectWidget
    )


class PauseForm(ReasonForm):
    """From when until when, and what the pause does to the period."""

    at = forms.ChoiceField(
        label="Begins", choices=[("now", "now"), ("period_end", "when the period ends")], widget=UnfoldAdminSelectWidget
    )
    until = forms.DateTimeField(required=False, widget=MOMENT, help_text="In UTC; empty is until somebody resumes it.")
    policy = forms.ChoiceField(label="Afterwards", choices=POLICIES, widget=UnfoldAdminSelectWidget)

    field_order: tuple[str, ...] = ("at", "until", "policy", "reason")


class ExtendForm(ReasonForm):
    """By how many days."""

    days = forms.IntegerField(
        label="Days", min_value=1, max_value=LONGEST_TRIAL_DAYS, widget=UnfoldAdminIntegerFieldWidget
    )

    field_order: tuple[str, ...] = ("days", "reason")
