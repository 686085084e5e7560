"""Tax rates."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from billing.models import _coupon_rules as rules
from billing.taxation import REVERSE_CHARGE_CODE
from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class TaxRateArchived(errors.Conflict):
    code = "tax_rate_archived"
    title = "The tax rate is out of use."


class TaxRateQuerySet(ScopedQuerySet["TaxRate"]):
    def in_use(self) -> "TaxRateQuerySet":
        """Rates that are not archived."""
        return self.filter(archived_at=None)

    def in_force(self, at: datetime) -> "TaxRateQuerySet":
        """Rates in use whose time includes an instant."""
        begun, not_over = Q(starts_at=None) | Q(starts_at__lte=at), Q(ends_at=None) | Q(ends_at__gt=at)
        return self.in_use().filter(begun, not_over).order_by("id")


TaxRateManager = ScopedManager.from_queryset(TaxRateQuerySet)


class TaxRate(ScopedRow):
    """A rate and for whom it counts. What it says never changes: another percentage is another rate.

    An empty country counts everywhere, an empty region in the whole country; `tax_code` chooses the lines, an empty one
    those without a code of their own.
    """

    prefix: ClassVar[str] = "txr"

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    percentage = models.DecimalField(max_digits=9, decimal_places=6)
    country = models.CharField(max_length=2, blank=True, default="")
    region = models.CharField(max_length=100, blank=True, default="")
    tax_code = models.CharField(max_length=40, blank=True, default="")
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[TaxRateManager["TaxRate"]] = TaxRateManager()

    class Meta:
        permissions: ClassVar = [("archive_taxrate", "Can archive a tax rate")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "code"], name="billing_taxrate_code_once"),
            # What an invoice calls the reverse charge where there is no rate of the country.
            models.CheckConstraint(
                condition=~Q(code__in=("", REVERSE_CHARGE_CODE)), name="billing_taxrate_code_is_not_reserved"
            ),
            models.CheckConstraint(
                condition=Q(percentage__gte=0, percentage__lte=100), name="billing_taxrate_percentage"
            ),
            models.CheckConstraint(
                condition=Q(country="") | Q(country__regex="^[A-Z]{2}$"), name="billing_taxrate_country"
            ),
            models.CheckConstraint(condition=Q(region="") | ~Q(country=""), name="billing_taxrate_region_in_country"),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gt=models.F("starts_at")),
                name="billing_taxrate_goes_forward",
            ),
        ]
        triggers: ClassVar = [rules.rate_says_the_same()]

    def __str__(self) -> str:
        return self.code

    def archive(self, *, at: datetime) -> None:
        """This function will take the rate out of use; invoices keep what they have.

        :raises TaxRateArchived: if that is so already.
        """
        self.refuse_if_archived()
        self.archived_at = at

    def refuse_if_archived(self) -> None:
        """This function will refuse to go on with a tax rate that is archived.

        :raises TaxRateArchived: so.
        """
        if self.archived_at is not None:
            raise TaxRateArchived(archived_at=self.archived_at.isoformat())
