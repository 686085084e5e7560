"""What an operator has decided about a feature in one environment."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.tenancy.rows import ScopedRow


class FlagOverride(ScopedRow):
    """An operator's decision, above the default and below the process environment and the `FEATURE_FLAGS` document.

    `percentage` and `customers` narrow whom the flag is on for; empty, it is on (or off) for everybody.
    """

    prefix: ClassVar[str] = "flg"

    name = models.CharField(max_length=100)
    is_on = models.BooleanField()
    percentage = models.PositiveSmallIntegerField(null=True, blank=True)
    customers = ArrayField(models.CharField(max_length=40), default=list, blank=True)
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
        ]

    def __str__(self) -> str:
        return f"{self.name}: {'on' if self.is_on else 'off'}"
