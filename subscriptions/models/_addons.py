"""What is taken beside the plan."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow
from subscriptions.models._subscription import Subscription


class AddOnRemoved(errors.Conflict):
    code = "addon_removed"
    title = "The add-on is removed already."


class AddOnBilled(errors.Conflict):
    code = "addon_billed"
    title = "An add-on that is charged once cannot be removed any more: it is charged."


class SubscriptionAddOnQuerySet(ScopedQuerySet["SubscriptionAddOn"]):
    def of(self, subscription: Subscription) -> "SubscriptionAddOnQuerySet":
        """One subscription's add-ons, in the order in which they were added."""
        return self.filter(subscription=subscription).order_by("id")

    def kept(self) -> "SubscriptionAddOnQuerySet":
        """Those that are not removed."""
        return self.filter(removed_at=None)

    def recurring(self) -> "SubscriptionAddOnQuerySet":
        """Those that every period is charged with."""
        return self.filter(kind=SubscriptionAddOn.Kind.RECURRING)

    def waiting(self) -> "SubscriptionAddOnQuerySet":
        """Those that are charged once and have not been."""
        return self.kept().filter(kind=SubscriptionAddOn.Kind.ONE_OFF, billed_at=None)


SubscriptionAddOnManager = ScopedManager.from_queryset(SubscriptionAddOnQuerySet)


class SubscriptionAddOn(ScopedRow):
    """An add-on of a subscription: charged each period from `added_at` to `removed_at`, or once, at `billed_at`."""

    class Kind(models.TextChoices):
        RECURRING = "recurring"
        ONE_OFF = "one_off"

    prefix: ClassVar[str] = "sao"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="addons")
    addon = models.ForeignKey("catalog.AddOn", on_delete=models.PROTECT, related_name="+")
    price = models.ForeignKey("catalog.Price", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    quantity = models.PositiveIntegerField(default=1)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    billed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[SubscriptionAddOnManager["SubscriptionAddOn"]] = SubscriptionAddOnManager()

    class Meta:
        verbose_name = "add-on of a subscription"
        verbose_name_plural = "add-ons of subscriptions"
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["environment", "subscription"], name="subscriptions_addons_of")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "subscription", "addon"],
                condition=Q(kind="recurring", removed_at=None),
                name="subscriptions_subscriptionaddon_once",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("recurring", "one_off")), name="subscriptions_subscriptionaddon_known_kind"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="subscriptions_subscriptionaddon_quantity"),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(removed_at__gte=F("added_at")),
                name="subscriptions_subscriptionaddon_is_a_span",
            ),
            models.CheckConstraint(
                condition=Q(billed_at=None) | Q(kind="one_off", removed_at=None),
                name="subscriptions_subscriptionaddon_billed_once",
            ),
        ]

    @property
    def is_recurring(self) -> bool:
        return self.kind == self.Kind.RECURRING

    def remove(self, *, at: datetime) -> None:
        """This function will let the add-on count no more.

        :raises AddOnRemoved: if it does not count already.
        :raises AddOnBilled: if it was charged once.
        """
        if self.removed_at is not None:
            raise AddOnRemoved(removed_at=self.removed_at.isoformat())
        if self.billed_at is not None:
            raise AddOnBilled(billed_at=self.billed_at.isoformat())
        # One that is for a subscription of the future has not begun.
        self.removed_at = max(at, self.added_at)
