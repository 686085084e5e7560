"""What happened to a subscription and what was billed for it. History and periods are append-only."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from core.periods import Alignment
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow
from subscriptions import states
from subscriptions.models._subscription import Subscription


class SubscriptionEventQuerySet(ScopedQuerySet["SubscriptionEvent"]):
    def with_previous(self) -> "SubscriptionEventQuerySet":
        """Lines with the snapshot of the line before as `previous`."""
        before = SubscriptionEvent.objects.filter(subscription=OuterRef("subscription"), number=OuterRef("number") - 1)
        return self.annotate(previous=Subquery(before.values("snapshot")))

    def told(self) -> "SubscriptionEventQuerySet":
        """Lines that have a snapshot."""
        return self.filter(snapshot__isnull=False)


SubscriptionEventManager = ScopedManager.from_queryset(SubscriptionEventQuerySet)


class SubscriptionEvent(ScopedRow):
    """One line of a subscription's history. `number` is the version of the subscription that it made.

    `snapshot` is what the subscription was from then on: see `subscriptions.snapshots`. Lines written before there were
    snapshots have none.
    """

    prefix: ClassVar[str] = "sev"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    old_status = models.CharField(max_length=10, blank=True, default=states.NEW)
    new_status = models.CharField(max_length=10, choices=Subscription.Status.choices)
    plan = models.ForeignKey("catalog.Plan", on_delete=models.PROTECT, related_name="+")
    plan_version = models.ForeignKey("catalog.PlanVersion", on_delete=models.PROTECT, related_name="+", null=True)
    actor = models.CharField(max_length=100)
    reason = models.CharField(max_length=500, blank=True, default="")
    comment = models.CharField(max_length=500, blank=True, default="", db_default="")
    effective_at = models.DateTimeField()
    at = models.DateTimeField()
    snapshot = models.JSONField(null=True, editable=False)

    objects: ClassVar[SubscriptionEventManager["SubscriptionEvent"]] = SubscriptionEventManager()

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "subscription", "number"], name="subscriptions_subscriptionevent_number_once"
            ),
            models.CheckConstraint(
                condition=Q(new_status__in=states.STATES), name="subscriptions_subscriptionevent_known_status"
            ),
        ]


class SubscriptionPeriod(ScopedRow):
    """A period that was begun, and the invoice issued at its start, if there was anything to charge.

    Periods are counted from 0. One ends at `boundary` of the cycle that was in force when it was begun, unless the
    next one breaks it off, which then begins at an anchor of its own. One that is broken off at the instant at which it
    began is replaced whole: both rows begin there, and the one with the higher number is in force.
    """

    prefix: ClassVar[str] = "spd"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="periods")
    number = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    boundary = models.IntegerField()
    anchor_at = models.DateTimeField()
    timezone = models.CharField(max_length=64)
    alignment = models.CharField(max_length=11, default=Alignment.ANNIVERSARY.value)
    interval = models.CharField(max_length=10)
    interval_count = models.PositiveSmallIntegerField()
    invoice = models.ForeignKey("billing.Invoice", on_delete=models.PROTECT, related_name="+", null=True)
    extension = models.ForeignKey("subscriptions.Extension", on_delete=models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "subscription", "number"], name="subscriptions_subscriptionperiod_number_once"
            ),
            models.UniqueConstraint(
                fields=["environment", "invoice"], name="subscriptions_subscriptionperiod_invoice_once"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="subscriptions_subscriptionperiod_is_a_span"
            ),
        ]


class ExtensionQuerySet(ScopedQuerySet["Extension"]):
    def applied(self) -> "ExtensionQuerySet":
        """Those that are paid for and in force."""
        return self.filter(first_period__isnull=False)

    def pending(self) -> "ExtensionQuerySet":
        """Those whose invoice is still open."""
        return self.filter(applied_at=None, withdrawn_at=None)

    def covering(self, number: int) -> "ExtensionQuerySet":
        """Those that have paid for a period in advance."""
        return self.applied().filter(first_period__lte=number, first_period__gt=number - F("intervals"))


ExtensionManager = ScopedManager.from_queryset(ExtensionQuerySet)


class Extension(ScopedRow):
    """Periods bought ahead: by a renewal on request, whose invoice must be paid first, or by a gift.

    Once applied it covers `intervals` periods from `first_period` on, whose fixed prices are not charged again.
    """

    prefix: ClassVar[str] = "ext"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="extensions")
    intervals = models.PositiveIntegerField()
    invoice = models.ForeignKey("billing.Invoice", on_delete=models.PROTECT, related_name="+", null=True)
    source = models.CharField(max_length=64, null=True)
    first_period = models.PositiveIntegerField(null=True)
    applied_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects: ClassVar[ExtensionManager["Extension"]] = ExtensionManager()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "subscription"],
                condition=Q(applied_at=None, withdrawn_at=None),
                name="subscriptions_extension_one_pending",
            ),
            models.UniqueConstraint(fields=["environment", "source"], name="subscriptions_extension_source_once"),
            models.UniqueConstraint(fields=["environment", "invoice"], name="subscriptions_extension_invoice_once"),
            models.CheckConstraint(condition=Q(intervals__gte=1), name="subscriptions_extension_intervals"),
            models.CheckConstraint(
                condition=Q(applied_at=None, first_period=None)
                | Q(applied_at__isnull=False, first_period__isnull=False, withdrawn_at=None),
                name="subscriptions_extension_applied_has_a_place",
            ),
        ]

    @property
    def last_period(self) -> int:
        """The number of the last period it covers. This function will raise ValueError until it is applied."""
        if self.first_period is None:
            raise ValueError(f"{self.public_id} is not applied")
        return self.first_period + self.intervals - 1

    def covers(self, number: int | None) -> bool:
        """This function will tell whether it has paid for a period in advance."""
        if self.first_period is None or number is None:
            return False
        return self.first_period <= number <= self.last_period

    def apply(self, *, first_period: int, at: datetime) -> None:
        """This function will put the extension in force from a period on."""
        self.first_period, self.applied_at = first_period, at
