"""People who run the house."""

from datetime import datetime

from django.db import transaction

from accounts import emails
from accounts.models import User


@transaction.atomic
def create_operator(email: str, password: str, *, now: datetime | None = None) -> User:
    """This function will create a superuser of the console, or give an existing one this password."""
    user, _ = User.objects.get_or_create(email=emails.canonical(email), defaults={"created_at": now})
    user.is_staff = user.is_superuser = user.is_active = True
    user.set_password(password)
    user.session_version += 1
    user.save()
    return user
