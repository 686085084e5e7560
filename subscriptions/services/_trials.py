"""Ending a trial before its time, and lengthening it."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from catalog.selectors import get_terms
from core import errors, events
from core.actor import Actor
from core.periods import Cycle, Interval
from subscriptions import states
from subscriptions.internal._entitlements import grant
from subscriptions.internal._rows import locked, parties, record
from subscriptions.internal._trial import begin_paid
from subscriptions.models import LONGEST_TRIAL_DAYS, Subscription
from subscriptions.signals import SubscriptionTrialExtended


class TrialTooLong(errors.Invalid):
    """`longest_days` is how long a trial may last, extensions included."""

    code = "trial_too_long"
    title = "No trial lasts so long."


@transaction.atomic
def activate_subscription(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription:
    """This function will end a trial now and begin the paid time: the first invoice is issued, the anchor is here.

    Without a means of payment the subscription is incomplete until the invoice is paid.

    :raises core.errors.NotFound: if there is no such subscription.
    :raises InvalidTransition: if it is in no trial.
    :raises subscriptions.models.CancellationScheduled: if its end is decided.
    """
    subscription = locked(subscription_id)
    states.refuse_verb("activate", subscription.status)
    subscription.refuse_if_ending()
    at = min(now, subscription.period.ends_at)
    subscription.trial_ends_at = at
    begin_paid(subscription, at=at, is_asked=True, actor=actor, now=now)
    return subscription


@transaction.atomic
def extend_trial(*, subscription_id: UUID, days: int, reason: str = "", actor: Actor, now: datetime) -> Subscription:
    """This function will lengthen a trial by days on the customer's wall clock.

    A cancellation that was to come with its end still comes with it.

    :raises core.errors.NotFound: if there is no such subscription.
    :raises InvalidTransition: if it is in no trial, or the trial is over.
    :raises TrialTooLong: if it would last longer than any may.
    """
    subscription = locked(subscription_id)
    states.refuse_verb("extend_trial", subscription.status)
    if subscription.period.ends_at <= now:
        raise states.refused(old=subscription.status, new=states.TRIALING)
    if subscription.trial_days + days > LONGEST_TRIAL_DAYS:
        raise TrialTooLong(longest_days=LONGEST_TRIAL_DAYS)
    end = Cycle(anchor=subscription.period.ends_at, interval=Interval.DAY, timezone=subscription.timezone)
    subscription.lengthen_trial(until=end.boundary(days), days=days)
    record(subscription, "trial_extended", old_status=subscription.status, actor=actor, now=now, reason=reason)
    grant(subscription, get_terms(subscription.plan_version_id), now=now)
    events.publish(
        SubscriptionTrialExtended(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), days=days,
            trial_ends_at=subscription.period.ends_at, reason=reason,
        )
    )  # fmt: skip
    return subscription
