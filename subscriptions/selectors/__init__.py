"""Answers about subscriptions for other apps and for the API, frozen."""

from subscriptions.selectors._history import list_past_states, rebuild_state
from subscriptions.selectors._views import SubscriptionView, get_subscription, view
from subscriptions.snapshots import KeptAddOn, PastState

__all__ = [
    "KeptAddOn",
    "PastState",
    "SubscriptionView",
    "get_subscription",
    "list_past_states",
    "rebuild_state",
    "view",
]
