"""Doing what would be done, seeing what comes of it, and undoing it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import transaction

from core.actor import SYSTEM
from subscriptions import states
from subscriptions.internal._begin import start
from subscriptions.internal._renew import begin_next
from subscriptions.internal._trial import convert_trial
from subscriptions.models import Subscription, SubscriptionPeriod


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is never seen by anybody else: rows, numbers, facts and jobs are taken back, and locks."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def next_begins_at(subscription: Subscription) -> datetime | None:
    """This function will return when the next paid period begins by itself, None if none does."""
    if subscription.status in states.RENEWING:
        return subscription.renews_at
    if subscription.cancel_at is not None:
        return None
    if subscription.is_in_trial:
        return subscription.trial_ends_at
    return subscription.starts_at if subscription.status == states.SCHEDULED else None


def begin_upcoming(subscription: Subscription, *, at: datetime) -> UUID | None:
    """This function will begin the next paid period at its instant, as a worker does, and return its invoice's id."""
    if subscription.status in states.RENEWING:
        begin_next(subscription, actor=SYSTEM, now=at)
    elif subscription.is_in_trial:
        convert_trial(subscription_id=subscription.pk, actor=SYSTEM, now=at)
    else:
        start(subscription_id=subscription.pk, actor=SYSTEM, now=at)
    periods = SubscriptionPeriod.objects.filter(subscription=subscription).order_by("-number")
    found: UUID | None = periods.values_list("invoice_id", flat=True).first()
    return found
