"""How invoices are numbered."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from core.tenancy.rows import ScopedRow


class NumberSeries(ScopedRow):
    """How an environment numbers its documents. `format` knows `{yyyy}`, `{mm}` and `{seq}`, as in `{seq:05}`."""

    class Reset(models.TextChoices):
        NEVER = "never"
        YEARLY = "yearly"
        MONTHLY = "monthly"

    prefix: ClassVar[str] = "ser"

    code = models.CharField(max_length=20, default="invoice")
    format = models.CharField(max_length=60, default="INV-{yyyy}{mm}-{seq:05}")
    reset = models.CharField(max_length=10, choices=Reset.choices, default=Reset.NEVER)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "number series"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "code"], name="billing_numberseries_code"),
            models.CheckConstraint(condition=Q(format__contains="{seq"), name="billing_numberseries_counts"),
            # Two years, or two months, must not write the same number.
            models.CheckConstraint(
                condition=Q(reset="never") | Q(format__contains="{yyyy}"), name="billing_numberseries_names_year"
            ),
            models.CheckConstraint(
                condition=~Q(reset="monthly") | Q(format__contains="{mm}"), name="billing_numberseries_names_month"
            ),
        ]


class NumberCounter(ScopedRow):
    """The last number given in one series since its last reset; `bucket` is `all`, a year, or a year and month."""

    prefix: ClassVar[str] = "cnt"

    series = models.ForeignKey(NumberSeries, on_delete=models.PROTECT, related_name="counters")
    bucket = models.CharField(max_length=7)
    last = models.BigIntegerField()
    last_issued_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "series", "bucket"], name="billing_numbercounter_bucket"),
            models.CheckConstraint(condition=Q(last__gte=1), name="billing_numbercounter_from_one"),
        ]
