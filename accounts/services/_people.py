"""Members and operators: who somebody is, proved by a password and, where one is enrolled, a code."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import emails
from accounts.models import Membership, User
from accounts.services import _attempts, _passwords, _second_factor, _sessions
from accounts.services._logins import WrongCredentials
from audit import services as audit
from core import tenancy
from core.actor import Actor
from core.models import Environment, scope_of


def log_in_member(
    *, email: str, password: str, environment_id: UUID, address: str, now: datetime, code: str = ""
) -> _sessions.Tokens:  # fmt: skip
    """This function will begin a member's session in one environment of his tenant, in several transactions.

    Attempts are counted on the platform, so that naming another environment is no fresh start.

    :raises WrongCredentials: also if the environment is not of a tenant he belongs to.
    :raises SecondFactorRequired: if the password is right and a code is needed.
    :raises accounts.services.TooManyAttempts: while the caller is to wait.
    """
    knock = _attempts.Knock(account=emails.canonical(email), address=address)
    user = _checked(knock, password, now=now)
    environment = _environment_for(user, environment_id)
    _check_code(user, code)
    _forgive(knock, now=now)
    with tenancy.scope(environment.as_scope()), transaction.atomic():
        return _sessions.open_session(user, now=now)


def step_up(*, password: str, address: str, actor: Actor, now: datetime, code: str = "") -> _sessions.Tokens:
    """This function will begin a fresh session of a member, who has shown once more that it is he.

    :raises WrongCredentials, SecondFactorRequired, accounts.services.TooManyAttempts: as when he logs in.
    """
    user = _read(actor)
    knock = _attempts.Knock(account=user.email, address=address)
    _checked(knock, password, now=now)
    _check_code(user, code)
    _forgive(knock, now=now)
    with transaction.atomic():
        return _sessions.open_session(user, now=now)


def identify_operator(*, email: str, password: str, address: str, now: datetime) -> User:
    """This function will return the operator of an e-mail address and a password.

    Where a code is still to come, the attempt stays counted until the code is right.

    :raises WrongCredentials: one answer, whatever is wrong; also for who may not enter the console.
    :raises accounts.services.TooManyAttempts: while the caller is to wait.
    """
    knock = _attempts.Knock(account=emails.canonical(email), address=address)
    try:
        user = _checked(knock, password, now=now)
        if not user.is_staff:
            raise WrongCredentials
    except WrongCredentials:
        _record("console.refused", "anonymous:anonymous", outcome="denied")
        raise
    if not _second_factor.is_enrolled(user):
        _forgive(knock, now=now)
    return user


def confirm_operator(user: User, *, code: str, address: str, now: datetime) -> None:
    """This function will use up a code of an operator whose password was right.

    :raises CodeRefused: for a wrong or a used code; it counts as a failed log-in.
    :raises accounts.services.TooManyAttempts: while the caller is to wait.
    """
    knock = _attempts.Knock(account=user.email, address=address)
    _count(knock, now=now)
    if not _second_factor.accept_code(user, code):
        _record("console.refused", f"operator:{user.public_id}", outcome="denied")
        raise _second_factor.CodeRefused
    _forgive(knock, now=now)


def reprove_operator(user: User, *, password: str, code: str, address: str, now: datetime) -> None:
    """This function will check an operator's password and code once more, before something that asks for it.

    :raises WrongCredentials, SecondFactorRequired, accounts.services.TooManyAttempts: as when he logs in.
    """
    knock = _attempts.Knock(account=user.email, address=address)
    _checked(knock, password, now=now)
    _check_code(user, code)
    _forgive(knock, now=now)
    _record("console.stepped_up", f"operator:{user.public_id}")


def change_operator_password(user: User, *, current: str, new: str, address: str, now: datetime) -> User:
    """This function will replace an operator's password and end his sessions; it returns him as he is now.

    :raises WrongCredentials: if the current one is wrong; it counts as a failed log-in.
    :raises accounts.services.PasswordRefused: if the new one is too easy.
    :raises accounts.services.TooManyAttempts: while the caller is to wait.
    """
    knock = _attempts.Knock(account=user.email, address=address)
    _checked(knock, current, now=now)
    _passwords.refuse_weak(new, user, pointer="/new")
    hashed = make_password(new)
    actor = Actor(type="operator", id=user.public_id)
    with transaction.atomic(), tenancy.scope(scope_of(tenancy.PLATFORM_ID)):
        _attempts.forgive(knock, now=now)
        found = User.objects.select_for_update().get(pk=user.pk)
        _passwords.replace(found, hashed, actor=actor, by_reset=False, now=now)
    return found


def note_console_login(user: User) -> None:
    """This function will write into the audit log that an operator has come in."""
    _record("console.logged_in", f"operator:{user.public_id}")


def _checked(knock: _attempts.Knock, password: str, *, now: datetime) -> User:
    """The person, his attempt counted; the password is hashed while no transaction is open."""
    _count(knock, now=now)
    user = User.objects.filter(email=knock.account).first()
    if not _passwords.matches(password, user) or user is None:
        raise WrongCredentials
    return user


def _check_code(user: User, code: str) -> None:
    if not _second_factor.is_enrolled(user):
        return
    if not code:
        raise _second_factor.SecondFactorRequired
    if not _second_factor.accept_code(user, code):
        raise WrongCredentials


def _environment_for(user: User, environment_id: UUID) -> Environment:
    environment = Environment.objects.of_tenants().filter(pk=environment_id).first()
    if environment is None or not Membership.objects.filter(user=user, tenant_id=environment.tenant_id).exists():
        raise WrongCredentials
    return environment


@transaction.atomic
def _read(actor: Actor) -> User:
    owner = _sessions.find_owner(actor)
    if not isinstance(owner, User):
        raise WrongCredentials
    return owner


def _count(knock: _attempts.Knock, *, now: datetime) -> None:
    with transaction.atomic(), tenancy.scope(scope_of(tenancy.PLATFORM_ID)):
        _attempts.count(knock, now=now)


def _forgive(knock: _attempts.Knock, *, now: datetime) -> None:
    with transaction.atomic(), tenancy.scope(scope_of(tenancy.PLATFORM_ID)):
        _attempts.forgive(knock, now=now)


@transaction.atomic
def _record(action: str, actor: str, *, outcome: str = "success") -> None:
    with tenancy.scope(scope_of(tenancy.PLATFORM_ID)):
        audit.record(action=action, target="", actor=actor, outcome=outcome)
