"""Changes that are to be made later: scheduled, replaced, withdrawn."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from core import errors, events, problems
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._changing import carry_out
from subscriptions.internal._policy import CHANGE, check_customer
from subscriptions.internal._renew import catch_up
from subscriptions.internal._rows import locked, parties
from subscriptions.internal._scheduled import withdraw
from subscriptions.internal._seller import refuse_change_of_seller
from subscriptions.internal._upcoming import undone
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.proration import Behavior
from subscriptions.reasons import REPLACED
from subscriptions.signals import SubscriptionChangeScheduled
from subscriptions.wanted import Wanted, to_content

NOW: Final = "now"
# As far as anything can be planned here.
FURTHEST: Final = timedelta(days=731)


class ChangeAlreadyScheduled(errors.Conflict):
    """`change` is the one that waits; replace or withdraw it."""

    code = "change_already_scheduled"
    title = "Another change waits for that instant already."


class ChangeNotInTime(errors.Invalid):
    code = "change_not_in_time"
    title = "A change is scheduled for an instant after now and within two years."


class NoNextPeriod(errors.Conflict):
    """`ends_at` is when the subscription is over."""

    code = "no_next_period"
    title = "The subscription is over by then."


problems.constraint("subscriptions_scheduledchange_one_per_instant", ChangeAlreadyScheduled)


@transaction.atomic
def schedule_change(
    *,
    subscription_id: UUID,
    wanted: Wanted,
    at: datetime | None = None,
    behavior: Behavior | None = None,
    actor: Actor,
    now: datetime,
) -> ScheduledChange:
    """This function will have a change made at an instant, or (`at` None) with the next paid period.

    It is tried at once and undone, so that what could not be done now is refused now. At its time it is done as
    `change_subscription` would do it then; with a period that begins nothing is prorated.

    :raises core.errors.NotFound: if there is no such subscription, plan, add-on or payment method.
    :raises subscriptions.internal.NotAllowed: if a customer asks who may not.
    :raises ChangeNotInTime, NoNextPeriod, ChangeAlreadyScheduled, subscriptions.models.CancellationScheduled: for times
    at which it cannot be made.
    :raises core.errors.Refusal: as `change_subscription` would.
    """
    subscription = locked(subscription_id)
    check_customer(actor, CHANGE)
    catch_up(subscription, actor=actor, now=now)
    return _schedule(subscription, wanted, at=at, behavior=behavior, replaces=None, actor=actor, now=now)


@transaction.atomic
def replace_change(
    *,
    change_id: UUID,
    wanted: Wanted,
    at: datetime | None = None,
    behavior: Behavior | None = None,
    actor: Actor,
    now: datetime,
) -> ScheduledChange:
    """This function will put another change in the place of one that waits, and return the new one.

    :raises core.errors.NotFound: if there is no such change.
    :raises subscriptions.models.ScheduledChangeOver: if it does not wait any more.
    :raises subscriptions.internal.ChangeOfTheSeller: if a customer asks, and it was not he who scheduled it.
    :raises core.errors.Refusal: see `schedule_change`; the one that waits stays then.
    """
    row = _in_hand(change_id, actor=actor, now=now)
    withdraw(row, reason=REPLACED, actor=actor, now=now)
    return _schedule(row.subscription, wanted, at=at, behavior=behavior, replaces=row, actor=actor, now=now)


@transaction.atomic
def withdraw_change(*, change_id: UUID, reason: str = "", actor: Actor, now: datetime) -> ScheduledChange:
    """This function will take back a change that waits.

    :raises core.errors.NotFound: if there is no such change.
    :raises subscriptions.models.ScheduledChangeOver: if it does not wait any more.
    :raises subscriptions.internal.ChangeOfTheSeller: if a customer asks, and it was not he who scheduled it.
    """
    row = _in_hand(change_id, actor=actor, now=now)
    withdraw(row, reason=reason, actor=actor, now=now)
    return row


def _in_hand(change_id: UUID, *, actor: Actor, now: datetime) -> ScheduledChange:
    """The change, locked after its subscription, which is up to date: what was due is not taken back any more."""
    found = ScheduledChange.objects.filter(pk=change_id).values_list("subscription_id", flat=True).first()
    if found is None:
        raise errors.NotFound
    subscription = locked(found)
    check_customer(actor, CHANGE)
    catch_up(subscription, actor=actor, now=now)
    row = ScheduledChange.objects.select_for_update().get(pk=change_id)
    row.subscription = subscription
    row.refuse_unless_pending()
    refuse_change_of_seller(row, actor=actor)
    return row


def _schedule(
    subscription: Subscription,
    wanted: Wanted,
    *,
    at: datetime | None,
    behavior: Behavior | None,
    replaces: ScheduledChange | None,
    actor: Actor,
    now: datetime,
) -> ScheduledChange:
    _refuse_time(subscription, at, now=now)
    _refuse_second(subscription, at)
    try_change(subscription, wanted, at=at, behavior=behavior, actor=actor, now=now)
    row = ScheduledChange.objects.create(
        subscription=subscription, wanted=to_content(wanted), behavior=behavior.value if behavior else "",
        effective_at=at, replaces=replaces, created_by=actor.label, created_at=now,
    )  # fmt: skip
    events.publish(
        SubscriptionChangeScheduled(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), change=row.public_id,
            effective_at=at, replaces=replaces.public_id if replaces else None,
        )
    )  # fmt: skip
    return row


def try_change(
    subscription: Subscription,
    wanted: Wanted,
    *,
    at: datetime | None,
    behavior: Behavior | None,
    actor: Actor,
    now: datetime,
) -> None:
    """This function will raise what would be raised if a change were made as things are, and change nothing.

    :raises core.errors.Refusal: see `change_subscription`.
    """
    with undone():
        tried = locked(subscription.pk)
        ends_at = tried.period_ends_at
        inside = at is not None and (ends_at is None or at < ends_at)
        when = (at if inside else ends_at) or now
        carry_out(tried, wanted, behavior=behavior, at=when, actor=actor, now=now, with_period=not inside)


def _refuse_time(subscription: Subscription, at: datetime | None, *, now: datetime) -> None:
    if subscription.status not in states.CHANGEABLE:
        raise states.unchangeable(subscription.status)
    if at is not None and not now < at <= now + FURTHEST:
        raise ChangeNotInTime
    ends = [end for end in (subscription.cancel_at, subscription.ends_at) if end is not None]
    begins_at = at or subscription.period_ends_at or subscription.starts_at
    if ends and min(ends) <= begins_at:
        subscription.refuse_if_ending()
        raise NoNextPeriod(ends_at=min(ends).isoformat())


def _refuse_second(subscription: Subscription, at: datetime | None) -> None:
    """The unique index decides; asking first only gives a refusal that names the other one."""
    other = ScheduledChange.objects.of(subscription).pending().filter(effective_at=at).first()
    if other is not None:
        raise ChangeAlreadyScheduled(change=other.public_id)
