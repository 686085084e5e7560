"""Plans and their editions, frozen once published."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q

from catalog import triggers
from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class PlanArchived(errors.Conflict):
    code = "plan_archived"
    title = "The plan is archived and accepts no new subscriptions or versions."


class VersionPublished(errors.Conflict):
    code = "plan_version_published"
    title = "A published plan version is frozen; revise the plan instead."


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

    class ProrationBasis(models.TextChoices):
        SECOND = "second"
        DAY = "day"

    prefix: ClassVar[str] = "pln"

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    description = models.CharField(max_length=2000, blank=True, default="")
    # A customer has at most one live subscription per family; NULL means no limit.
    family = models.CharField(max_length=64, null=True, blank=True, default="default")
    trial_days = models.PositiveSmallIntegerField(default=0)
    # By what the share of a period is measured when a subscription changes inside it.
    proration_basis = models.CharField(max_length=6, choices=ProrationBasis.choices, default=ProrationBasis.SECOND)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[PlanManager["Plan"]] = PlanManager()

    class Meta:
        permissions: ClassVar = [
            ("archive_plan", "Can archive a plan"),
            ("revise_plan", "Can begin a new version of a plan"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "code"], name="catalog_plan_code_once"),
            models.CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="catalog_plan_has_code_and_name"),
            models.CheckConstraint(condition=Q(family=None) | ~Q(family=""), name="catalog_plan_family_is_named"),
            models.CheckConstraint(condition=Q(trial_days__lte=730), name="catalog_plan_trial_days_in_range"),
            models.CheckConstraint(
                condition=Q(proration_basis__in=("second", "day")), name="catalog_plan_known_proration_basis"
            ),
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
        triggers: ClassVar = [triggers.published_is_frozen()]

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
