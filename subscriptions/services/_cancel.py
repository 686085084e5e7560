"""Canceling, now or at the end of what is paid, and taking that back."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import events
from core.actor import Actor
from subscriptions.internal._end import cancel
from subscriptions.internal._extensions import paid_until, withdraw_pending
from subscriptions.internal._rows import locked, parties, record
from subscriptions.models import Subscription
from subscriptions.signals import SubscriptionCancellationScheduled, SubscriptionCancellationUndone

NOW = "now"
PERIOD_END = "period_end"


@transaction.atomic
def cancel_subscription(
    *, subscription_id: UUID, at: str = PERIOD_END, reason: str = "", actor: Actor, now: datetime
) -> Subscription:
    """This function will cancel a subscription `now`, or at `period_end`: when what is paid for is used up.

    Canceling now charges usage up to this instant and refunds nothing.

    :raises core.errors.NotFound: if there is no such subscription.
    :raises AlreadyCanceled: if it is canceled.
    :raises CancellationScheduled: if it was to be scheduled and is already.
    :raises InvalidTransition: if its state does not allow it.
    """
    subscription = locked(subscription_id)
    if at == NOW:
        cancel(subscription, at=now, reason=reason, actor=actor, now=now)
    else:
        _schedule(subscription, reason=reason, actor=actor, now=now)
    return subscription


def _schedule(subscription: Subscription, *, reason: str, actor: Actor, now: datetime) -> None:
    subscription.schedule_cancellation(paid_until=paid_until(subscription), reason=reason)
    cancel_at = subscription.cancel_at or now
    record(
        subscription, "cancellation_scheduled", old_status=subscription.status, actor=actor, now=now,
        effective_at=cancel_at, reason=reason,
    )  # fmt: skip
    withdraw_pending(subscription, actor=actor, now=now)
    events.publish(
        SubscriptionCancellationScheduled(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), cancel_at=cancel_at,
            reason=reason,
        )
    )  # fmt: skip


@transaction.atomic
def undo_cancellation(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription:
    """This function will let a subscription go on whose cancellation has not taken effect.

    :raises core.errors.NotFound: if there is no such subscription.
    :raises AlreadyCanceled: if it has taken effect.
    :raises NoCancellationScheduled: if there is none.
    """
    subscription = locked(subscription_id)
    subscription.undo_cancellation()
    record(subscription, "cancellation_undone", old_status=subscription.status, actor=actor, now=now)
    events.publish(
        SubscriptionCancellationUndone(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription)
        )
    )
    return subscription
