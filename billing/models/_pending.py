"""Lines that wait for the next invoice."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from billing.models._invoices import Invoice
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class PendingLineQuerySet(ScopedQuerySet["PendingLine"]):
    def waiting(self) -> "PendingLineQuerySet":
        """Lines that no invoice has taken yet."""
        return self.filter(invoice=None)

    def about(self, reference: str) -> "PendingLineQuerySet":
        """The lines of one agreement, by its public id."""
        return self.filter(reference=reference)


PendingLineManager = ScopedManager.from_queryset(PendingLineQuerySet)


class PendingLine(ScopedRow):
    """A priced line of an agreement that its next invoice takes up, such as the credit of a change.

    `content` is the line as `billing.lines` writes it. Credits that no invoice could bear yet wait here, too.
    """

    prefix: ClassVar[str] = "pnl"

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    content = models.JSONField()
    invoice = models.ForeignKey(Invoice, null=True, on_delete=models.PROTECT, related_name="taken_up")
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[PendingLineManager["PendingLine"]] = PendingLineManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["environment", "reference"], condition=Q(invoice=None), name="billing_pendingline_waiting"
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "key"], name="billing_pendingline_once_per_key"),
            models.CheckConstraint(
                condition=Q(invoice=None, taken_at=None) | Q(invoice__isnull=False, taken_at__isnull=False),
                name="billing_pendingline_taken_is_stamped",
            ),
        ]
