"""The rows of pauses."""

from datetime import datetime

from core import events
from core.actor import Actor
from subscriptions.internal._rows import parties
from subscriptions.models import Subscription, SubscriptionPause
from subscriptions.signals import SubscriptionPauseWithdrawn


def open_pause(subscription: Subscription) -> SubscriptionPause | None:
    """This function will return the pause that is planned or under way, if there is one."""
    return SubscriptionPause.objects.of(subscription).open().first()


def close_pause(
    subscription: Subscription, *, at: datetime, actor: Actor, now: datetime
) -> SubscriptionPause | None:  # fmt: skip
    """This function will end the pause of a subscription that is over, or will be, and return the one that was begun.

    What has not begun never does, and that is said.
    """
    pause = open_pause(subscription)
    if pause is None:
        return None
    pause.end(at=max(at, pause.starts_at) if pause.is_begun else at)
    pause.save()
    if pause.is_begun:
        return pause
    events.publish(
        SubscriptionPauseWithdrawn(subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription))
    )
    return None
