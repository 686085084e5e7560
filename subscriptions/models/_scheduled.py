"""Changes of a subscription that wait for their instant."""

from datetime import datetime
from typing import ClassVar, Final

import pgtrigger
from django.db import models
from django.db.models import Q

from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow
from subscriptions.models._subscription import Subscription
from subscriptions.proration import Behavior

TRANSITIONS: Final[dict[str, tuple[str, ...]]] = {
    "pending": ("applied", "withdrawn", "failed"),
    "applied": (),
    "withdrawn": (),
    "failed": (),
}
# What was asked for is never written again: who wants something else replaces the row by another.
_FROZEN = """
IF (OLD.subscription_id, OLD.wanted, OLD.behavior, OLD.effective_at, OLD.replaces_id, OLD.created_by, OLD.created_at)
   IS DISTINCT FROM
   (NEW.subscription_id, NEW.wanted, NEW.behavior, NEW.effective_at, NEW.replaces_id, NEW.created_by, NEW.created_at)
THEN
  RAISE EXCEPTION 'what a scheduled change asks for does not change'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'subscriptions_scheduledchange_frozen';
END IF;
IF OLD.state <> 'pending' AND OLD.* IS DISTINCT FROM NEW.* THEN
  RAISE EXCEPTION 'a scheduled change that is over does not change'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'subscriptions_scheduledchange_over';
END IF;
RETURN NEW;
"""


class ScheduledChangeOver(errors.Conflict):
    """`state` is what became of it."""

    code = "scheduled_change_over"
    title = "The scheduled change does not wait any more."


class ScheduledChangeQuerySet(ScopedQuerySet["ScheduledChange"]):
    def of(self, subscription: Subscription) -> "ScheduledChangeQuerySet":
        """One subscription's, in the order in which they take effect; those of the next period come last."""
        return self.filter(subscription=subscription).order_by(models.F("effective_at").asc(nulls_last=True), "id")

    def pending(self) -> "ScheduledChangeQuerySet":
        """Those that still wait."""
        return self.filter(state=ScheduledChange.State.PENDING)

    def dated(self) -> "ScheduledChangeQuerySet":
        """Those that wait for an instant of their own; due at `effective_at`."""
        return self.pending().filter(effective_at__isnull=False)

    def withdrawn(self, *, at: datetime, why: str) -> "ScheduledChangeQuerySet":
        """Those that were taken back at an instant for a reason."""
        return self.filter(state=ScheduledChange.State.WITHDRAWN, settled_at=at, error=why)


ScheduledChangeManager = ScopedManager.from_queryset(ScheduledChangeQuerySet)


class ScheduledChange(ScopedRow):
    """What is to change of a subscription, at `effective_at`, or where that is NULL with its next period.

    `wanted` is what was asked for, as `subscriptions.wanted` writes it.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        APPLIED = "applied"
        WITHDRAWN = "withdrawn"
        FAILED = "failed"

    TRANSITIONS: ClassVar[dict[str, tuple[str, ...]]] = TRANSITIONS
    prefix: ClassVar[str] = "chg"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="changes")
    wanted = models.JSONField()
    behavior = models.CharField(max_length=24, blank=True, default="")
    effective_at = models.DateTimeField(null=True, blank=True)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    invoice = models.ForeignKey("billing.Invoice", on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    # Why it was withdrawn, or could not be done: the refusal's code and sentence.
    error = models.CharField(max_length=500, blank=True, default="")
    created_by = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ScheduledChangeManager["ScheduledChange"]] = ScheduledChangeManager()

    class Meta:
        verbose_name = "scheduled change"
        permissions: ClassVar = [("withdraw_scheduledchange", "Can withdraw a scheduled change")]
        indexes: ClassVar = [
            models.Index(fields=["environment", "subscription", "-id"], name="subscriptions_changes_of"),
            models.Index(
                fields=["effective_at"],
                condition=Q(state="pending", effective_at__isnull=False),
                name="subscriptions_changes_due",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "subscription", "effective_at"],
                condition=Q(state="pending"),
                nulls_distinct=False,
                name="subscriptions_scheduledchange_one_per_instant",
            ),
            models.UniqueConstraint(
                fields=["environment", "replaces"],
                condition=Q(replaces__isnull=False),
                name="subscriptions_scheduledchange_replaced_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=tuple(TRANSITIONS)), name="subscriptions_scheduledchange_known_state"
            ),
            models.CheckConstraint(
                condition=Q(behavior__in=["", *(one.value for one in Behavior)]),
                name="subscriptions_scheduledchange_known_behavior",
            ),
            models.CheckConstraint(
                condition=Q(state="pending", settled_at=None) | (~Q(state="pending") & Q(settled_at__isnull=False)),
                name="subscriptions_scheduledchange_settled_is_stamped",
            ),
            models.CheckConstraint(
                condition=Q(invoice=None) | Q(state="applied"), name="subscriptions_scheduledchange_billed_when_applied"
            ),
            models.CheckConstraint(
                condition=Q(effective_at=None) | Q(effective_at__gt=models.F("created_at")),
                name="subscriptions_scheduledchange_is_in_the_future",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="scheduledchange_states",
                field="state",
                transitions=[(old, new) for old, after in TRANSITIONS.items() for new in after],
            ),
            pgtrigger.Trigger(
                name="scheduledchange_frozen", when=pgtrigger.Before, operation=pgtrigger.Update, func=_FROZEN
            ),
        ]

    @property
    def takes_effect_at(self) -> datetime:
        """When it takes effect, as far as that is known. This function will answer the end of the current period."""
        return self.effective_at or self.subscription.period_ends_at or self.subscription.starts_at

    def refuse_unless_pending(self) -> None:
        """This function will raise ScheduledChangeOver if it does not wait any more."""
        if self.state != self.State.PENDING:
            raise ScheduledChangeOver(state=self.state)

    def settle(self, state: str, *, at: datetime, why: str = "") -> None:
        """This function will note what became of it.

        :raises ScheduledChangeOver: if that is known already.
        """
        self.refuse_unless_pending()
        self.state, self.settled_at, self.error = state, at, why[:500]
