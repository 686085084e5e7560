"""Reminding a customer of a subscription: before a renewal or the end of a trial, or when somebody has named it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.selectors import get_customer
from billing.selectors import ends_before
from catalog.selectors import get_terms
from core import errors, events
from core.actor import Actor
from core.tenancy.writes import insert_once, write
from jobs.services import enqueue
from subscriptions import states
from subscriptions.internal._policy import current_settings
from subscriptions.internal._rows import locked, parties
from subscriptions.models import Subscription, SubscriptionReminder
from subscriptions.signals import SubscriptionRenewalUpcoming, SubscriptionTrialWillEnd


class SubscriptionNotRemindable(errors.Conflict):
    code = "subscription_not_remindable"
    title = "The subscription has ended."


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """What the mail says. At most one of the dates is given: when it renews, when it ends, or when the trial does."""

    to: str
    name: str
    plan: str
    subscription: str
    renews_on: str
    ends_on: str
    trial_ends_on: str = ""


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
    if row.is_in_trial and row.cancel_at is None:
        return Reminder(
            to=customer.email, name=customer.name, plan=terms.name, subscription=row.public_id, renews_on="",
            ends_on="", trial_ends_on=_day(row.trial_ends_at, zone),
        )  # fmt: skip
    return Reminder(
        to=customer.email, name=customer.name, plan=terms.name, subscription=row.public_id,
        renews_on=_day(row.renews_at, zone),
        ends_on="" if row.renews_at else _day(row.cancel_at or row.ends_at, zone),
    )  # fmt: skip


@transaction.atomic
def remind_upcoming(*, subscription_id: UUID, actor: Actor, now: datetime) -> SubscriptionReminder | None:
    """This function will tell a customer of what comes, once, and set when he is told next; None if he is not told now.

    The fact is published and the mail ordered, if the environment wants it; what is due in the meantime is not told.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    if subscription.remind_at is None or subscription.remind_at > now or subscription.is_terminal:
        return None
    due_at, days = subscription.reminded_of, subscription.remind_next(now=now)
    write([], [(subscription, ("remind_at",))])
    if due_at is None or days is None or _will_not_come(subscription, due_at):
        return None
    kind = SubscriptionReminder.Kind.TRIAL_END if subscription.is_in_trial else SubscriptionReminder.Kind.RENEWAL
    row = SubscriptionReminder(subscription=subscription, kind=kind, days=days, due_at=due_at, created_at=now)
    # The unique index decides; a change of the subscription may have set an instant again that has been.
    if not insert_once(row):
        return None
    _say_upcoming(subscription, row, actor=actor, now=now)
    if current_settings().sends_reminders:
        enqueue("subscriptions.remind", payload={"id": str(subscription.pk)}, key=f"reminder:{row.pk}")
    return row


def _will_not_come(subscription: Subscription, due_at: datetime) -> bool:
    """What is past due may be given up before it renews; who pays until then is told of what is still to come."""
    return subscription.status == states.PAST_DUE and ends_before(subscription.public_id, due_at)


def _say_upcoming(subscription: Subscription, row: SubscriptionReminder, *, actor: Actor, now: datetime) -> None:
    about: dict[str, Any] = {"subject": subscription.public_id, "actor": actor.label, "at": now}
    about |= parties(subscription)
    if row.kind == SubscriptionReminder.Kind.TRIAL_END:
        events.publish(SubscriptionTrialWillEnd(**about, days=row.days, trial_ends_at=row.due_at))
    else:
        events.publish(SubscriptionRenewalUpcoming(**about, days=row.days, renews_at=row.due_at))


def _day(instant: datetime | None, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).date().isoformat() if instant else ""


def _found(subscription_id: UUID) -> Subscription:
    row = Subscription.objects.filter(pk=subscription_id).first()
    if row is None:
        raise errors.NotFound
    return row
