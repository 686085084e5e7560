"""What may be added to a subscription."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from catalog import triggers
from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class AddOnArchived(errors.Conflict):
    code = "addon_archived"
    title = "The add-on is archived and cannot be added any more."


class AddOnQuerySet(ScopedQuerySet["AddOn"]):
    def offered(self) -> "AddOnQuerySet":
        """The add-ons that can be added: those not archived."""
        return self.filter(archived_at=None)

    def with_prices(self) -> "AddOnQuerySet":
        """The add-ons with their prices fetched."""
        return self.prefetch_related("prices")


AddOnManager = ScopedManager.from_queryset(AddOnQuerySet)


class AddOn(ScopedRow):
    """Something sold beside a plan: charged every period of the subscription it is attached to, or once.

    It has one price per currency. Prices never change: another price is another add-on.
    """

    class Kind(models.TextChoices):
        RECURRING = "recurring"
        ONE_OFF = "one_off"

    prefix: ClassVar[str] = "add"

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=2000, blank=True, default="")
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.RECURRING)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[AddOnManager["AddOn"]] = AddOnManager()

    class Meta:
        verbose_name = "Add-on"
        permissions: ClassVar = [("archive_addon", "Can archive an add-on")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "code"], name="catalog_addon_code_once"),
            models.CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="catalog_addon_has_code_and_name"),
            models.CheckConstraint(condition=Q(kind__in=("recurring", "one_off")), name="catalog_addon_known_kind"),
        ]
        triggers: ClassVar = [triggers.kind_is_kept()]

    def archive(self, *, at: datetime) -> None:
        """This function will take the add-on off the offer; subscriptions that have it keep it.

        :raises AddOnArchived: if it is archived already.
        """
        if self.archived_at is not None:
            raise AddOnArchived(archived_at=self.archived_at.isoformat())
        self.archived_at = at
