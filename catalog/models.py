"""Plans, their frozen versions, and what a version costs and grants."""

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q

from core import errors
from core.periods import Interval
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow

INTERVALS = [(one.value, one.value) for one in Interval]

_FROZEN = "RAISE EXCEPTION 'a published plan is frozen' USING ERRCODE = 'check_violation', CONSTRAINT = '{name}'"

# FOR SHARE waits for a publication in flight, so that no price slips in behind it.
_PARENT_IS_DRAFT = """
PERFORM 1 FROM catalog_planversion WHERE id IN ({versions}) FOR SHARE;
IF EXISTS (SELECT 1 FROM catalog_planversion WHERE id IN ({versions}) AND published_at IS NOT NULL) THEN
  {refuse};
END IF;
RETURN {row};
"""


class PlanArchived(errors.Conflict):
    code = "plan_archived"
    title = "The plan is archived and accepts no new subscriptions or versions."


class VersionPublished(errors.Conflict):
    code = "plan_version_published"
    title = "A published plan version is frozen; revise the plan instead."


def frozen_with_version(table: str) -> list[pgtrigger.Trigger]:
    """This function will return the triggers that freeze the rows of a version once it is published."""
    refuse = _FROZEN.format(name=f"catalog_{table}_frozen")
    return [
        pgtrigger.Trigger(
            name=f"{table}_frozen_{operation}",
            when=pgtrigger.Before,
            operation=condition,
            func=_PARENT_IS_DRAFT.format(versions=versions, refuse=refuse, row=row),
        )
        for operation, condition, versions, row in (
            ("insert", pgtrigger.Insert, "NEW.version_id", "NEW"),
            ("update", pgtrigger.Update, "NEW.version_id, OLD.version_id", "NEW"),
            ("delete", pgtrigger.Delete, "OLD.version_id", "OLD"),
        )
    ]


class PlanQuerySet(ScopedQuerySet["Plan"]):
    def offered(self) -> "PlanQuerySet":
        """The plans one can subscribe to: not archived, with a published version."""
        published = PlanVersion.objects.filter(plan=OuterRef("pk"), published_at__isnull=False)
        return self.filter(Exists(published), archived_at=None)

    def with_current(self) -> "PlanQuerySet":
        """The plans with the version that new subscriptions get fetched into `current`."""
        newest = PlanVersion.objects.order_by("plan_id", "-number").distinct("plan_id")
        shown = newest.filter(published_at__isnull=False).prefetch_related("prices", "features")
        return self.prefetch_related(Prefetch("versions", queryset=shown, to_attr="current_versions"))


PlanManager = ScopedManager.from_queryset(PlanQuerySet)


class Plan(ScopedRow):
    """What a company offers under one code. What it costs and grants is said by its versions."""

    prefix: ClassVar[str] = "pln"

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=2000, blank=True, default="")
    # A customer has at most one live subscription per family; NULL means no limit.
    family = models.CharField(max_length=64, null=True, blank=True, default="default")
    trial_days = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[PlanManager["Plan"]] = PlanManager()

    class Meta:
        permissions: ClassVar = [("archive_plan", "Can archive a plan")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "code"], name="catalog_plan_code_once"),
            models.CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="catalog_plan_has_code_and_name"),
            models.CheckConstraint(condition=Q(family=None) | ~Q(family=""), name="catalog_plan_family_is_named"),
            models.CheckConstraint(condition=Q(trial_days__lte=730), name="catalog_plan_trial_days_in_range"),
        ]

    @property
    def current(self) -> "PlanVersion | None":
        """The newest published version, of a row that `with_current` fetched; None if there is only a draft."""
        fetched: list[PlanVersion] = self.current_versions  # type: ignore[attr-defined]
        return fetched[0] if fetched else None

    def archive(self, *, at: datetime) -> None:
        """This function will take the plan off the offer; existing subscriptions go on.

        :raises PlanArchived: if it is archived already.
        """
        self.refuse_if_archived()
        self.archived_at = at

    def refuse_if_archived(self) -> None:
        """This function will raise PlanArchived if the plan is off the offer."""
        if self.archived_at is not None:
            raise PlanArchived(archived_at=self.archived_at.isoformat())


