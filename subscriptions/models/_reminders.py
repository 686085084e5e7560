"""The reminders that were sent."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from core.tenancy.rows import ScopedRow
from subscriptions.models._subscription import Subscription


class SubscriptionReminder(ScopedRow):
    """That a customer was told `days` before of what comes at `due_at`: the end of a trial, or a renewal. Once each."""

    class Kind(models.TextChoices):
        TRIAL_END = "trial_end"
        RENEWAL = "renewal"

    prefix: ClassVar[str] = "rem"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="reminders")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    days = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "subscription", "kind", "due_at", "days"], name="subscriptions_reminder_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("trial_end", "renewal")), name="subscriptions_reminder_known_kind"
            ),
        ]
