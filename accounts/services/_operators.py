"""People who run the house or work for a tenant."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import emails
from accounts.models import Membership, User
from core.errors import NotFound
from core.models import Tenant


@transaction.atomic
def create_operator(email: str, password: str, *, now: datetime | None = None) -> User:
    """This function will create a superuser of the console, or give an existing one this password."""
    user, _ = User.objects.get_or_create(email=emails.canonical(email), defaults={"created_at": now})
    user.is_staff = user.is_superuser = user.is_active = True
    user.set_password(password)
    user.session_version += 1
    user.save()
    return user


@transaction.atomic
def join_tenant(*, user_id: UUID, tenant_id: UUID, role: str, now: datetime) -> Membership:
    """This function will give a user a place in a tenant, or another role in it.

    :raises core.errors.NotFound: if there is no such user or tenant.
    """
    if not (User.objects.filter(pk=user_id).exists() and Tenant.objects.filter(pk=tenant_id).exists()):
        raise NotFound
    row, _ = Membership.objects.update_or_create(
        user_id=user_id, tenant_id=tenant_id, defaults={"role": role}, create_defaults={"role": role, "created_at": now}
    )
    return row
