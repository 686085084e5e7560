"""Tenants, their environments, and the record of finished requests."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Func, Q, Value, lookups

from core import errors, ids, limits
from core.limits import Limited
from core.tenancy import Scope
from core.tenancy.rows import ScopedRow


def _octets(column: str) -> Func:
    return Func(models.F(column), function="octet_length", output_field=models.IntegerField())


def _joined(column: str) -> Func:
    return Func(models.F(column), Value(" "), function="array_to_string", output_field=models.TextField())


# A scheme, a host and perhaps a port, as browsers write it.
ORIGIN = r"https?://[a-z0-9]([a-z0-9.-]{0,180}[a-z0-9])?(:[1-9][0-9]{0,4})?"
MOST_ORIGINS = 20


class OriginRefused(errors.Invalid):
    """`origin` is the one that is refused, where it is one."""

    code = "origin_refused"
    title = "At most 20 origins are possible, each a scheme, a host and perhaps a port; live ones with https."


class ClockRefused(errors.Conflict):
    code = "clock_refused"
    title = "Only a sandbox environment's clock can be moved, and only forward."


class ClockMoving(errors.Conflict):
    code = "clock_moving"
    title = "The environment's clock is still on its way to an earlier target."


class Tenant(models.Model):
    """A company that bills with Perennial. One, `default`, exists from the first migration."""

    prefix: ClassVar[str] = "tnt"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return ids.encode(self.prefix, self.id)


class EnvironmentQuerySet(models.QuerySet["Environment"]):
    def of_tenants(self) -> "EnvironmentQuerySet":
        """The environments that hold business: all but the platform's own."""
        return self.exclude(kind=Environment.Kind.PLATFORM)


