"""Printed documents."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from billing.models._credit_notes import CreditNote
from billing.models._invoices import Invoice
from core.tenancy.rows import ScopedRow


class Document(ScopedRow):
    """A PDF in the document storage: an invoice, its receipt, or a credit note, in one language."""

    class Kind(models.TextChoices):
        INVOICE = "invoice"
        RECEIPT = "receipt"
        CREDIT_NOTE = "credit_note"

    prefix: ClassVar[str] = "doc"

    kind = models.CharField(max_length=11, choices=Kind.choices)
    invoice = models.ForeignKey(Invoice, null=True, on_delete=models.PROTECT, related_name="documents")
    credit_note = models.ForeignKey(CreditNote, null=True, on_delete=models.PROTECT, related_name="documents")
    locale = models.CharField(max_length=20)
    path = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "kind", "invoice", "locale"],
                condition=Q(invoice__isnull=False),
                name="billing_document_of_invoice_once",
            ),
            models.UniqueConstraint(
                fields=["environment", "credit_note", "locale"],
                condition=Q(credit_note__isnull=False),
                name="billing_document_of_credit_note_once",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("invoice", "receipt"), invoice__isnull=False, credit_note=None)
                | Q(kind="credit_note", invoice=None, credit_note__isnull=False),
                name="billing_document_of_one_thing",
            ),
        ]
