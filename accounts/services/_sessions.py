"""Sessions: an access token for half an hour, and a chain of refresh tokens that each work once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import credentials, tokens
from accounts.models import Login, RefreshToken, User
from accounts.services import _notices
from accounts.signals import RefreshTokenReused, SessionsEnded
from core import errors, events, ids, tenancy
from core.actor import Actor
from core.http import refusals
from core.models import Environment
from core.tenancy.system import system_scope

IDLE = timedelta(days=14)
LONGEST = timedelta(days=30)
# Whoever lost the answer to a refresh may ask once more.
GRACE = timedelta(seconds=10)

Owner = Login | User


class RefreshRefused(refusals.Unauthenticated):
    code = "invalid_refresh_token"
    title = "The refresh token is not valid. Log in again."


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a client gets for logging in. `expires_in` is in seconds."""

    subject: str
    access_token: str
    refresh_token: str
    expires_in: int

    def __repr__(self) -> str:
        return f"Tokens({self.subject})"


def open_session(owner: Owner, *, now: datetime) -> Tokens:
    """This function will begin a session of a customer or a member in the environment in force."""
    token, family = credentials.new_token(), ids.new()
    _store(token, owner, family=family, authenticated_at=now, ends_at=now + LONGEST, now=now)
    return _tokens(owner, family, token, authenticated_at=now, now=now)


def refresh_session(*, refresh_token: str, now: datetime) -> Tokens:
    """This function will exchange a refresh token for the next one and a new access token.

    A token that comes back after its use ends its whole session: either its thief or its owner holds the successor.
    That end is committed although the request is refused.

    :raises RefreshRefused: if the token is unknown, expired, revoked or used before.
    """
    environment = _environment_of(refresh_token)
    if environment is None:
        raise RefreshRefused
    with tenancy.scope(environment.as_scope()):
        found = _rotate(refresh_token, now=now)
    if found is None:
        raise RefreshRefused
    return found


@transaction.atomic
def end_session(*, refresh_token: str, actor: Actor, now: datetime) -> None:
    """This function will end the actor's session that a refresh token belongs to; another's is left alone, silently."""
    row = _locked(refresh_token)
    if row is not None and subject_of(_owner(row)) == actor.id:
        _revoke(family=row.family, now=now)


@transaction.atomic
def end_all_sessions(*, actor: Actor, now: datetime) -> None:
    """This function will end every session of a customer or a member and publish `SessionsEnded`."""
    owner = find_owner(actor)
    revoke_sessions(owner, now=now)
    owner.save(update_fields=["session_version"])
    events.publish(SessionsEnded(subject=actor.id, actor=actor.label, at=now))


def revoke_sessions(owner: Owner, *, now: datetime) -> None:
    """This function will make every token of an owner worthless; the caller saves his `session_version`."""
    owner.session_version += 1
    mine = {"login": owner} if isinstance(owner, Login) else {"user": owner}
    RefreshToken.objects.filter(**mine, revoked_at=None).update(revoked_at=now)


def find_owner(actor: Actor) -> Owner:
    """This function will return and lock the login or the user behind an actor.

    :raises core.errors.NotFound: if the actor is neither a customer with a login nor a member.
    """
    owner: Owner | None = None
    if actor.customer_id is not None:
        owner = Login.objects.select_for_update().filter(customer_id=actor.customer_id).first()
    elif actor.type == "member":
        owner = User.objects.select_for_update().filter(pk=ids.decode(User.prefix, actor.id)).first()
    if owner is None:
        raise errors.NotFound
    return owner


def subject_of(owner: Owner) -> str:
    """This function will return the public id that tokens of an owner speak of."""
    return ids.encode("cus", owner.customer_id) if isinstance(owner, Login) else owner.public_id


def kind_of(owner: Owner) -> str:
    """This function will return the type of actor an owner is."""
    return "customer" if isinstance(owner, Login) else "member"


def is_welcome(owner: Owner) -> bool:
    """This function will tell whether an owner may have sessions at all."""
    return owner.disabled_at is None if isinstance(owner, Login) else owner.is_active


