"""Money going back."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet
from payments import states
from payments.models._asked import CURRENCY, Asked, guards
from payments.models._payments import Payment


class RefundExceedsPayment(errors.Conflict):
    code = "refund_exceeds_payment"
    title = "Refunds can never add up to more than was paid."


class RefundQuerySet(ScopedQuerySet["Refund"]):
    def counted(self) -> "RefundQuerySet":
        """Refunds that have taken or may still take money back."""
        return self.exclude(status="failed")

    def waiting(self) -> "RefundQuerySet":
        """Refunds that will be looked at again."""
        return self.filter(next_reconcile_at__isnull=False)


RefundManager = ScopedManager.from_queryset(RefundQuerySet)


class Refund(Asked):
    """Money going back. It is its own ask: there is one try per refund, repeated under one key."""

    Status = states.RefundStatus
    TRANSITIONS: ClassVar[states.Transitions] = states.REFUND_TRANSITIONS
    prefix: ClassVar[str] = "rfd"

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=500, blank=True)
    key = models.CharField(max_length=255, blank=True)

    objects: "ClassVar[RefundManager[Refund]]" = RefundManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "payment", "key"], condition=~Q(key=""), name="payments_refund_key_once"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_refund_positive"),
            models.CheckConstraint(condition=CURRENCY, name="payments_refund_currency"),
            models.CheckConstraint(
                condition=Q(status="pending", finished_at=None)
                | (~Q(status="pending") & Q(finished_at__isnull=False, next_reconcile_at=None)),
                name="payments_refund_finished_is_stamped",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_reconcile_at"], condition=Q(next_reconcile_at__isnull=False), name="payments_refund_due"
            )
        ]
        triggers: ClassVar = guards(
            ["environment", "payment", "amount_minor", "currency", "reason", "key", "created_at"],
            states.REFUND_TRANSITIONS,
            ["pending"],
        )

    def request(self, *, at: datetime) -> None:
        self.requested_at = self.requested_at or at

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.PENDING

    def learn(self, status: str, *, reference: str, code: str, at: datetime) -> None:
        """This function will take a gateway's answer; anything but success and failure leaves the refund pending."""
        self.code = code
        self.gateway_reference = reference or self.gateway_reference
        if status in (self.Status.SUCCEEDED, self.Status.FAILED):
            self.status = status
            self.finish(at=at)
