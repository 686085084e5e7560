"""Subscriptions, their history, periods, extensions and add-ons, scheduled changes, and migrations of versions."""

from subscriptions.models._addons import AddOnBilled, AddOnRemoved, SubscriptionAddOn
from subscriptions.models._migrations import (
    MigrationOver,
    MigrationUnderWay,
    VersionMigration,
    VersionMigrationItem,
)
from subscriptions.models._mrr import REBUILDING, MrrMovement
from subscriptions.models._pauses import SubscriptionPause, lengthened_end
from subscriptions.models._prepared import ALL_LOCKED, APPLIED, COVERING, KEPT_ADDONS, LIVE, PAGES
from subscriptions.models._querysets import SubscriptionQuerySet
from subscriptions.models._records import Extension, SubscriptionEvent, SubscriptionPeriod
from subscriptions.models._refusals import AlreadyCanceled, CancellationScheduled, NoCancellationScheduled
from subscriptions.models._reminders import SubscriptionReminder
from subscriptions.models._scheduled import ScheduledChange, ScheduledChangeOver, ScheduledChangeQuerySet
from subscriptions.models._settings import CANCEL_TIMES, VERBS, SubscriptionSettings
from subscriptions.models._subscription import UNPAID_FOR, Subscription
from subscriptions.models._trials import LONGEST_TRIAL_DAYS, TrialUse

__all__ = [
    "ALL_LOCKED",
    "APPLIED",
    "CANCEL_TIMES",
    "COVERING",
    "KEPT_ADDONS",
    "LIVE",
    "LONGEST_TRIAL_DAYS",
    "PAGES",
    "REBUILDING",
    "UNPAID_FOR",
    "VERBS",
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
    "SubscriptionPause",
    "SubscriptionPeriod",
    "SubscriptionQuerySet",
    "SubscriptionReminder",
    "SubscriptionSettings",
    "TrialUse",
    "VersionMigration",
    "VersionMigrationItem",
    "lengthened_end",
]
