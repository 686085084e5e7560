"""How an environment bills."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from billing.models._invoices import Invoice
from core.tenancy.rows import ScopedRow


class BillingSettings(ScopedRow):
    """One row per environment; without one the defaults of the fields hold. What invoices print is copied from here."""

    prefix: ClassVar[str] = "bst"

    company_name = models.CharField(max_length=200, blank=True, default="")
    address = models.JSONField(default=dict, blank=True)
    country = models.CharField(max_length=2, blank=True, default="", help_text="ISO 3166, where the company is taxed.")
    tax_ids = models.JSONField(default=list, blank=True)
    logo = models.CharField(max_length=300, blank=True, default="", help_text="Path in the document storage.")
    notes = models.CharField(max_length=2000, blank=True, default="")
    footer = models.CharField(max_length=500, blank=True, default="")
    payment_url = models.CharField(
        max_length=500, blank=True, default="", help_text="Printed as payment link; {invoice} is replaced by its id."
    )
    locale = models.CharField(max_length=20, default="en")
    tax_behavior = models.CharField(
        max_length=9, choices=Invoice.TaxBehavior.choices, default=Invoice.TaxBehavior.EXCLUSIVE
    )
    terms_days = models.PositiveSmallIntegerField(default=0)
    grace_hours = models.PositiveSmallIntegerField(
        default=0, help_text="How long an invoice that bills usage waits as a draft for late events."
    )
    sends_invoices = models.BooleanField(default=False)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "billing settings"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment"], name="billing_settings_once"),
            models.CheckConstraint(
                condition=Q(tax_behavior__in=("exclusive", "inclusive")), name="billing_settings_tax_behavior"
            ),
            models.CheckConstraint(condition=Q(terms_days__lte=365), name="billing_settings_terms"),
            models.CheckConstraint(condition=Q(grace_hours__lte=720), name="billing_settings_grace"),
        ]
