"""What somebody may ask for about subscriptions."""

from subscriptions.internal import LiveSubscriptionExists
from subscriptions.internal._addons import AddOnAlreadyAdded, NotChangeable
from subscriptions.internal._changes import PeriodBoughtAhead
from subscriptions.internal._versions import AddOnCycleMismatch, CycleDiffers
from subscriptions.models import (
    AddOnBilled,
    AddOnRemoved,
    AlreadyCanceled,
    CancellationScheduled,
    MigrationOver,
    MigrationUnderWay,
    NoCancellationScheduled,
)
from subscriptions.proration import Behavior
from subscriptions.services._addons import add_addon, remove_addon
from subscriptions.services._cancel import cancel_subscription, undo_cancellation
from subscriptions.services._coupons import redeem_coupon
from subscriptions.services._create import (
    NoTrialOffered,
    StartInThePast,
    TrialAlreadyUsed,
    create_subscription,
    start_trial,
)
from subscriptions.services._migrations import (
    MigrationLine,
    MigrationPreview,
    MigrationTotals,
    SameVersion,
    UnknownVersion,
    cancel_migration,
    prepare_migration,
    preview_migration,
    preview_of,
    resume_migration,
    start_migration,
)
from subscriptions.services._renew import NotRenewable, RenewalPending, renew_subscription
from subscriptions.states import InvalidTransition

__all__ = [
    "AddOnAlreadyAdded",
    "AddOnBilled",
    "AddOnCycleMismatch",
    "AddOnRemoved",
    "AlreadyCanceled",
    "Behavior",
    "CancellationScheduled",
    "CycleDiffers",
    "InvalidTransition",
    "LiveSubscriptionExists",
    "MigrationLine",
    "MigrationOver",
    "MigrationPreview",
    "MigrationTotals",
    "MigrationUnderWay",
    "NoCancellationScheduled",
    "NoTrialOffered",
    "NotChangeable",
    "NotRenewable",
    "PeriodBoughtAhead",
    "RenewalPending",
    "SameVersion",
    "StartInThePast",
    "TrialAlreadyUsed",
    "UnknownVersion",
    "add_addon",
    "cancel_migration",
    "cancel_subscription",
    "create_subscription",
    "prepare_migration",
    "preview_migration",
    "preview_of",
    "redeem_coupon",
    "remove_addon",
    "renew_subscription",
    "resume_migration",
    "start_migration",
    "start_trial",
    "undo_cancellation",
]
