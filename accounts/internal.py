"""What only other apps' verbs and workers bring about."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts import credentials
from accounts.models import (
    Approval,
    Customer,
    EmailVerification,
    Login,
    Membership,
    PasswordReset,
    PendingRegistration,
    User,
)
from accounts.models._approvals import EXPIRED
from accounts.signals import ApprovalExpired
from core import events
from core.actor import SYSTEM
from core.errors import NotFound
from core.tenancy.prepared import Prepared
from core.tenancy.writes import later

# The row of a locked customer, for verbs of other apps that pass it on instead of asking again.
LockedCustomer = Customer
_LOCKED = Prepared(Customer, "id = %s FOR UPDATE")
_ALL_LOCKED = Prepared(Customer, "id = ANY(%s) ORDER BY id FOR UPDATE")
RESET_LIFETIME = timedelta(hours=1)
VERIFICATION_LIFETIME = timedelta(days=3)
INVITATION_LIFETIME = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """What to tell a new member; without a `token` he has a password already."""

    email: str
    name: str
    tenant: str
    role: str
    token: str


@dataclass(frozen=True, kw_only=True)
class ResetMail:
    """What to write to whom; `token` is the secret the mail carries and nothing else keeps."""

    email: str
    name: str
    token: str


def lock_customer(customer_id: UUID) -> Customer:
    """This function will lock a customer until the transaction ends: the first lock of every verb that takes several.

    :raises core.errors.NotFound: if the environment has no such customer.
    """
    row = _LOCKED.first(customer_id)
    if row is None:
        raise NotFound
    return row


def lock_customers(customer_ids: Collection[UUID]) -> dict[UUID, Customer]:
    """This function will lock customers until the transaction ends, in the order of their ids, and return them by id.

    Two transactions that lock some of the same ones so never wait for each other.
    """
    return {row.id: row for row in _ALL_LOCKED.all(sorted(customer_ids))}


def fix_currency(customer: Customer, currency: str) -> None:
    """This function will fix the currency (ISO 4217) a locked customer is billed in, at his first invoice, once.

    :raises accounts.models.CurrencyMismatch: if the customer has another.
    """
    was_fixed = customer.is_currency_fixed
    customer.fix_currency(currency)
    if not was_fixed:
        later([], [(customer, ("currency", "is_currency_fixed"))])


@transaction.atomic
def begin_member_reset(user_id: UUID, *, now: datetime, lifetime: timedelta = RESET_LIFETIME) -> ResetMail | None:
    """This function will make a reset token for a member or an operator; None if he is gone or disabled."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return None
    token = credentials.new_token()
    PasswordReset.objects.create(user=user, hash=credentials.digest(token), created_at=now, expires_at=now + lifetime)
    return ResetMail(email=user.email, name=user.name, token=token)


@transaction.atomic
def begin_invitation(membership_id: UUID, *, now: datetime) -> Invitation | None:
    """This function will make what an invitation says; None if the membership is gone.

    Whoever has a password keeps it.
    """
    row = Membership.objects.select_related("user", "tenant").filter(pk=membership_id).first()
    if row is None:
        return None
    is_new = not row.user.has_usable_password()
    mail = begin_member_reset(row.user_id, now=now, lifetime=INVITATION_LIFETIME) if is_new else None
    token = mail.token if mail else ""
    return Invitation(
        email=row.user.email, name=row.user.name, tenant=row.tenant.name, role=row.role, token=token
    )  # fmt: skip


@transaction.atomic
def begin_verification(customer_id: UUID, *, now: datetime) -> ResetMail | None:
    """This function will make a token that proves a customer's address; None if it is proved, or he is gone."""
    row = Customer.objects.filter(pk=customer_id, email_verified_at=None).first()
    if row is None:
        return None
    token = credentials.new_token()
    EmailVerification.objects.create(
        customer=row, email=row.email, hash=credentials.digest(token), created_at=now,
        expires_at=now + VERIFICATION_LIFETIME,
    )  # fmt: skip
    return ResetMail(email=row.email, name=row.name, token=token)


@transaction.atomic
def begin_registration(registration_id: UUID, *, now: datetime) -> ResetMail | None:
    """This function will make the token that completes a registration, an empty one if the address has a login.

    None if the registration is over.
    """
    rows = PendingRegistration.objects.select_for_update().filter(pk=registration_id, used_at=None, expires_at__gt=now)
    row = rows.first()
    if row is None:
        return None
    token = ""
    if not Login.objects.filter(email=row.email).exists():
        token = credentials.new_token()
        row.hash = credentials.digest(token)
        row.save(update_fields=["hash"])
    return ResetMail(email=row.email, name=row.name, token=token)


@transaction.atomic
def find_owner(kind: str, owner_id: UUID) -> tuple[str, str] | None:
    """This function will return the e-mail address and the name of a login or a user, None if there is none."""
    if kind == "login":
        login = Login.objects.select_related("customer").filter(pk=owner_id).first()
        return (login.email, login.customer.name) if login else None
    user = User.objects.filter(pk=owner_id).first()
    return (user.email, user.name) if user else None


@transaction.atomic
def begin_password_reset(login_id: UUID, *, now: datetime) -> ResetMail | None:
    """This function will make a reset token for a login; None if the login is gone or disabled.

    The token is made when the mail is, so that no queue ever holds it. `now` is the machine's instant.
    """
    login = Login.objects.select_related("customer").filter(pk=login_id, disabled_at=None).first()
    if login is None:
        return None
    token = credentials.new_token()
    PasswordReset.objects.create(
        login=login, hash=credentials.digest(token), created_at=now, expires_at=now + RESET_LIFETIME
    )
    return ResetMail(email=login.email, name=login.customer.name, token=token)


@transaction.atomic
def expire_approval(approval_id: UUID, *, now: datetime) -> None:
    """This function will end an approval whose time is over, if nobody has decided, and publish `ApprovalExpired`."""
    row = Approval.objects.waiting().select_for_update().filter(pk=approval_id, expires_at__lte=now).first()
    if row is None:
        return
    row.decide(EXPIRED, by=SYSTEM.label, person="", at=now)
    row.save(update_fields=["state", "decided_by", "decided_at"])
    events.publish(ApprovalExpired(subject=row.public_id, actor=SYSTEM.label, at=now, **row.facts()))
