"""What a version of a plan grants."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from catalog.models._plans import PlanVersion
from catalog.triggers import frozen_with_version
from core.tenancy.rows import ScopedRow


class PlanFeature(ScopedRow):
    """What a version grants: something on or off, a value, or a metered limit."""

    class Kind(models.TextChoices):
        BOOLEAN = "boolean"
        STATIC = "static"
        METERED = "metered"

    class LimitKind(models.TextChoices):
        HARD = "hard"
        SOFT = "soft"

    class Reset(models.TextChoices):
        SUBSCRIPTION = "subscription"
        DAY = "day"
        WEEK = "week"
        MONTH = "month"
        QUARTER = "quarter"
        HALF_YEAR = "half_year"
        YEAR = "year"

    prefix: ClassVar[str] = "plf"

    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="features")
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.BOOLEAN)
    value = models.CharField(max_length=200, blank=True, default="")
    # NULL is no limit: the feature is counted and never refused.
    limit = models.DecimalField(max_digits=28, decimal_places=12, null=True, blank=True)
    limit_kind = models.CharField(max_length=4, choices=LimitKind.choices, default=LimitKind.HARD)
    reset = models.CharField(max_length=12, choices=Reset.choices, default=Reset.SUBSCRIPTION)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "version", "code"], name="catalog_planfeature_code_once"),
            models.CheckConstraint(
                condition=Q(kind__in=("boolean", "static", "metered")), name="catalog_planfeature_known_kind"
            ),
            models.CheckConstraint(
                condition=Q(kind="metered") | Q(limit=None), name="catalog_planfeature_only_metered_has_a_limit"
            ),
            models.CheckConstraint(condition=Q(limit=None) | Q(limit__gte=0), name="catalog_planfeature_limit"),
            models.CheckConstraint(
                condition=~Q(kind="static") | ~Q(value=""),
                name="catalog_planfeature_static_has_a_value",
            ),
        ]
        triggers: ClassVar = frozen_with_version("planfeature")
