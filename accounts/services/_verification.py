"""Addresses proved by a mailed link, and registrations that begin with one."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import credentials, emails
from accounts.models import Customer, EmailVerification, Login, PendingRegistration
from accounts.services import _passwords
from accounts.services._customers import create_customer
from accounts.signals import CustomerRegistered
from core import errors, events, tenancy
from core.actor import Actor
from core.tenancy.system import system_scope
from jobs import services as jobs

PENDING_FOR = timedelta(days=1)


class VerificationRefused(errors.Invalid):
    code = "verification_invalid"
    title = "This link has been used or has expired, or the address has changed. Ask for a new one."


@transaction.atomic
def register_privately(*, email: str, password_hash: str, now: datetime, **particulars: Any) -> None:
    """This function will note a registration and have its address written to.

    Nothing tells a new address from one that has a login: the letter does, and only its reader learns which it is.
    `now` is the machine's instant.
    """
    row = PendingRegistration.objects.create(
        email=emails.canonical(email), password=password_hash, created_at=now, expires_at=now + PENDING_FOR,
        **particulars,
    )  # fmt: skip
    jobs.enqueue("accounts.mail_registration", payload={"registration_id": str(row.pk)}, key=str(row.pk))


@transaction.atomic
def request_verification(*, actor: Actor, now: datetime) -> None:
    """This function will have the customer's address written to, at most once a minute.

    :raises core.errors.NotFound: if the actor is no customer.
    """
    if actor.customer_id is None:
        raise errors.NotFound
    ask_to_verify(actor.customer_id, once=f"{now:%Y%m%d%H%M}")


def ask_to_verify(customer_id: UUID, *, once: str) -> None:
    """This function will have a verifying link mailed, in the caller's transaction."""
    key = f"{customer_id}:{once}"
    jobs.enqueue("accounts.mail_verification", payload={"customer_id": str(customer_id)}, key=key)


def verify_email(*, token: str, now: datetime) -> None:
    """This function will note that the address a link was mailed to is its reader's; the link works once.

    The link of a registration makes the customer and his login first. `now` is the machine's instant.

    :raises VerificationRefused: if the token is unknown, used or expired, or the address has become another.
    """
    found = _find(token, now=now)
    inside = tenancy.current()
    if found is None or (isinstance(inside, tenancy.Scope) and inside != found.environment.as_scope()):
        raise VerificationRefused
    scope = found.environment.as_scope()
    with transaction.atomic(), tenancy.scope(scope):
        # Whoever marks the row first is its one user.
        if not type(found).objects.filter(pk=found.pk, used_at=None).update(used_at=now):
            raise VerificationRefused
        at = scope.clock_at or now
        if isinstance(found, PendingRegistration):
            _complete(found, now=at, wall=now)
        elif not _passwords.verify_address(
            found.customer_id, found.email, actor=f"customer:{found.customer.public_id}", now=at
        ):
            raise VerificationRefused


def _find(token: str, *, now: datetime) -> EmailVerification | PendingRegistration | None:
    wanted = {"hash": credentials.digest(token), "used_at": None, "expires_at__gt": now}
    with system_scope("accounts: whose link is this"), transaction.atomic():
        found = EmailVerification.objects.select_related("environment", "customer").filter(**wanted).first()
        return found or PendingRegistration.objects.select_related("environment").filter(**wanted).first()


def _complete(pending: PendingRegistration, *, now: datetime, wall: datetime) -> Customer:
    if Login.objects.filter(email=pending.email).exists():
        raise VerificationRefused
    stranger = Actor(type="customer", id="registration")
    customer = create_customer(
        email=pending.email, name=pending.name, timezone=pending.timezone, country=pending.country, actor=stranger,
        now=now,
    )  # fmt: skip
    Login.objects.create(
        customer=customer, email=pending.email, password=pending.password, created_at=now, password_changed_at=wall
    )
    label, subject = f"customer:{customer.public_id}", customer.public_id
    events.publish(CustomerRegistered(subject=subject, actor=label, at=now, customer=subject))
    _passwords.verify_address(customer.pk, customer.email, actor=label, now=now)
    return customer
