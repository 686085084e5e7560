"""Tenants, their environments, and the record of finished requests."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import models, transaction
from django.db.models import Q

from core import errors, ids
from core.tenancy import Scope
from core.tenancy.rows import ScopedRow


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


class Environment(models.Model):
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
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EnvironmentQuerySet.as_manager()

    class Meta:
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
        ]

    def __str__(self) -> str:
        return f"{self.tenant.name} · {self.slug}" if "tenant" in self._state.fields_cache else self.slug

    @property
    def public_id(self) -> str:
        return ids.encode(self.prefix, self.id)

    def as_scope(self) -> Scope:
        """This function will return what code needs to work inside this environment."""
        return Scope(environment_id=self.id, tenant_id=self.tenant_id, kind=self.kind, clock_at=self.clock_at)

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
    """The first answer to a request with an `Idempotency-Key`, written in the transaction of its effect.

    A row that exists is a request that has finished: an unfinished one is an uncommitted row, on which a repeat waits.
    """

    prefix: ClassVar[str] = "idm"

    principal = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(default="")  # text, not jsonb: jsonb reorders keys and would not be byte-identical
    headers = models.JSONField(default=dict)
    request_id = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "principal", "key"], name="core_idempotency_once"),
            models.CheckConstraint(
                condition=Q(status=None) | Q(status__range=(200, 499)), name="core_idempotency_no_server_errors"
            ),
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
