"""Meters and what they measured; entitlements and what was used of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from core import errors, ids
from core.tenancy import scopes
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow

# The event's own `value`; any other name is looked up in its properties.
OWN_VALUE = "value"


class MeterArchived(errors.Conflict):
    code = "meter_archived"
    title = "The meter is archived and accepts no more events."


class MeterCodeTaken(errors.Conflict):
    code = "meter_code_taken"
    title = "Another meter has this code."


def _decoded(prefix: str, text: str) -> UUID | None:
    try:
        return ids.decode(prefix, text)
    except errors.NotFound:
        return None


class MeterQuerySet(ScopedQuerySet["Meter"]):
    def named(self, names: Iterable[str]) -> "MeterQuerySet":
        """The meters of some codes or public ids."""
        codes = set(names)
        keys = {key for name in codes if (key := _decoded(Meter.prefix, name)) is not None}
        return self.filter(Q(code__in=codes) | Q(pk__in=keys))

    def in_use(self) -> "MeterQuerySet":
        """The meters that accept events."""
        return self.filter(archived_at=None)


MeterManager = ScopedManager.from_queryset(MeterQuerySet)


class Meter(ScopedRow):
    """What is counted, and how. What it looks at never changes, so that a total never changes its meaning.

    The value of an event is its own `value`, or the property that `value_property` names. `filters` name the accepted
    texts of properties: `{"region": ["eu", "us"]}`; events that do not pass are kept and not counted.
    """

    class Aggregation(models.TextChoices):
        COUNT = "count"
        SUM = "sum"
        MAX = "max"
        UNIQUE_COUNT = "unique_count"

    prefix: ClassVar[str] = "mtr"

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    aggregation = models.CharField(max_length=20, choices=Aggregation.choices)
    value_property = models.CharField(max_length=40, default=OWN_VALUE)
    unique_property = models.CharField(max_length=40, null=True, blank=True)
    filters = models.JSONField(default=dict, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[MeterManager["Meter"]] = MeterManager()

    class Meta:
        ordering: ClassVar = ["-id"]
        permissions: ClassVar = [("archive_meter", "Can archive a meter")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "code"], name="usage_meter_code_once"),
            models.CheckConstraint(
                condition=Q(aggregation__in=("count", "sum", "max", "unique_count")),
                name="usage_meter_known_aggregation",
            ),
            models.CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="usage_meter_has_code_and_name"),
            models.CheckConstraint(
                condition=~Q(value_property="") & ~Q(unique_property=""), name="usage_meter_properties_are_named"
            ),
            models.CheckConstraint(
                condition=Q(unique_property=None) | Q(aggregation="unique_count"), name="usage_meter_unique_property"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def own_value(self) -> bool:
        """Whether events bring their value themselves, not in a property."""
        return self.value_property == OWN_VALUE

    @property
    def distinct_property(self) -> str | None:
        """The property whose distinct texts are counted; None for distinct values."""
        return self.unique_property or (None if self.own_value else self.value_property)

    def archive(self, *, at: datetime) -> None:
        """This function will take the meter out of use; what it measured stays.

        :raises MeterArchived: if it is archived already.
        """
        if self.archived_at is not None:
            raise MeterArchived(archived_at=self.archived_at.isoformat())
        self.archived_at = at


class EventId(ScopedRow):
    """The guard against repeats. Partitions cannot keep an id unique over all months; this table does.

    `id` is that of the event, `timestamp` says in which month it lies.
    """

    prefix: ClassVar[str] = "evi"

    # No constraint of its own: row security admits only the environment in force, and rows come by the thousand.
    environment = models.ForeignKey(
        "core.Environment", on_delete=models.PROTECT, related_name="+", editable=False,
        default=scopes.environment_id, db_constraint=False, db_index=False,
    )  # fmt: skip
    event_id = models.CharField(max_length=255)
    timestamp = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "event_id"], name="usage_eventid_once"),
        ]


class UsageEventQuerySet(ScopedQuerySet["UsageEvent"]):
    def newest_first(self) -> "UsageEventQuerySet":
        """By arrival: ids sort by the time of creation."""
        return self.order_by("-id")


UsageEventManager = ScopedManager.from_queryset(UsageEventQuerySet)


class UsageEvent(ScopedRow):
    """Something a customer used, as the client told it. Written by one statement, in batches, and never changed.

    The table is partitioned by month of `timestamp`; its real primary key is (id, timestamp). `value` is what the meter
    looks at, whether it came as the event's own value or as a property.
    """

    prefix: ClassVar[str] = "evu"

    # The composite keys to meter and customer say the environment too.
    environment = models.ForeignKey(
        "core.Environment", on_delete=models.PROTECT, related_name="+", editable=False,
        default=scopes.environment_id, db_constraint=False, db_index=False,
    )  # fmt: skip
    event_id = models.CharField(max_length=255)
    meter = models.ForeignKey(
        Meter, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )  # fmt: skip
    customer = models.ForeignKey(
        "accounts.Customer", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    timestamp = models.DateTimeField()
    value = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    properties = models.JSONField(default=dict)
    received_at = models.DateTimeField()

    objects: ClassVar[UsageEventManager["UsageEvent"]] = UsageEventManager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["environment", "customer", "meter", "timestamp"], include=["value"], name="usage_usageevent_sum"
            ),
        ]

    def __str__(self) -> str:
        return self.event_id


class EntitlementQuerySet(ScopedQuerySet["Entitlement"]):
    def granted(self, *, at: datetime) -> "EntitlementQuerySet":
        """What customers hold at an instant. A period that ends is not a right that ends: only revoking ends it."""
        return self.filter(Q(revoked_at=None) | Q(revoked_at__gt=at))

    def from_source(self, source: str) -> "EntitlementQuerySet":
        """What one source granted."""
        return self.filter(source=source)

    def metered(self) -> "EntitlementQuerySet":
        """The features that are counted."""
        return self.filter(kind=Entitlement.Kind.METERED)

    def of(self, customer_id: UUID) -> "EntitlementQuerySet":
        """A customer's entitlements."""
        return self.filter(customer_id=customer_id)

    def most_generous_first(self) -> "EntitlementQuerySet":
        """No limit before a high limit before a low one; of equals the newest."""
        return self.order_by("code", F("limit").desc(nulls_first=True), "-id")


