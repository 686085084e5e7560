"""Reminding a customer of a subscription, at an instant that somebody has named."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.selectors import get_customer
from catalog.selectors import get_terms
from core import errors
from subscriptions.models import Subscription


class SubscriptionNotRemindable(errors.Conflict):
    code = "subscription_not_remindable"
    title = "The subscription has ended."


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """What the mail says. At most one of the dates is given: when it renews, or when it ends."""

    to: str
    name: str
    plan: str
    subscription: str
    renews_on: str
    ends_on: str


def check_remindable(subscription_id: UUID) -> None:
    """This function will refuse a subscription of which nobody can be reminded.

    :raises core.errors.NotFound: if the environment has no such subscription.
    :raises SubscriptionNotRemindable: if it has ended.
    """
    if _found(subscription_id).is_terminal:
        raise SubscriptionNotRemindable


@transaction.atomic
def write_reminder(subscription_id: UUID) -> Reminder | None:
    """This function will return the mail that reminds of a subscription; None once it has ended."""
    row = _found(subscription_id)
    if row.is_terminal:
        return None
    customer, terms = get_customer(row.customer_id), get_terms(row.plan_version_id)
    zone = ZoneInfo(customer.timezone)
    return Reminder(
        to=customer.email, name=customer.name, plan=terms.name, subscription=row.public_id,
        renews_on=_day(row.renews_at, zone), ends_on="" if row.renews_at else _day(row.ends_at, zone),
    )  # fmt: skip


def _day(instant: datetime | None, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).date().isoformat() if instant else ""


def _found(subscription_id: UUID) -> Subscription:
    row = Subscription.objects.filter(pk=subscription_id).first()
    if row is None:
        raise errors.NotFound
    return row
