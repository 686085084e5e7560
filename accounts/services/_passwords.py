"""Passwords: checked, changed, and replaced through a mail.

A hash takes a core for a while, so none is made inside a transaction: each verb reads, hashes, and then writes.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import credentials, emails
from accounts.models import Customer, Login, PasswordReset, User
from accounts.services import _attempts, _notices, _sessions
from accounts.signals import EmailVerified, PasswordChanged
from core import errors, events, tenancy
from core.actor import ANONYMOUS, Actor
from core.models import scope_of
from core.tenancy.system import system_scope
from jobs import services as jobs


class PasswordRefused(errors.Invalid):
    code = "validation_failed"
    title = "The password is too easy to guess."


class WrongPassword(errors.Invalid):
    code = "validation_failed"
    title = "The current password is not right."


class ResetTokenRefused(errors.Invalid):
    code = "reset_token_invalid"
    title = "This link has been used or has expired. Ask for a new one."


@dataclass(frozen=True, kw_only=True)
class _Link:
    """A mailed link that still works: which row, in which environment, whose password."""

    id: UUID
    scope: tenancy.Scope
    owner: Login | User


def refuse_weak(password: str, owner: Login | User, *, pointer: str) -> None:
    """This function will let a password pass that is long enough, not common and not like its owner's e-mail address.

    :raises PasswordRefused: with `errors` that point at the member of the body.
    """
    try:
        password_validation.validate_password(password, owner)  # type: ignore[arg-type]
    except ValidationError as cause:
        found = [{"pointer": pointer, "code": one.code, "message": one.messages[0]} for one in cause.error_list]
        raise PasswordRefused(errors=found) from None


def hash_new_password(*, email: str, password: str) -> str:
    """This function will return the hash of a password that somebody registers with.

    :raises PasswordRefused: if it is too easy.
    :raises accounts.hashers.TooManyHashes: when too many are under way.
    """
    # No environment has been entered yet, and a row that is only looked at belongs to none.
    refuse_weak(password, Login(email=emails.canonical(email), environment_id=None), pointer="/password")
    return make_password(password)


def matches(password: str, owner: Login | User | None) -> bool:
    """This function will tell whether a password is its owner's, in the same time when there is no such owner."""
    if owner is None or not owner.password.startswith("argon2"):
        make_password(password)
        return False
    return check_password(password, owner.password) and _sessions.is_welcome(owner)


def change_password(*, current: str, new: str, address: str, actor: Actor, now: datetime) -> _sessions.Tokens:
    """This function will replace the actor's password, end all sessions and begin a new one, in three transactions.

    :raises WrongPassword: if the current one is wrong; it counts as a failed log-in.
    :raises PasswordRefused: if the new one is too easy.
    :raises accounts.services.TooManyAttempts: after too many wrong ones.
    """
    owner = _read_owner(actor)
    knock = _attempts.Knock(account=owner.email, address=address)
    _attempts.count(knock, now=now)
    if not matches(current, owner):
        raise WrongPassword(errors=[{"pointer": "/current_password", "code": "wrong", "message": WrongPassword.title}])
    refuse_weak(new, owner, pointer="/new_password")
    return _finish_change(make_password(new), knock, seen=owner, actor=actor, now=now)


@transaction.atomic
def request_password_reset(*, email: str, now: datetime) -> None:
    """This function will have a reset link mailed to a customer of the environment in force, at most one a minute.

    An unknown address takes the same steps: its job finds nobody. Nothing in the answer or its time tells them apart.
    """
    account = emails.canonical(email)
    login_id = Login.objects.filter(email=account, disabled_at=None).values_list("id", flat=True).first()
    _ask_for_mail("accounts.mail_password_reset", account, {"login_id": str(login_id or "")}, now=now)


def request_member_reset(*, email: str, now: datetime) -> None:
    """This function will have a reset link mailed to a member or an operator, as `request_password_reset` does."""
    account = emails.canonical(email)
    with transaction.atomic(), tenancy.scope(scope_of(tenancy.PLATFORM_ID)):
        user_id = User.objects.filter(email=account, is_active=True).values_list("id", flat=True).first()
        _ask_for_mail("accounts.mail_member_reset", account, {"user_id": str(user_id or "")}, now=now)


