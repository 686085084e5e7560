"""Subscriptions, their history, their billed periods and their extensions."""

from subscriptions.models._records import Extension, SubscriptionEvent, SubscriptionPeriod
from subscriptions.models._subscription import (
    UNPAID_FOR,
    AlreadyCanceled,
    CancellationScheduled,
    NoCancellationScheduled,
    Subscription,
    SubscriptionQuerySet,
)

__all__ = [
    "UNPAID_FOR",
    "AlreadyCanceled",
    "CancellationScheduled",
    "Extension",
    "NoCancellationScheduled",
    "Subscription",
    "SubscriptionEvent",
    "SubscriptionPeriod",
    "SubscriptionQuerySet",
]
