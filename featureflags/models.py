"""What an operator has decided about a feature in one environment."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.tenancy import PLATFORM_ID
from core.tenancy.rows import ScopedRow


class FlagOverride(ScopedRow):
    """An operator's decision, above the default and below the process environment and the `FEATURE_FLAGS` document.

    `percentage`, `customers` and `tenants` narrow whom it is about; empty, it is about everybody. A decision that
    belongs to the platform's environment holds everywhere, unless an environment has one of its own; only there
    `tenants` counts.
    """

    prefix: ClassVar[str] = "flg"

    name = models.CharField(max_length=100)
    is_on = models.BooleanField()
    percentage = models.PositiveSmallIntegerField(null=True, blank=True)
    customers = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    tenants = ArrayField(models.CharField(max_length=40), default=list, db_default=[], blank=True)
    note = models.CharField(max_length=200, blank=True, default="")
    set_by = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "decision about a feature"
        verbose_name_plural = "feature flags"
        permissions: ClassVar = [
            ("set_flagoverride", "Can decide about a feature"),
            ("clear_flagoverride", "Can take a decision about a feature back"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "name"], name="featureflags_override_once"),
            models.CheckConstraint(
                condition=Q(name__regex=r"^[a-z][a-z0-9_]{0,99}$"), name="featureflags_override_name"
            ),
            models.CheckConstraint(
                condition=Q(percentage=None) | Q(percentage__range=(0, 100)), name="featureflags_override_percentage"
            ),
            models.CheckConstraint(
                condition=Q(tenants=[]) | Q(environment=PLATFORM_ID), name="featureflags_override_tenants_everywhere"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {'on' if self.is_on else 'off'}"

    @property
    def is_everywhere(self) -> bool:
        """Whether it holds in every environment that has decided nothing else."""
        return self.environment_id == PLATFORM_ID
