"""Customers: whoever is billed."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class CurrencyMismatch(errors.Conflict):
    code = "currency_mismatch"
    title = "The customer is billed in another currency."


class CurrencyFixed(errors.Conflict):
    code = "customer_currency_fixed"
    title = "The customer has been billed already; the currency can no longer change."


class CustomerQuerySet(ScopedQuerySet["Customer"]):
    def newest_first(self) -> "CustomerQuerySet":
        """Ids sort by the time of creation."""
        return self.order_by("-id")

    def known_as(self, reference: str, customer_id: UUID | None) -> "CustomerQuerySet":
        """The customer of an external reference or of an id."""
        return self.filter(Q(external_ref=reference) | Q(pk=customer_id))


CustomerManager = ScopedManager.from_queryset(CustomerQuerySet)


class Customer(ScopedRow):
    """Somebody who is billed."""

    class TaxExemption(models.TextChoices):
        NONE = "none"
        EXEMPT = "exempt"
        REVERSE_CHARGE = "reverse_charge"

    prefix: ClassVar[str] = "cus"

    external_ref = models.CharField(max_length=200, null=True, blank=True)
    email = models.EmailField(max_length=254)
    # When somebody followed a link that was mailed to this very address; a changed address is unverified again.
    email_verified_at = models.DateTimeField(null=True, blank=True)
    name = models.CharField(max_length=200, blank=True, default="")
    currency = models.CharField(max_length=3, null=True, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    # Set by the first invoice: from then on the customer is billed in this currency for good.
    is_currency_fixed = models.BooleanField(default=False)
    country = models.CharField(max_length=2, null=True, blank=True)
    address = models.JSONField(default=dict, blank=True)
    tax_ids = models.JSONField(default=list, blank=True)
    tax_exemption = models.CharField(max_length=14, choices=TaxExemption.choices, default=TaxExemption.NONE)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects: ClassVar[CustomerManager["Customer"]] = CustomerManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "external_ref"], name="accounts_customer_external_ref_once"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="accounts_customer_email_is_lower_case"),
            models.CheckConstraint(
                condition=Q(currency=None) | Q(currency__regex=r"^[A-Z]{3}$"), name="accounts_customer_currency_code"
            ),
            models.CheckConstraint(
                condition=Q(country=None) | Q(country__regex=r"^[A-Z]{2}$"), name="accounts_customer_country_code"
            ),
            models.CheckConstraint(condition=~Q(external_ref=""), name="accounts_customer_external_ref_not_empty"),
            models.CheckConstraint(
                condition=Q(tax_exemption__in=("none", "exempt", "reverse_charge")),
                name="accounts_customer_known_tax_exemption",
            ),
            models.CheckConstraint(
                condition=Q(is_currency_fixed=False) | Q(currency__isnull=False),
                name="accounts_customer_fixed_currency",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["environment", "email"], name="accounts_customer_email")]

    def __str__(self) -> str:
        return f"{self.name or self.email} ({self.public_id})"

    def fix_currency(self, currency: str) -> None:
        """This function will fix the customer's currency for good.

        :raises CurrencyMismatch: if the customer has another.
        """
        if self.currency not in (None, currency):
            raise CurrencyMismatch(customer_currency=self.currency, currency=currency)
        self.currency, self.is_currency_fixed = currency, True

    def change_currency(self, currency: str | None) -> None:
        """This function will change a currency nothing has been billed in yet.

        :raises CurrencyFixed: if an invoice has fixed another.
        """
        if self.is_currency_fixed and currency != self.currency:
            raise CurrencyFixed(currency=self.currency)
        self.currency = currency
