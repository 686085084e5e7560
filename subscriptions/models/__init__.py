"""Subscriptions, their history, periods, extensions and add-ons, scheduled changes, and migrations of versions."""

from subscriptions.models._addons import AddOnBilled, AddOnRemoved, SubscriptionAddOn
from subscriptions.models._migrations import (
    MigrationOver,
    MigrationUnderWay,
    VersionMigration,
    VersionMigrationItem,
)
from subscriptions.models._mrr import REBUILDING, MrrMovement
from subscriptions.models._prepared import ALL_LOCKED, APPLIED, COVERING, KEPT_ADDONS, LIVE, ONE
from subscriptions.models._querysets import SubscriptionQuerySet
from subscriptions.models._records import Extension, SubscriptionEvent, SubscriptionPeriod
from subscriptions.models._refusals import AlreadyCanceled, CancellationScheduled, NoCancellationScheduled
from subscriptions.models._scheduled import ScheduledChange, ScheduledChangeOver, ScheduledChangeQuerySet
from subscriptions.models._subscription import UNPAID_FOR, Subscription

__all__ = [
    "ALL_LOCKED",
    "APPLIED",
    "COVERING",
    "KEPT_ADDONS",
    "LIVE",
    "ONE",
    "REBUILDING",
    "UNPAID_FOR",
    "AddOnBilled",
    "AddOnRemoved",
    "AlreadyCanceled",
    "CancellationScheduled",
    "Extension",
    "MigrationOver",
    "MigrationUnderWay",
    "MrrMovement",
    "NoCancellationScheduled",
    "ScheduledChange",
    "ScheduledChangeOver",
    "ScheduledChangeQuerySet",
    "Subscription",
    "SubscriptionAddOn",
    "SubscriptionEvent",
    "SubscriptionPeriod",
    "SubscriptionQuerySet",
    "VersionMigration",
    "VersionMigrationItem",
]
