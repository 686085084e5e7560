"""The credentials of programs."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from core import errors, limits
from core.limits import Limited
from core.tenancy.rows import ScopedManager, ScopedQuerySet, ScopedRow


class ApiKeyEnded(errors.Conflict):
    code = "api_key_ended"
    title = "The API key has been revoked or has expired."


class ApiKeyQuerySet(ScopedQuerySet["ApiKey"]):
    def usable(self, *, at: datetime) -> "ApiKeyQuerySet":
        """The keys that open the door at an instant: neither revoked nor expired by then."""
        return self.filter(Q(revoked_at=None) | Q(revoked_at__gt=at), Q(expires_at=None) | Q(expires_at__gt=at))


ApiKeyManager = ScopedManager.from_queryset(ApiKeyQuerySet)


class ApiKey(ScopedRow, Limited):
    """A credential of a program. Only its hash is kept; `lookup` and `last_four` let people recognize it.

    A `revoked_at` in the future is the overlap of a rotation: until then the old key works beside the new one. Its
    instants are the machine's, so that a sandbox's travelling clock neither opens nor closes a door.
    """

    class Type(models.TextChoices):
        SECRET = "secret"
        PUBLISHABLE = "publishable"
        SYSTEM = "system"

    prefix: ClassVar[str] = "key"

    type = models.CharField(max_length=11, choices=Type.choices)
    name = models.CharField(max_length=200, blank=True, default="")
    lookup = models.CharField(max_length=8, unique=True)
    hash = models.BinaryField(max_length=32)
    last_four = models.CharField(max_length=4)
    scopes = ArrayField(models.CharField(max_length=60), default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ApiKeyManager["ApiKey"]] = ApiKeyManager()

    class Meta:
        verbose_name = "API key"
        permissions: ClassVar = [
            ("issue_apikey", "Can issue an API key"),
            ("rotate_apikey", "Can rotate an API key"),
            ("revoke_apikey", "Can revoke an API key"),
            ("limit_apikey", "Can say how often a key may be used"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(type__in=("secret", "publishable", "system")), name="accounts_apikey_known_type"
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")),
                name="accounts_apikey_expires_after_birth",
            ),
            limits.sensible("accounts_apikey_limits"),
        ]

    def is_usable(self, *, at: datetime) -> bool:
        """This function will tell whether the key is neither revoked nor expired at an instant."""
        return not any(end is not None and end <= at for end in (self.revoked_at, self.expires_at))

    def revoke(self, *, at: datetime) -> None:
        """This function will end the key at an instant, which may lie ahead and never moves back out.

        :raises ApiKeyEnded: if it has ended by then already.
        """
        if self.revoked_at is not None and self.revoked_at <= at:
            raise ApiKeyEnded
        self.revoked_at = at
