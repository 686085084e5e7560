"""Moving subscribers to another version of their plan."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from core import errors
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow
from subscriptions.models._subscription import Subscription
from subscriptions.proration import Behavior


class MigrationOver(errors.Conflict):
    """`state` is the one it is in."""

    code = "migration_over"
    title = "The migration is done or canceled."


class MigrationUnderWay(errors.Conflict):
    code = "migration_under_way"
    title = "The migration has been started already."


class VersionMigrationQuerySet(ScopedQuerySet["VersionMigration"]):
    def running(self) -> "VersionMigrationQuerySet":
        """Those under way."""
        return self.filter(state=VersionMigration.State.RUNNING)


VersionMigrationManager = ScopedManager.from_queryset(VersionMigrationQuerySet)


class VersionMigration(ScopedRow):
    """An operator's decision that subscribers move to a version: all of the plan's older ones, or those of one."""

    class State(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        DONE = "done"
        CANCELED = "canceled"

    class When(models.TextChoices):
        NOW = "now"
        RENEWAL = "renewal"

    prefix: ClassVar[str] = "vmg"

    plan = models.ForeignKey("catalog.Plan", on_delete=models.PROTECT, related_name="+")
    # NULL is every other version.
    from_version = models.ForeignKey(
        "catalog.PlanVersion", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    to_version = models.ForeignKey("catalog.PlanVersion", on_delete=models.PROTECT, related_name="+")
    when = models.CharField(max_length=7, choices=When.choices, default=When.RENEWAL)
    behavior = models.CharField(
        max_length=24, choices=[(one.value, one.value) for one in Behavior], default=Behavior.NEXT_INVOICE.value
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    created_by = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[VersionMigrationManager["VersionMigration"]] = VersionMigrationManager()

    class Meta:
        permissions: ClassVar = [
            ("start_versionmigration", "Can move subscribers to another version"),
            ("cancel_versionmigration", "Can stop a migration of subscribers"),
        ]
        indexes: ClassVar = [models.Index(fields=["environment", "-id"], name="subscriptions_migrations")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(total__gte=F("done") + F("failed") + F("skipped")),
                name="subscriptions_versionmigration_counts",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("pending", "running", "done", "canceled")),
                name="subscriptions_versionmigration_known_state",
            ),
            models.CheckConstraint(
                condition=Q(when__in=("now", "renewal")), name="subscriptions_versionmigration_known_time"
            ),
            models.CheckConstraint(
                condition=Q(behavior__in=[one.value for one in Behavior]),
                name="subscriptions_versionmigration_known_behavior",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("done", "canceled"), finished_at__isnull=False)
                | (~Q(state__in=("done", "canceled")) & Q(finished_at=None)),
                name="subscriptions_versionmigration_finished_is_stamped",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(total=F("done") + F("failed") + F("skipped")),
                name="subscriptions_versionmigration_done_leaves_nobody",
            ),
        ]

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.CANCELED)

    @property
    def settled(self) -> int:
        """How many subscriptions it is through with."""
        return self.done + self.failed + self.skipped

    def start(self, *, total: int, at: datetime) -> None:
        """This function will begin to move `total` subscriptions.

        :raises MigrationUnderWay: if it has begun.
        :raises MigrationOver: if it is over.
        """
        self.refuse_if_over()
        if self.state == self.State.RUNNING:
            raise MigrationUnderWay
        self.state, self.total, self.started_at = self.State.RUNNING, total, at

    def resume(self) -> None:
        """This function will go on with a migration that was stopped, or that left some behind.

        :raises MigrationOver: if nobody is left to move.
        """
        if self.state == self.State.PENDING or self.settled == self.total:
            raise MigrationOver(state=self.state)
        self.state, self.finished_at = self.State.RUNNING, None

    def cancel(self, *, at: datetime) -> None:
        """This function will move nobody any more; who has been moved stays where he is.

        :raises MigrationOver: if it is over.
        """
        self.refuse_if_over()
        self.state, self.finished_at = self.State.CANCELED, at

    def finish(self, *, at: datetime) -> None:
        """This function will close a migration that has been through with everybody."""
        self.state, self.finished_at = self.State.DONE, at

    def refuse_if_over(self) -> None:
        """This function will raise MigrationOver if it is done or canceled."""
        if self.is_over:
            raise MigrationOver(state=self.state)


class VersionMigrationItemQuerySet(ScopedQuerySet["VersionMigrationItem"]):
    def of(self, migration: VersionMigration) -> "VersionMigrationItemQuerySet":
        """One migration's subscriptions, in the order in which they are moved."""
        return self.filter(migration=migration).order_by("id")

    def pending(self) -> "VersionMigrationItemQuerySet":
        """Those still to be moved."""
        return self.filter(state=VersionMigrationItem.State.PENDING)

    def failed(self) -> "VersionMigrationItemQuerySet":
        """Those that could not be moved."""
        return self.filter(state=VersionMigrationItem.State.FAILED)


VersionMigrationItemManager = ScopedManager.from_queryset(VersionMigrationItemQuerySet)


class VersionMigrationItem(ScopedRow):
    """One subscription of a migration: what a whole period costs before and after, and what became of it."""

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"
        SKIPPED = "skipped"

    prefix: ClassVar[str] = "vmi"

    migration = models.ForeignKey(VersionMigration, on_delete=models.PROTECT, related_name="items")
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=7, choices=State.choices, default=State.PENDING)
    currency = models.CharField(max_length=3)
    before_minor = models.BigIntegerField(null=True, blank=True)
    after_minor = models.BigIntegerField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[VersionMigrationItemManager["VersionMigrationItem"]] = VersionMigrationItemManager()

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(
                fields=["environment", "migration", "id"],
                condition=Q(state="pending"),
                name="subscriptions_items_pending",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "migration", "subscription"], name="subscriptions_versionmigrationitem_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("pending", "done", "failed", "skipped")),
                name="subscriptions_versionmigrationitem_known_state",
            ),
            models.CheckConstraint(
                condition=Q(state="pending", settled_at=None) | (~Q(state="pending") & Q(settled_at__isnull=False)),
                name="subscriptions_versionmigrationitem_settled_is_stamped",
            ),
        ]

    def settle(
        self,
        state: str,
        *,
        at: datetime,
        before_minor: int | None = None,
        after_minor: int | None = None,
        why: str = "",
    ) -> None:
        """This function will note what became of the subscription. Amounts are what a whole period costs."""
        self.state, self.settled_at, self.error = state, at, why[:500]
        self.before_minor, self.after_minor = before_minor, after_minor
