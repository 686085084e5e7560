"""Logins: registered and used."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import emails
from accounts.models import Customer, Login
from accounts.services import _attempts, _passwords, _sessions, _verification
from accounts.services._customers import create_customer
from accounts.signals import CustomerRegistered
from core import errors, events, problems
from core.actor import Actor
from core.http import refusals


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
    *, email: str, password_hash: str, actor: Actor, now: datetime, wall: datetime, **particulars: Any
) -> tuple[Customer, _sessions.Tokens]:
    """This function will make a customer with a login, begin his first session and publish `CustomerRegistered`.

    `now` is on the environment's clock, `wall` on the machine's; `particulars` are those of `create_customer`.

    `password_hash` is that of `hash_new_password`. The address is written to, to prove that it is his.

    :raises EmailTaken: if a login has the e-mail address.
    """
    account = emails.canonical(email)
    if Login.objects.filter(email=account).exists():
        raise EmailTaken
    customer = create_customer(email=account, actor=actor, now=now, **particulars)
    login = Login.objects.create(
        customer=customer, email=account, password=password_hash, created_at=now, password_changed_at=wall
    )
    events.publish(
        CustomerRegistered(subject=customer.public_id, actor=actor.label, at=now, customer=customer.public_id)
    )
    _verification.ask_to_verify(customer.pk, once="registered")
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


@transaction.atomic
def _find_login(account: str) -> Login | None:
    return Login.objects.filter(email=account).first()


@transaction.atomic
def _enter(login: Login, knock: _attempts.Knock, *, now: datetime) -> _sessions.Tokens:
    _attempts.forgive(knock, now=now)
    return _sessions.open_session(login, now=now)