def keyring() -> tokens.Keyring:
    """This function will return the secrets that sign access tokens, from the settings."""
    previous = tuple(getattr(settings, "JWT_PREVIOUS_SECRETS", ()))
    return tokens.Keyring(issuer=settings.PUBLIC_URL, secret=settings.JWT_SECRET, previous=previous)


def _environment_of(refresh_token: str) -> Environment | None:
    inside = tenancy.current()
    with system_scope("accounts: whose refresh token is this"), transaction.atomic():
        rows = RefreshToken.objects.select_related("environment")
        row = rows.filter(hash=credentials.digest(refresh_token)).first()
    if row is None or (_is_tenants(inside) and inside != row.environment.as_scope()):
        return None
    return row.environment


def _is_tenants(scope: object) -> bool:
    return isinstance(scope, tenancy.Scope) and scope.environment_id != tenancy.PLATFORM_ID


@transaction.atomic
def _rotate(refresh_token: str, *, now: datetime) -> Tokens | None:
    row = _locked(refresh_token)
    if row is None or not _is_alive(row, now=now):
        return None
    following = credentials.successor(refresh_token, secret=settings.JWT_SECRET)
    if row.used_at is None:
        row.used_at = now
        row.save(update_fields=["used_at"])
        _store(
            following, _owner(row), family=row.family, authenticated_at=row.authenticated_at,
            ends_at=row.family_expires_at, now=now,
        )  # fmt: skip
    elif not _may_ask_again(row, following, now=now):
        _end_reused(row, now=now)
        return None
    return _tokens(_owner(row), row.family, following, authenticated_at=row.authenticated_at, now=now)


def _is_alive(row: RefreshToken, *, now: datetime) -> bool:
    owner = _owner(row)
    is_current = row.session_version == owner.session_version and is_welcome(owner)
    return is_current and row.revoked_at is None and now < min(row.expires_at, row.family_expires_at)


def _may_ask_again(row: RefreshToken, following: str, *, now: datetime) -> bool:
    is_early = row.used_at is not None and now <= row.used_at + GRACE
    return is_early and RefreshToken.objects.filter(hash=credentials.digest(following), used_at=None).exists()


def _end_reused(row: RefreshToken, *, now: datetime) -> None:
    _revoke(family=row.family, now=now)
    owner = _owner(row)
    subject = subject_of(owner)
    actor = f"{kind_of(owner)}:{subject}"
    events.publish(RefreshTokenReused(subject=subject, actor=actor, at=now, session=str(row.family)))
    _notices.send("token_reused", owner, once=str(row.family))


def _revoke(*, family: UUID, now: datetime) -> None:
    RefreshToken.objects.filter(family=family, revoked_at=None).update(revoked_at=now)


def _locked(refresh_token: str) -> RefreshToken | None:
    rows = RefreshToken.objects.select_related("login", "user").select_for_update(of=("self",))
    return rows.filter(hash=credentials.digest(refresh_token)).first()


def _owner(row: RefreshToken) -> Owner:
    owner = row.login or row.user
    assert owner is not None, "a check constraint gives every refresh token an owner"  # noqa: S101
    return owner


def _store(
    token: str, owner: Owner, *, family: UUID, authenticated_at: datetime | None, ends_at: datetime, now: datetime
) -> None:
    RefreshToken.objects.create(
        login=owner if isinstance(owner, Login) else None, user=owner if isinstance(owner, User) else None,
        family=family, hash=credentials.digest(token), session_version=owner.session_version,
        authenticated_at=authenticated_at, created_at=now,
        expires_at=min(now + IDLE, ends_at), family_expires_at=ends_at,
    )  # fmt: skip


def _tokens(
    owner: Owner, family: UUID, refresh_token: str, *, authenticated_at: datetime | None, now: datetime
) -> Tokens:
    claims = tokens.Claims(
        subject=subject_of(owner), environment_id=tenancy.environment_id(), session_version=owner.session_version,
        session=family, authenticated_at=authenticated_at,
    )  # fmt: skip
    return Tokens(
        subject=claims.subject, access_token=tokens.write(claims, keyring=keyring(), now=now),
        refresh_token=refresh_token, expires_in=int(tokens.LIFETIME.total_seconds()),
    )  # fmt: skip
