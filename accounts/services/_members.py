"""Members: who works for a tenant, and as what."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import emails, roles
from accounts.models import Membership, User
from accounts.signals import MemberInvited, MemberRemoved, MemberRoleChanged
from core import errors, events, problems
from core.actor import Actor
from core.models import Tenant
from jobs import services as jobs


class RoleRefused(errors.Forbidden):
    code = "role_refused"
    title = "Nobody can give or take a role that holds more than his own; owners are made by owners alone."


class LastOwner(errors.Conflict):
    code = "last_owner"
    title = "A tenant keeps at least one owner. Make somebody else an owner first."


class MemberExists(errors.Conflict):
    code = "member_exists"
    title = "This person is a member already. Change the role instead."


# A trigger decides, so that two owners who remove each other at the same instant do not both succeed.
problems.constraint("accounts_membership_last_owner", LastOwner)
problems.constraint("accounts_membership_once_per_tenant", MemberExists)


@transaction.atomic
def join_tenant(*, user_id: UUID, tenant_id: UUID, role: str, now: datetime) -> Membership:
    """This function will give a user a place in a tenant, or another role in it.

    :raises core.errors.NotFound: if there is no such user or tenant.
    """
    if not (User.objects.filter(pk=user_id).exists() and Tenant.objects.filter(pk=tenant_id).exists()):
        raise errors.NotFound
    row, _ = Membership.objects.update_or_create(
        user_id=user_id, tenant_id=tenant_id, defaults={"role": role}, create_defaults={"role": role, "created_at": now}
    )
    return row


@transaction.atomic
def invite_member(
    *, email: str, role: str, tenant_id: UUID, name: str = "", actor: Actor, now: datetime
) -> Membership:  # fmt: skip
    """This function will make somebody a member, have a link mailed to him and publish `MemberInvited`.

    Who is new to the house chooses his password through the link. `now` is the machine's instant.

    :raises RoleRefused: if the role holds more than the actor's.
    :raises MemberExists: if he is a member already.
    """
    _refuse_escalation(actor, role)
    user, _ = User.objects.get_or_create(
        email=emails.canonical(email), defaults={"name": name, "password": make_password(None), "created_at": now}
    )
    if Membership.objects.filter(user=user, tenant_id=tenant_id).exists():
        raise MemberExists
    row = Membership.objects.create(user=user, tenant_id=tenant_id, role=role, created_at=now)
    jobs.enqueue("accounts.mail_invitation", payload={"membership_id": str(row.pk)}, key=str(row.pk))
    events.publish(MemberInvited(subject=row.public_id, actor=actor.label, at=now, user=user.public_id, role=role))
    return row


@transaction.atomic
def change_member_role(
    *, membership_id: UUID, role: str, tenant_id: UUID, reason: str = "", actor: Actor, now: datetime
) -> Membership:  # fmt: skip
    """This function will give a member another role and publish `MemberRoleChanged`, if it is another.

    :raises core.errors.NotFound: if the tenant has no such member.
    :raises RoleRefused: if his role or the new one holds more than the actor's.
    :raises LastOwner: (by a trigger) if no owner would be left.
    """
    row = _locked(membership_id, tenant_id)
    _refuse_escalation(actor, row.role, role)
    before, row.role = row.role, role
    if before == role:
        return row
    row.save(update_fields=["role"])
    changed = MemberRoleChanged(
        subject=row.public_id, actor=actor.label, at=now, user=row.user.public_id, old_role=before, role=role,
        reason=reason,
    )  # fmt: skip
    events.publish(changed)
    return row


@transaction.atomic
def remove_member(*, membership_id: UUID, tenant_id: UUID, reason: str = "", actor: Actor, now: datetime) -> None:
    """This function will end somebody's membership at once and publish `MemberRemoved`.

    His sessions in the tenant end with it: every request looks the membership up.

    :raises core.errors.NotFound: if the tenant has no such member.
    :raises RoleRefused: if his role holds more than the actor's.
    :raises LastOwner: (by a trigger) if no owner would be left.
    """
    row = _locked(membership_id, tenant_id)
    _refuse_escalation(actor, row.role)
    removed = MemberRemoved(
        subject=row.public_id, actor=actor.label, at=now, user=row.user.public_id, role=row.role, reason=reason
    )  # fmt: skip
    row.delete()
    events.publish(removed)


def _locked(membership_id: UUID, tenant_id: UUID) -> Membership:
    rows = Membership.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.filter(pk=membership_id, tenant_id=tenant_id).first()
    if row is None:
        raise errors.NotFound
    return row


def _refuse_escalation(actor: Actor, *asked: str) -> None:
    """Operators stand above tenants. A program is at most an admin, whatever its scopes."""
    for role in asked:
        if role not in roles.ROLES:
            raise errors.Invalid(f"{role[:40]!r} is no role.")
        is_above = actor.type in ("operator", "system")
        if role == roles.OWNER and not is_above and actor.role != roles.OWNER:
            raise RoleRefused(role=role)
        if not all(actor.may(scope) for scope in roles.scopes_of(role)):
            raise RoleRefused(role=role)
