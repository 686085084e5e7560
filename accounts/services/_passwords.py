"""Passwords: checked, changed, and replaced through a mail."""

import hashlib
from datetime import datetime

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import credentials, emails
from accounts.models import Login, PasswordReset, User
from accounts.services import _attempts, _sessions
from accounts.signals import PasswordChanged
from core import errors, events
from core.actor import ANONYMOUS, Actor
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


def refuse_weak(password: str, owner: Login | User, *, pointer: str) -> None:
    """This function will let a password pass that is long enough, not common and not like its owner's e-mail address.

    :raises PasswordRefused: with `errors` that point at the member of the body.
    """
    try:
        password_validation.validate_password(password, owner)  # type: ignore[arg-type]
    except ValidationError as cause:
        found = [{"pointer": pointer, "code": one.code, "message": one.messages[0]} for one in cause.error_list]
        raise PasswordRefused(errors=found) from None


def matches(password: str, owner: Login | User | None) -> bool:
    """This function will tell whether a password is its owner's, in the same time when there is no such owner."""
    if owner is None:
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
    return _finish_change(new, knock, seen=owner, actor=actor, now=now)


@transaction.atomic
def request_password_reset(*, email: str, now: datetime) -> None:
    """This function will have a reset link mailed, at most one a minute.

    An unknown address takes the same steps: its job finds nobody. Nothing in the answer or its time tells them apart.
    """
    account = emails.canonical(email)
    login_id = Login.objects.filter(email=account, disabled_at=None).values_list("id", flat=True).first()
    once = hashlib.sha256(f"{account}\x00{now:%Y%m%d%H%M}".encode()).hexdigest()
    jobs.enqueue("accounts.mail_password_reset", payload={"login_id": str(login_id or "")}, key=once)


@transaction.atomic
def reset_password(*, token: str, password: str, actor: Actor = ANONYMOUS, now: datetime) -> None:
    """This function will replace the password of the login a mailed token belongs to, and end all its sessions.

    :raises ResetTokenRefused: if the token is unknown, used or expired.
    :raises PasswordRefused: if the password is too easy; the token stays good.
    """
    rows = PasswordReset.objects.select_related("login").select_for_update(of=("self",))
    row = rows.filter(hash=credentials.digest(token), used_at=None, expires_at__gt=now).first()
    if row is None or not _sessions.is_welcome(row.login):
        raise ResetTokenRefused
    refuse_weak(password, row.login, pointer="/password")
    # One link used makes the others of this login worthless.
    PasswordReset.objects.filter(login=row.login, used_at=None).update(used_at=now)
    _replace(row.login, password, actor=actor, by_reset=True, now=now)


@transaction.atomic
def _read_owner(actor: Actor) -> Login | User:
    return _sessions.find_owner(actor)


@transaction.atomic
def _finish_change(
    new: str, knock: _attempts.Knock, *, seen: Login | User, actor: Actor, now: datetime
) -> _sessions.Tokens:
    owner = _sessions.find_owner(actor)
    if owner.password != seen.password:
        raise WrongPassword  # somebody else was quicker
    _attempts.forgive(knock, now=now)
    _replace(owner, new, actor=actor, by_reset=False, now=now)
    return _sessions.open_session(owner, now=now)


def _replace(owner: Login | User, password: str, *, actor: Actor, by_reset: bool, now: datetime) -> None:
    owner.password = make_password(password)
    changed = ["password", "session_version"]
    if isinstance(owner, Login):
        owner.password_changed_at = now
        changed.append("password_changed_at")
    _sessions.revoke_sessions(owner, now=now)
    owner.save(update_fields=changed)
    subject = _sessions.subject_of(owner)
    author = actor.label if actor is not ANONYMOUS else f"customer:{subject}"
    events.publish(PasswordChanged(subject=subject, actor=author, at=now, customer=subject, by_reset=by_reset))
