"""API keys: issued, revoked, rotated."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts import credentials, roles
from accounts.models import ApiKey, ApiKeyEnded
from accounts.signals import ApiKeyIssued, ApiKeyLimited, ApiKeyRevoked
from core import errors, events, tenancy
from core.actor import Actor
from core.limits import Limits, columns

OVERLAP = timedelta(hours=24)


class ScopeUnknown(errors.Invalid):
    code = "validation_failed"
    title = "No route asks for this scope."


class ScopeRefused(errors.Forbidden):
    code = "scope_refused"
    title = "A key cannot be given more than its maker may do."


@dataclass(frozen=True, kw_only=True)
class IssuedKey:
    """A key with its secret, which exists only here and in the answer to the request."""

    key: ApiKey
    secret: str

    def __repr__(self) -> str:
        return f"IssuedKey({self.key.public_id})"


@transaction.atomic
def issue_api_key(
    *, type: str = "secret", name: str = "", scopes: Iterable[str] = ("read", "write"),  # noqa: A002 - the field's name
    expires_at: datetime | None = None, actor: Actor, now: datetime,
) -> IssuedKey:  # fmt: skip
    """This function will make an API key of the environment in force and publish `ApiKeyIssued`.

    `type` is `secret`, `publishable` (which has no scopes) or `system` (in the platform's environment only); `scopes`
    such as `read`, `write` or `usage:write`; `expires_at` and `now` are instants of the machine's clock.

    :raises ScopeRefused: if the actor does not hold a scope himself, or the kind of key does not go with it.
    :raises ScopeUnknown: for a scope that no route asks for.
    :raises core.errors.Invalid: for an end that lies behind.
    """
    granted = _granted(type, scopes, actor)
    if expires_at is not None and expires_at <= now:
        raise errors.Invalid("The key would have expired already.")
    text = credentials.new_key(_prefix(type))
    row = ApiKey.objects.create(
        type=type, name=name, lookup=text.lookup, hash=credentials.digest(text.text), last_four=text.last_four,
        scopes=granted, created_at=now, expires_at=expires_at,
    )  # fmt: skip
    events.publish(
        ApiKeyIssued(
            subject=row.public_id,
            actor=actor.label,
            at=now,
            key_type=type,
            scopes=tuple(granted),
            expires_at=expires_at,
        )
    )
    return IssuedKey(key=row, secret=text.text)


@transaction.atomic
def revoke_api_key(*, key_id: UUID, reason: str = "", actor: Actor, now: datetime) -> ApiKey:
    """This function will end a key at once and publish `ApiKeyRevoked`.

    :raises accounts.models.ApiKeyEnded: if it has been.
    :raises core.errors.NotFound: if the environment has no such key.
    """
    row = _locked(key_id)
    _end(row, at=now, replaced_by=None, reason=reason, actor=actor, now=now)
    return row


@transaction.atomic
def rotate_api_key(
    *, key_id: UUID, overlap: timedelta = OVERLAP, reason: str = "rotated", actor: Actor, now: datetime
) -> IssuedKey:
    """This function will issue a key like another, its limits included; both work for the overlap, then one ends.

    :raises accounts.models.ApiKeyEnded: if the old key has ended.
    :raises ScopeRefused: if the actor does not hold the key's scopes himself.
    :raises core.errors.NotFound: if the environment has no such key.
    """
    old = _locked(key_id)
    if not old.is_usable(at=now):
        raise ApiKeyEnded
    new = issue_api_key(
        type=old.type, name=old.name, scopes=old.scopes, expires_at=old.expires_at, actor=actor, now=now
    )
    new.key.limit_to(old.limits)
    new.key.save(update_fields=columns())
    _end(old, at=now + overlap, replaced_by=new.key.public_id, reason=reason, actor=actor, now=now)
    return new


@transaction.atomic
def limit_api_key(*, key_id: UUID, limits: Limits, reason: str = "", actor: Actor, now: datetime) -> ApiKey:
    """This function will say how often a key may be used and publish `ApiKeyLimited`, if anything differs.

    :raises core.limits.LimitsRefused: for a number that is no limit.
    :raises core.errors.NotFound: if the environment has no such key.
    """
    row = _locked(key_id)
    if row.limit_to(limits):
        row.save(update_fields=columns())
        told = asdict(row.limits)
        events.publish(ApiKeyLimited(subject=row.public_id, actor=actor.label, at=now, reason=reason, **told))
    return row


def _end(row: ApiKey, *, at: datetime, replaced_by: str | None, reason: str, actor: Actor, now: datetime) -> None:
    row.revoke(at=at)
    row.save(update_fields=["revoked_at"])
    events.publish(
        ApiKeyRevoked(
            subject=row.public_id, actor=actor.label, at=now, ends_at=at, replaced_by=replaced_by, reason=reason
        )
    )


def _locked(key_id: UUID) -> ApiKey:
    row = ApiKey.objects.select_for_update().filter(pk=key_id).first()
    if row is None:
        raise errors.NotFound
    return row


def _granted(kind: str, scopes: Iterable[str], actor: Actor) -> list[str]:
    wanted = [] if kind == ApiKey.Type.PUBLISHABLE else sorted(set(scopes))
    for scope in wanted:
        if not roles.is_scope(scope):
            found = {"pointer": "/scopes", "code": "unknown_scope", "message": f"{scope[:60]!r} is no scope."}
            raise ScopeUnknown(errors=[found])
        if not actor.may(scope):
            raise ScopeRefused(scope=scope)
    if (kind == ApiKey.Type.SYSTEM) != (tenancy.environment_id() == tenancy.PLATFORM_ID):
        raise ScopeRefused("System keys, and only they, belong to the platform.")
    return wanted


def _prefix(kind: str) -> str:
    if kind == ApiKey.Type.SYSTEM:
        return "sys"
    short = "sk" if kind == ApiKey.Type.SECRET else "pk"
    return f"{short}_{'live' if tenancy.require().is_live else 'test'}"
