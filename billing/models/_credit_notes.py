"""Credit notes: the only correction of a finalized invoice."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from billing import triggers_credit_notes as triggers
from billing.models._invoices import Invoice
from billing.models._lines import InvoiceLine
from billing.models._numbers import NumberCounter
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class CreditNoteQuerySet(ScopedQuerySet["CreditNote"]):
    def of(self, customer_id: UUID) -> "CreditNoteQuerySet":
        """One customer's credit notes."""
        return self.filter(customer_id=customer_id)


CreditNoteManager = ScopedManager.from_queryset(CreditNoteQuerySet)


_REASONS = ("duplicate", "fraudulent", "order_change", "unsatisfactory", "goodwill", "other")


class CreditNote(ScopedRow):
    """What is taken back of an invoice, and where it went: off the amount due, back as money, or into the wallet."""

    class Reason(models.TextChoices):
        DUPLICATE = "duplicate"
        FRAUDULENT = "fraudulent"
        ORDER_CHANGE = "order_change"
        UNSATISFACTORY = "unsatisfactory"
        GOODWILL = "goodwill"
        OTHER = "other"

    class Settlement(models.TextChoices):
        """Where goes what is beyond the amount due."""

        REFUND = "refund"
        WALLET = "wallet"
        OUT_OF_BAND = "out_of_band"

    prefix: ClassVar[str] = "crn"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credit_notes")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=200, help_text="Whoever issues it twice under one key gets the first.")
    counter = models.ForeignKey(NumberCounter, on_delete=models.PROTECT, related_name="+")
    sequence = models.BigIntegerField()
    number = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=14, choices=Reason.choices)
    memo = models.CharField(max_length=500, blank=True, default="")
    # Of an invoice with credits on it, rounding may leave the one below zero by what the other has too much.
    subtotal_minor = models.BigIntegerField(help_text="Without tax.")
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    # Where the total went.
    due_minor = models.BigIntegerField(default=0)
    refund_minor = models.BigIntegerField(default=0)
    wallet_minor = models.BigIntegerField(default=0)
    out_of_band_minor = models.BigIntegerField(default=0)
    issuer_snapshot = models.JSONField(default=dict)
    customer_snapshot = models.JSONField(default=dict)
    issued_at = models.DateTimeField()

    objects: ClassVar[CreditNoteManager["CreditNote"]] = CreditNoteManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["environment", "customer", "-id"], name="billing_creditnote_of_customer"),
            models.Index(fields=["environment", "invoice", "-id"], name="billing_creditnote_of_invoice"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "key"], name="billing_creditnote_once_per_key"),
            models.UniqueConstraint(fields=["environment", "number"], name="billing_creditnote_number"),
            models.UniqueConstraint(fields=["environment", "counter", "sequence"], name="billing_creditnote_sequence"),
            models.CheckConstraint(
                condition=Q(total_minor__gt=0, total_minor=F("subtotal_minor") + F("tax_minor")),
                name="billing_creditnote_total",
            ),
            models.CheckConstraint(
                condition=Q(due_minor__gte=0, refund_minor__gte=0, wallet_minor__gte=0, out_of_band_minor__gte=0)
                & Q(
                    total_minor=F("due_minor") + F("refund_minor") + F("wallet_minor") + F("out_of_band_minor"),
                ),
                name="billing_creditnote_went_somewhere",
            ),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="billing_creditnote_numbered_from_one"),
            models.CheckConstraint(condition=Q(reason__in=_REASONS), name="billing_creditnote_known_reason"),
        ]
        triggers: ClassVar = [triggers.of_final_invoice(), triggers.sums("id")]

    def __str__(self) -> str:
        return self.number


class CreditNoteLine(ScopedRow):
    """What is taken back of one line, net and tax; all notes together never exceed what the line came to.

    Where the line is a credit itself, so is what is taken back of it: below zero.
    """

    prefix: ClassVar[str] = "cnl"

    credit_note = models.ForeignKey(CreditNote, on_delete=models.PROTECT, related_name="lines")
    invoice_line = models.ForeignKey(InvoiceLine, on_delete=models.PROTECT, related_name="credits")
    position = models.PositiveIntegerField()
    description = models.CharField(max_length=500)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="Without tax.")
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    # Each rate's part of `tax_minor`, as on the invoice's line.
    taxes = models.JSONField(default=list)

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "credit_note", "position"], name="billing_creditnoteline_position"
            ),
            models.UniqueConstraint(
                fields=["environment", "credit_note", "invoice_line"], name="billing_creditnoteline_once_per_line"
            ),
            models.CheckConstraint(
                condition=~Q(total_minor=0) & Q(total_minor=F("amount_minor") + F("tax_minor")),
                name="billing_creditnoteline_total",
            ),
        ]
        triggers: ClassVar = [triggers.within_line(), triggers.sums("credit_note_id")]
