"""Gifts: a prepaid term of a plan, bought by one and redeemed by another."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow
from gifts import states

FIXED = ["environment", "buyer", "plan", "intervals", "amount_minor", "currency", "invoice"]


class GiftQuerySet(ScopedQuerySet["Gift"]):
    def waiting(self) -> "GiftQuerySet":
        """Gifts that lie with their recipient, unredeemed."""
        return self.filter(status=states.DELIVERED)

    def paid_by(self, invoice: str) -> "GiftQuerySet":
        """The gift that an invoice (public id) was issued for."""
        return self.filter(invoice=invoice)


GiftManager = ScopedManager.from_queryset(GiftQuerySet)


class Gift(ScopedRow):
    """A gift. Its codes are in `GiftCode`; what it costs was fixed when it was bought."""

    prefix: ClassVar[str] = "gft"

    buyer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey("catalog.Plan", on_delete=models.PROTECT, related_name="+")
    intervals = models.PositiveSmallIntegerField(help_text="How many of the plan's periods it pays for.")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    invoice = models.CharField(max_length=40, help_text="The buyer's invoice.")
    recipient_email = models.EmailField(max_length=254)
    recipient_name = models.CharField(max_length=200, blank=True)
    message = models.TextField(max_length=2000, blank=True)
    status = models.CharField(
        max_length=10, choices=[(state, state) for state in states.STATES], default=states.PENDING
    )
    deliver_at = models.DateTimeField(null=True, blank=True, help_text="Not before this instant; empty: when paid.")
    deliveries = models.PositiveSmallIntegerField(default=0, help_text="How often it was mailed.")
    delivered_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    redeemed_at = models.DateTimeField(null=True, blank=True)
    redeemed_by = models.ForeignKey(
        "accounts.Customer", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    subscription = models.CharField(max_length=40, blank=True, help_text="What it became.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it expired or was canceled.")
    cancel_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[GiftManager["Gift"]] = GiftManager()

    class Meta:
        permissions: ClassVar = [("cancel_gift", "Can cancel gifts"), ("resend_gift", "Can resend gifts")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(intervals__range=(1, 36)), name="gifts_gift_intervals"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="gifts_gift_costs_something"),
            models.CheckConstraint(condition=Q(status__in=states.STATES), name="gifts_gift_known_status"),
            models.CheckConstraint(
                condition=Q(status=states.REDEEMED, redeemed_at__isnull=False, redeemed_by__isnull=False)
                | (~Q(status=states.REDEEMED) & Q(redeemed_at=None, redeemed_by=None, subscription="")),
                name="gifts_gift_redeemed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(redeemed_at=None) | Q(redeemed_at__lt=F("expires_at")), name="gifts_gift_redeemed_in_time"
            ),
            models.CheckConstraint(
                condition=Q(delivered_at=None, expires_at=None) | Q(delivered_at__lt=F("expires_at")),
                name="gifts_gift_expires_after_delivery",
            ),
            models.UniqueConstraint(fields=["environment", "invoice"], name="gifts_gift_one_per_invoice"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["environment", "buyer", "id"], name="gifts_of_buyer"),
            models.Index(fields=["expires_at"], condition=Q(status=states.DELIVERED), name="gifts_expiring"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(name="transitions", field="status", transitions=states.pairs()),
            pgtrigger.ReadOnly(name="fixed", fields=FIXED),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    def become(self, status: str) -> None:
        """This function will change the state.

        :raises GiftTransitionInvalid: unless the table allows it.
        """
        states.check(old=self.status, new=status)
        self.status = status

    def is_redeemable(self, *, at: datetime) -> bool:
        """This function will tell whether it can be redeemed at an instant; at its expiry it no longer can."""
        return self.status == states.DELIVERED and self.expires_at is not None and at < self.expires_at


class GiftCode(ScopedRow):
    """One code that was mailed. A gift that was mailed again has several, and each of them works until one is used."""

    prefix: ClassVar[str] = "gcd"

    gift = models.ForeignKey(Gift, on_delete=models.PROTECT, related_name="codes")
    code_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "code_hash"], name="gifts_giftcode_once")
        ]