class Environment(Limited):
    """A tenant's `live` world or a `sandbox` of it. `platform` holds what belongs to no tenant."""

    class Kind(models.TextChoices):
        LIVE = "live"
        SANDBOX = "sandbox"
        PLATFORM = "platform"

    prefix: ClassVar[str] = "env"

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="environments")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    slug = models.SlugField(max_length=40)
    clock_at = models.DateTimeField(null=True, blank=True, help_text="The frozen clock of a sandbox; empty: real time.")
    advancing_to = models.DateTimeField(
        null=True, blank=True, help_text="Where the clock is on its way to, if it moves."
    )
    allowed_origins = ArrayField(
        models.CharField(max_length=200), default=list, blank=True,
        help_text="Web pages of these origins may read the API's answers in this environment.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EnvironmentQuerySet.as_manager()

    class Meta:
        permissions: ClassVar = [
            ("allow_origins_environment", "Can allow web pages of other origins"),
            ("advance_clock_environment", "Can move a sandbox's clock"),
            ("limit_environment", "Can say how often an environment may be asked"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "slug"], name="core_environment_slug_per_tenant"),
            models.UniqueConstraint(fields=["tenant"], condition=Q(kind="live"), name="core_environment_one_live"),
            models.CheckConstraint(
                condition=Q(clock_at=None) | Q(kind="sandbox"), name="core_environment_only_sandboxes_freeze"
            ),
            models.CheckConstraint(
                condition=Q(advancing_to=None) | Q(clock_at__lte=models.F("advancing_to")),
                name="core_environment_clocks_go_forward",
            ),
            models.CheckConstraint(
                condition=lookups.Regex(_joined("allowed_origins"), rf"^({ORIGIN}( |$))*$"),
                name="core_environment_origins_are_origins",
            ),
            models.CheckConstraint(
                condition=~Q(kind="live") | ~Q(lookups.Regex(_joined("allowed_origins"), "http://")),
                name="core_environment_live_over_https",
            ),
            models.CheckConstraint(
                condition=Q(allowed_origins__len__lte=MOST_ORIGINS), name="core_environment_few_origins"
            ),
            limits.sensible("core_environment_limits"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant.name} · {self.slug}" if "tenant" in self._state.fields_cache else self.slug

    @property
    def public_id(self) -> str:
        return ids.encode(self.prefix, self.id)

    def as_scope(self) -> Scope:
        """This function will return what code needs to work inside this environment."""
        return Scope(environment_id=self.id, tenant_id=self.tenant_id, kind=self.kind, clock_at=self.clock_at)

    @property
    def environment(self) -> "Environment":
        """Itself: the console works in the environment of the row whose button is pressed."""
        return self

    def allow_origins(self, origins: Iterable[str]) -> bool:
        """This function will replace the allowed origins, and tell whether anything differs.

        :raises OriginRefused: for what is no origin, too many of them, or plain http in a live environment.
        """
        wanted = sorted(set(origins))
        for origin in wanted:
            if not re.fullmatch(ORIGIN, origin) or (self.kind == self.Kind.LIVE and origin.startswith("http://")):
                raise OriginRefused(origin=origin[:200])
        if len(wanted) > MOST_ORIGINS:
            raise OriginRefused
        before, self.allowed_origins = self.allowed_origins, wanted
        return bool(before != wanted)

    def begin_advance(self, *, to: datetime, now: datetime) -> None:
        """This function will freeze the clock at `now` and set out for a later instant.

        :raises ClockRefused: for a live environment, or if `to` lies before the clock.
        :raises ClockMoving: if the clock is on its way already.
        """
        if self.kind != self.Kind.SANDBOX or to < now:
            raise ClockRefused
        if self.advancing_to is not None:
            raise ClockMoving(advancing_to=self.advancing_to.isoformat())
        self.clock_at, self.advancing_to = now, to


class IdempotencyRecord(ScopedRow):
    """The first answer to a request with an `Idempotency-Key`, and until there is one, how far the request has come.

    Written by `core.idempotency` alone. Where the effect is local the record is committed with it, `completed`. Where
    a gateway is asked the record is committed first, `in_flight`, and names the row of the domain that knows the rest:
    `effect` says which verb, `subject` which row. Bodies are text: jsonb reorders keys and would not be
    byte-identical. A body above the limit is not kept; `resource` names what is shown again in its place.
    """

    class State(models.TextChoices):
        IN_FLIGHT = "in_flight"
        COMPLETED = "completed"

    class Point(models.TextChoices):
        STARTED = "started"
        INTENT_RECORDED = "intent_recorded"
        GATEWAY_ANSWERED = "gateway_answered"
        FINISHED = "finished"

    prefix: ClassVar[str] = "idm"
    MAX_BODY: ClassVar[int] = 65_536
    # A refusal that came out of executing the request is its result; everything else may be asked again.
    KEPT_REFUSALS: ClassVar[tuple[int, ...]] = (402, 404, 409, 410, 422)

    principal = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    state = models.CharField(max_length=9, choices=State.choices, default=State.IN_FLIGHT)
    recovery_point = models.CharField(max_length=16, choices=Point.choices, default=Point.STARTED)
    fence = models.BigIntegerField(default=1, help_text="Counts the owners; whoever holds an older one writes nothing.")
    locked_until = models.DateTimeField(null=True)
    effect = models.CharField(max_length=100, blank=True, default="")
    subject = models.UUIDField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(default="")
    headers = models.JSONField(default=dict)
    resource = models.CharField(max_length=64, blank=True, default="")
    request_id = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "principal", "key"], name="core_idempotency_once"),
            models.CheckConstraint(
                condition=Q(status=None) | Q(status__range=(200, 299)) | Q(status__in=(402, 404, 409, 410, 422)),
                name="core_idempotency_only_results_are_kept",
            ),
            models.CheckConstraint(
                condition=Q(
                    state="completed", recovery_point="finished", status__isnull=False, completed_at__isnull=False,
                    locked_until=None,
                ) | Q(
                    state="in_flight", recovery_point__in=("started", "intent_recorded", "gateway_answered"),
                    status=None, completed_at=None, locked_until__isnull=False, body="", resource="",
                ),
                name="core_idempotency_completed_has_an_answer",
            ),
            models.CheckConstraint(
                condition=Q(recovery_point__in=("started", "finished")) | (~Q(effect="") & Q(subject__isnull=False)),
                name="core_idempotency_under_way_can_go_on",
            ),
            models.CheckConstraint(condition=~Q(key="") & ~Q(principal=""), name="core_idempotency_named"),
            models.CheckConstraint(
                condition=lookups.Exact(_octets("fingerprint"), 32), name="core_idempotency_fingerprint_is_sha256"
            ),
            models.CheckConstraint(
                condition=lookups.LessThanOrEqual(_octets("body"), 65_536), name="core_idempotency_body_limit"
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], condition=Q(state="completed"), name="core_idempotency_expired"),
            models.Index(fields=["locked_until"], condition=Q(state="in_flight"), name="core_idempotency_in_flight"),
        ]


def scope_of(environment_id: UUID) -> Scope:
    """This function will return the scope of an environment, its clock included, as of now.

    :raises core.errors.NotFound: if there is no such environment.
    """
    with transaction.atomic():  # also callable from inside a scope, where every query needs a transaction
        row = Environment.objects.filter(pk=environment_id).first()
    if row is None:
        raise errors.NotFound
    return row.as_scope()
