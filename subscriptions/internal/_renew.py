"""The next period."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from catalog.selectors import get_terms
from core import events, failpoints
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._charges import closing_lines, note_late_usage, open_period, opening_lines
from subscriptions.internal._entitlements import grant
from subscriptions.internal._items import held_by
from subscriptions.internal._rows import locked, parties, record
from subscriptions.internal._scheduled import do_dated, do_due, do_with_period, list_waiting_changes
from subscriptions.internal._versions import take_next_version
from subscriptions.models import Subscription
from subscriptions.signals import SubscriptionRenewed


@transaction.atomic
def renew(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription | None:
    """This function will begin the next period of a subscription whose current one is over; None if it is not due.

    One period at a time: whoever slept a year is due again at once. The invoice carries the new period's prices in
    advance and the old one's in arrears, and its key makes it the only one of the period.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    if __debug__:
        failpoints.reach("subscriptions.renewal_locked")
    return begin_next(subscription, actor=actor, now=now) if is_due(subscription, now) else None


def is_due(subscription: Subscription, now: datetime) -> bool:
    """This function will tell whether the next period should have begun."""
    at = subscription.renews_at
    return subscription.status in states.RENEWING and at is not None and at <= now


def catch_up(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """This function will begin every period that a locked subscription has missed, before something ends it.

    What was scheduled for the time until now is done in its turn.
    """
    while is_due(subscription, now):
        begin_next(subscription, actor=actor, now=now)
    do_due(subscription, actor=actor, now=now)


def begin_next(subscription: Subscription, *, actor: Actor, now: datetime) -> Subscription:
    """This function will begin and bill the period after the current one of a locked subscription.

    Changes that were scheduled for instants before come first; one that has moved the anchor may leave nothing due.
    """
    ends_at = subscription.period.ends_at
    changes = list_waiting_changes(subscription, until=ends_at)
    if do_dated(subscription, changes, before=ends_at, actor=actor, now=now) and not is_due(subscription, now):
        return subscription
    ends_at, terms = subscription.period.ends_at, get_terms(subscription.plan_version_id)
    note_late_usage(subscription, terms, now=now)
    lines = closing_lines(subscription, terms, until=ends_at, now=now)
    anchor = do_with_period(subscription, changes, at=ends_at, actor=actor, now=now)
    terms = take_next_version(subscription, get_terms(subscription.plan_version_id), actor=actor, now=now)
    subscription.enter_next()
    if anchor is not None:
        subscription.realign(anchor)
    if __debug__:
        failpoints.reach("subscriptions.period_entered")
    period = subscription.period
    record(subscription, "renewed", old_status=subscription.status, actor=actor, now=now, effective_at=period.starts_at)
    held = held_by(subscription)
    lines += opening_lines(subscription, terms, held)
    invoice = open_period(subscription, lines, extension=held.extension, actor=actor, now=now)
    if __debug__:
        failpoints.reach("subscriptions.period_billed")
    grant(subscription, terms, now=now)
    events.publish(
        SubscriptionRenewed(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            period_starts_at=period.starts_at, period_ends_at=period.ends_at,
            invoice=invoice.public_id if invoice else None,
        )
    )  # fmt: skip
    if __debug__:
        failpoints.reach("subscriptions.renewed")
    return subscription
