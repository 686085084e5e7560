"""Logins: registered and used."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import emails
from accounts.models import Customer, Login, Membership, User
from accounts.services import _attempts, _passwords, _sessions
from accounts.services._customers import create_customer
from accounts.signals import CustomerRegistered
from core import errors, events, problems, tenancy
from core.actor import Actor
from core.http import refusals
from core.models import Environment, scope_of


class EmailTaken(errors.Conflict):
    code = "email_taken"
    title = "Somebody has registered with this e-mail address. Log in, or ask for a new password."


class WrongCredentials(refusals.Unauthenticated):
    """One answer for an unknown address, a wrong password and a disabled login."""

    code = "login_failed"
    title = "The e-mail address or the password is not right."


problems.constraint("accounts_login_email_once", EmailTaken)


@transaction.atomic
def register_customer(
    *, email: str, password: str, actor: Actor, now: datetime, wall: datetime, **particulars: Any
) -> tuple[Customer, _sessions.Tokens]:
    """This function will make a customer with a login, begin his first session and publish `CustomerRegistered`.

    `now` is on the environment's clock, `wall` on the machine's; `particulars` are those of `create_customer`.

    :raises EmailTaken: if a login has the e-mail address.
    :raises accounts.services.PasswordRefused: if the password is too easy.
    """
    account = emails.canonical(email)
    _passwords.refuse_weak(password, Login(email=account), pointer="/password")
    if Login.objects.filter(email=account).exists():
        raise EmailTaken
    customer = create_customer(email=account, actor=actor, now=now, **particulars)
    login = Login.objects.create(
        customer=customer, email=account, password=make_password(password), created_at=now, password_changed_at=wall
    )
    events.publish(
        CustomerRegistered(subject=customer.public_id, actor=actor.label, at=now, customer=customer.public_id)
    )
    return customer, _sessions.open_session(login, now=wall)


def log_in_customer(*, email: str, password: str, address: str, now: datetime) -> _sessions.Tokens:
    """This function will begin a session of a customer of the environment in force, in three transactions.

    `address` is the client's, `now` the machine's instant. A failed attempt stays counted although it is refused.

    :raises WrongCredentials: one answer, in the same time, whatever is wrong.
    :raises accounts.services.TooManyAttempts: while the caller is to wait.
    """
    knock = _attempts.Knock(account=emails.canonical(email), address=address)
    _attempts.count(knock, now=now)
    login = _find_login(knock.account)
    if not _passwords.matches(password, login) or login is None:
        raise WrongCredentials
    return _enter(login, knock, now=now)


def log_in_member(*, email: str, password: str, environment_id: UUID, address: str, now: datetime) -> _sessions.Tokens:
    """This function will begin a member's session in one environment of his tenant, in three transactions.

    Attempts are counted on the platform, so that naming another environment is no fresh start.

    :raises WrongCredentials: also if the environment is not of a tenant he belongs to.
    :raises accounts.services.TooManyAttempts: while the caller is to wait.
    """
    knock = _attempts.Knock(account=emails.canonical(email), address=address)
    with tenancy.scope(_scope(tenancy.PLATFORM_ID)):
        _attempts.count(knock, now=now)
    user = User.objects.filter(email=knock.account).first()
    environment = Environment.objects.of_tenants().filter(pk=environment_id).first()
    is_right = _passwords.matches(password, user)
    if not is_right or user is None or environment is None or not _belongs(user, environment):
        raise WrongCredentials
    with tenancy.scope(_scope(tenancy.PLATFORM_ID)):
        _attempts.forgive(knock, now=now)
    with tenancy.scope(environment.as_scope()), transaction.atomic():
        return _sessions.open_session(user, now=now)


def _belongs(user: User, environment: Environment) -> bool:
    return Membership.objects.filter(user=user, tenant_id=environment.tenant_id).exists()


@transaction.atomic
def _scope(environment_id: UUID) -> tenancy.Scope:
    return scope_of(environment_id)


@transaction.atomic
def _find_login(account: str) -> Login | None:
    return Login.objects.filter(email=account).first()


@transaction.atomic
def _enter(login: Login, knock: _attempts.Knock, *, now: datetime) -> _sessions.Tokens:
    _attempts.forgive(knock, now=now)
    return _sessions.open_session(login, now=now)