EntitlementManager = ScopedManager.from_queryset(EntitlementQuerySet)


class Entitlement(ScopedRow):
    """What a customer may use because of one source, such as a subscription, and for how long it counts together."""

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

    prefix: ClassVar[str] = "ent"

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=40)
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    value = models.CharField(max_length=200, blank=True, default="")
    # NULL is no limit: the feature is counted and never refused.
    limit = models.BigIntegerField(null=True, blank=True)
    limit_kind = models.CharField(max_length=4, choices=LimitKind.choices, default=LimitKind.HARD)
    reset = models.CharField(max_length=12, choices=Reset.choices, default=Reset.SUBSCRIPTION)
    period_starts_at = models.DateTimeField()
    period_ends_at = models.DateTimeField()
    granted_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[EntitlementManager["Entitlement"]] = EntitlementManager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "source", "code"], name="usage_entitlement_once_per_source"),
            models.CheckConstraint(
                condition=Q(kind__in=("boolean", "static", "metered")), name="usage_entitlement_known_kind"
            ),
            models.CheckConstraint(condition=Q(limit_kind__in=("hard", "soft")), name="usage_entitlement_limit_kind"),
            models.CheckConstraint(
                condition=Q(kind="metered") | Q(limit=None), name="usage_entitlement_only_metered_has_a_limit"
            ),
            models.CheckConstraint(condition=Q(limit=None) | Q(limit__gte=0), name="usage_entitlement_limit"),
            models.CheckConstraint(
                condition=Q(period_ends_at__gt=F("period_starts_at")), name="usage_entitlement_period_goes_forward"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["environment", "customer", "code"], name="usage_entitlement_of_customer"),
        ]

    @property
    def hard_limit(self) -> int | None:
        """The limit that refuses; None where nothing does."""
        return self.limit if self.limit_kind == self.LimitKind.HARD else None


class UsageCounterQuerySet(ScopedQuerySet["UsageCounter"]):
    def of(self, customer_id: UUID) -> "UsageCounterQuerySet":
        """A customer's counters."""
        return self.filter(customer_id=customer_id)

    def of_period(self, customer_id: UUID, feature: str, starts_at: datetime) -> "UsageCounterQuerySet":
        """The one counter of a feature in a period, if it was used."""
        return self.of(customer_id).filter(feature=feature, period_starts_at=starts_at)


UsageCounterManager = ScopedManager.from_queryset(UsageCounterQuerySet)


class UsageCounter(ScopedRow):
    """How much of a feature a customer used in one period; `hard_limit` is the one at the last use, if any."""

    prefix: ClassVar[str] = "uct"

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+", db_index=False)
    feature = models.CharField(max_length=64)
    period_starts_at = models.DateTimeField()
    period_ends_at = models.DateTimeField()
    used = models.BigIntegerField()
    hard_limit = models.BigIntegerField(null=True, blank=True)
    # The highest threshold that was announced in this period, in percent of the limit.
    alerted_percent = models.PositiveSmallIntegerField(default=0)
    updated_at = models.DateTimeField()

    objects: ClassVar[UsageCounterManager["UsageCounter"]] = UsageCounterManager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "customer", "feature", "period_starts_at"], name="usage_usagecounter_once"
            ),
            models.CheckConstraint(condition=Q(used__gte=0), name="usage_usagecounter_used"),
            models.CheckConstraint(
                condition=Q(hard_limit=None) | Q(used__lte=F("hard_limit")), name="usage_usagecounter_within_limit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature}: {self.used}"
