"""What an environment lets customers do to their own subscriptions, and how its trials end."""

from typing import ClassVar, Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.tenancy.rows import ScopedRow
from subscriptions.models._pauses import SubscriptionPause
from subscriptions.proration import Refund

CANCEL_TIMES: Final = ("now", "period_end", "date")
VERBS: Final = ("cancel", "change", "pause", "renew", "resume")


def _default_verbs() -> list[str]:
    return ["cancel", "change", "renew", "resume"]


def _default_times() -> list[str]:
    return ["now", "period_end"]


class SubscriptionSettings(ScopedRow):
    """One row per environment; without one the defaults of the fields hold."""

    class WithoutMethod(models.TextChoices):
        INCOMPLETE = "incomplete"
        PAUSED = "paused"
        CANCELED = "canceled"

    prefix: ClassVar[str] = "sst"

    customer_verbs = ArrayField(
        models.CharField(max_length=10), default=_default_verbs, blank=True,
        help_text="What customers may do to their own subscriptions: cancel, change, pause, renew, resume.",
    )  # fmt: skip
    customer_cancel_times = ArrayField(
        models.CharField(max_length=10), default=_default_times, blank=True,
        help_text="When a customer's cancellation may take effect: now, period_end, date.",
    )  # fmt: skip
    customer_refund = models.CharField(
        max_length=15, choices=[(one.value, one.value) for one in Refund], default=Refund.NONE.value,
        help_text="What becomes of the rest of the period when a customer cancels inside it.",
    )  # fmt: skip
    pause_policy = models.CharField(
        max_length=9, choices=SubscriptionPause.Policy.choices, default=SubscriptionPause.Policy.GIVE_BACK,
        help_text="What a pause does that does not say, and every pause of a customer's own.",
    )  # fmt: skip
    longest_customer_pause_days = models.PositiveSmallIntegerField(
        default=90, help_text="How long a customer may pause; 0 is without end."
    )
    trial_without_method = models.CharField(
        max_length=10, choices=WithoutMethod.choices, default=WithoutMethod.INCOMPLETE,
        help_text="What a trial becomes that ends without a means of payment.",
    )  # fmt: skip
    sends_reminders = models.BooleanField(default=True, help_text="Mail customers what comes; facts tell it anyway.")
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "subscription settings"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment"], name="subscriptions_settings_once"),
            models.CheckConstraint(
                condition=Q(customer_verbs__contained_by=list(VERBS)), name="subscriptions_settings_verbs"
            ),
            models.CheckConstraint(
                condition=Q(customer_cancel_times__contained_by=list(CANCEL_TIMES)),
                name="subscriptions_settings_cancel_times",
            ),
            models.CheckConstraint(
                condition=Q(customer_refund__in=[one.value for one in Refund]), name="subscriptions_settings_refund"
            ),
            models.CheckConstraint(
                condition=Q(pause_policy__in=("give_back", "restart")), name="subscriptions_settings_pause_policy"
            ),
            models.CheckConstraint(
                condition=Q(trial_without_method__in=("incomplete", "paused", "canceled")),
                name="subscriptions_settings_without_method",
            ),
        ]
