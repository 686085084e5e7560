"""What only other apps' verbs and workers bring about."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts import credentials
from accounts.models import Customer, Login, PasswordReset
from core.errors import NotFound

RESET_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class ResetMail:
    """What to write to whom; `token` is the secret the mail carries and nothing else keeps."""

    email: str
    name: str
    token: str


@transaction.atomic
def lock_customer(customer_id: UUID) -> Customer:
    """This function will lock a customer until the transaction ends: the first lock of every verb that takes several.

    :raises core.errors.NotFound: if the environment has no such customer.
    """
    row = Customer.objects.select_for_update().filter(pk=customer_id).first()
    if row is None:
        raise NotFound
    return row


@transaction.atomic
def fix_currency(customer_id: UUID, currency: str) -> None:
    """This function will fix the currency (ISO 4217) a customer is billed in, at his first invoice. It may be repeated.

    :raises accounts.models.CurrencyMismatch: if the customer has another.
    :raises core.errors.NotFound: if the environment has no such customer.
    """
    customer = lock_customer(customer_id)
    was_fixed = customer.is_currency_fixed
    customer.fix_currency(currency)
    if not was_fixed:
        customer.save(update_fields=["currency", "is_currency_fixed"])


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