def reset_password(*, token: str, password: str, actor: Actor = ANONYMOUS, now: datetime) -> None:
    """This function will replace the password that a mailed token is for, and end all sessions of its owner.

    The token finds its own environment. Whoever follows a mail has shown that its address is his.

    :raises ResetTokenRefused: if the token is unknown, used or expired.
    :raises PasswordRefused: if the password is too easy; the token stays good.
    """
    link = _find_link(token, now=now)
    refuse_weak(password, link.owner, pointer="/password")
    hashed = make_password(password)
    with transaction.atomic(), tenancy.scope(link.scope):
        row = PasswordReset.objects.select_for_update().filter(pk=link.id, used_at=None).first()
        if row is None:
            raise ResetTokenRefused
        # One link used makes the others of this person worthless.
        PasswordReset.objects.filter(login=row.login_id, user=row.user_id, used_at=None).update(used_at=now)
        owner = _lock(link.owner)
        replace(owner, hashed, actor=actor, by_reset=True, now=now)
        if isinstance(owner, Login):
            verify_address(owner.customer_id, owner.email, actor=f"customer:{_sessions.subject_of(owner)}", now=now)


@transaction.atomic
def verify_address(customer_id: UUID, email: str, *, actor: str, now: datetime) -> bool:
    """This function will note that a customer's address is his, unless it has become another; publish `EmailVerified`.

    It answers whether the address is still the customer's.
    """
    row = Customer.objects.select_for_update().filter(pk=customer_id, email=email).first()
    if row is not None and row.email_verified_at is None:
        row.email_verified_at = now
        row.save(update_fields=["email_verified_at"])
        events.publish(EmailVerified(subject=row.public_id, actor=actor, at=now, customer=row.public_id))
    return row is not None


def _ask_for_mail(kind: str, account: str, payload: dict[str, str], *, now: datetime) -> None:
    once = hashlib.sha256(f"{account}\x00{now:%Y%m%d%H%M}".encode()).hexdigest()
    jobs.enqueue(kind, payload=payload, key=once)


def _find_link(token: str, *, now: datetime) -> _Link:
    inside = tenancy.current()
    with system_scope("accounts: whose link is this"), transaction.atomic():
        rows = PasswordReset.objects.select_related("login", "user", "environment")
        row = rows.filter(hash=credentials.digest(token), used_at=None, expires_at__gt=now).first()
    if row is None or (isinstance(inside, tenancy.Scope) and row.login and inside != row.environment.as_scope()):
        raise ResetTokenRefused
    owner = row.login or row.user
    if owner is None or not _sessions.is_welcome(owner):
        raise ResetTokenRefused
    return _Link(id=row.pk, scope=row.environment.as_scope(), owner=owner)


def _lock(owner: Login | User) -> Login | User:
    return type(owner)._default_manager.select_for_update().get(pk=owner.pk)


@transaction.atomic
def _read_owner(actor: Actor) -> Login | User:
    return _sessions.find_owner(actor)


@transaction.atomic
def _finish_change(
    hashed: str, knock: _attempts.Knock, *, seen: Login | User, actor: Actor, now: datetime
) -> _sessions.Tokens:
    owner = _sessions.find_owner(actor)
    if owner.password != seen.password:
        raise WrongPassword  # somebody else was quicker
    _attempts.forgive(knock, now=now)
    replace(owner, hashed, actor=actor, by_reset=False, now=now)
    return _sessions.open_session(owner, now=now)


def replace(owner: Login | User, hashed: str, *, actor: Actor, by_reset: bool, now: datetime) -> None:
    """This function will put a hash in the place of a locked owner's password, end his sessions and tell him."""
    owner.password = hashed
    changed = ["password", "session_version"]
    if isinstance(owner, Login):
        owner.password_changed_at = now
        changed.append("password_changed_at")
    _sessions.revoke_sessions(owner, now=now)
    owner.save(update_fields=changed)
    subject = _sessions.subject_of(owner)
    author = actor.label if actor is not ANONYMOUS else f"{_sessions.kind_of(owner)}:{subject}"
    events.publish(PasswordChanged(subject=subject, actor=author, at=now, customer=subject, by_reset=by_reset))
    _notices.send("password_changed", owner, once=str(owner.session_version))