class PlanVersionQuerySet(ScopedQuerySet["PlanVersion"]):
    def published(self) -> "PlanVersionQuerySet":
        """The frozen versions, the newest first."""
        return self.filter(published_at__isnull=False).order_by("-number")

    def drafts(self) -> "PlanVersionQuerySet":
        """The versions that can still be edited."""
        return self.filter(published_at=None)

    def with_terms(self) -> "PlanVersionQuerySet":
        """The versions with their plan, prices and features fetched."""
        return self.select_related("plan").prefetch_related("prices", "features")


PlanVersionManager = ScopedManager.from_queryset(PlanVersionQuerySet)


class PlanVersion(ScopedRow):
    """One edition of a plan: a draft until it is published, then frozen with its prices and features."""

    prefix: ClassVar[str] = "plv"

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    published_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[PlanVersionManager["PlanVersion"]] = PlanVersionManager()

    class Meta:
        permissions: ClassVar = [("publish_planversion", "Can publish a plan version")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "plan", "number"], name="catalog_planversion_number_once"),
            models.UniqueConstraint(
                fields=["environment", "plan"], condition=Q(published_at=None), name="catalog_planversion_one_draft"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="catalog_planversion_numbers_from_one"),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="planversion_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__published_at__isnull=False),
                func=_FROZEN.format(name="catalog_planversion_frozen") + ";",
            )
        ]

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    def publish(self, *, at: datetime) -> None:
        """This function will freeze the version.

        :raises VersionPublished: if it is published already.
        """
        self.refuse_if_published()
        self.published_at = at

    def refuse_if_published(self) -> None:
        """This function will raise VersionPublished if the version is frozen."""
        if self.published_at is not None:
            raise VersionPublished(version=self.number)


class Price(ScopedRow):
    """What one thing costs: a fixed fee per period, or what a meter measured. Amounts are in major units.

    `model` names the formula, `unit_amount` its one amount, `terms` its further parts (tiers, package size, minimum).
    """

    class Kind(models.TextChoices):
        FIXED = "fixed"
        USAGE = "usage"

    class Model(models.TextChoices):
        FLAT = "flat"
        PER_UNIT = "per_unit"

    class Billed(models.TextChoices):
        ADVANCE = "advance"
        ARREARS = "arrears"

    prefix: ClassVar[str] = "prc"

    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="prices")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.FIXED)
    currency = models.CharField(max_length=3)
    model = models.CharField(max_length=12, choices=Model.choices, default=Model.FLAT)
    unit_amount = models.DecimalField(max_digits=28, decimal_places=12)
    terms = models.JSONField(default=dict, blank=True)
    interval = models.CharField(max_length=10, choices=INTERVALS)
    interval_count = models.PositiveSmallIntegerField(default=1)
    billed = models.CharField(max_length=7, choices=Billed.choices, default=Billed.ADVANCE)
    meter = models.ForeignKey("usage.Meter", on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(interval_count__range=(1, 36)), name="catalog_price_interval_count"),
            models.CheckConstraint(
                condition=Q(interval__in=[one.value for one in Interval]), name="catalog_price_known_interval"
            ),
            models.CheckConstraint(condition=Q(model__in=("flat", "per_unit")), name="catalog_price_known_model"),
            models.CheckConstraint(condition=Q(unit_amount__gte=0), name="catalog_price_not_negative"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="catalog_price_currency_code"),
            models.CheckConstraint(
                condition=Q(kind="fixed", meter=None, billed__in=("advance", "arrears"))
                | Q(kind="usage", meter__isnull=False, billed="arrears"),
                name="catalog_price_usage_has_a_meter_and_is_billed_after",
            ),
        ]
        triggers: ClassVar = frozen_with_version("price")


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
