"""What a subscription was."""

from datetime import datetime
from uuid import UUID

from core import errors
from subscriptions.models import SubscriptionEvent
from subscriptions.snapshots import PastState, told


def rebuild_state(subscription_id: UUID, at: datetime) -> PastState | None:
    """This function will return what a subscription was at an instant, None before it was made.

    What was written at that very instant counts already. Instants are those of writing: whoever had looked then would
    have seen this.

    :raises core.errors.NotFound: if the environment has no such subscription.
    """
    history = SubscriptionEvent.objects.filter(subscription_id=subscription_id)
    row = history.told().filter(at__lte=at).order_by("-number").first()
    if row is not None:
        return told(row.number, row.at, row.snapshot)
    if not history.exists():
        raise errors.NotFound
    return None


def list_past_states(subscription_id: UUID) -> list[PastState]:
    """This function will return everything that a subscription has been, the oldest first."""
    rows = SubscriptionEvent.objects.told().filter(subscription_id=subscription_id).order_by("number")
    return [told(row.number, row.at, row.snapshot) for row in rows]
