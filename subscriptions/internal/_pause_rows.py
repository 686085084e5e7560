"""The rows of pauses."""

from datetime import datetime

from subscriptions.models import Subscription, SubscriptionPause


def open_pause(subscription: Subscription) -> SubscriptionPause | None:
    """This function will return the pause that is planned or under way, if there is one."""
    return SubscriptionPause.objects.of(subscription).open().first()


def close_pause(subscription: Subscription, *, at: datetime) -> SubscriptionPause | None:
    """This function will end the pause of a subscription that is over, or will be, and return the one that was begun.

    What has not begun never does.
    """
    pause = open_pause(subscription)
    if pause is None:
        return None
    pause.end(at=max(at, pause.starts_at) if pause.is_begun else at)
    pause.save()
    return pause if pause.is_begun else None
