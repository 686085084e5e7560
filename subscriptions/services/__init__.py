"""What somebody may ask for about subscriptions."""

from subscriptions.internal import (
    CancellationOfTheSeller,
    ChangeOfTheSeller,
    LiveSubscriptionExists,
    NotAllowed,
    PauseOfTheSeller,
    PaymentMethodMissing,
)
from subscriptions.internal._addons import AddOnAlreadyAdded, NotChangeable
from subscriptions.internal._changes import PeriodBoughtAhead
from subscriptions.internal._course import AnchorNeedsCharge, NoPeriodYet, TermIsFixed
from subscriptions.internal._extensions import RenewalPending
from subscriptions.internal._trial_uses import TrialAlreadyUsed
from subscriptions.internal._versions import AddOnCycleMismatch, CycleDiffers
from subscriptions.models import (
    AddOnBilled,
    AddOnRemoved,
    AlreadyCanceled,
    CancellationScheduled,
    MigrationOver,
    MigrationUnderWay,
    NoCancellationScheduled,
    ScheduledChangeOver,
)
from subscriptions.proration import Behavior, Refund
from subscriptions.reasons import CancelReason
from subscriptions.services._addons import add_addon, remove_addon
from subscriptions.services._cancel import (
    CancelInThePast,
    cancel_subscription,
    end_subscription,
    undo_cancellation,
)
from subscriptions.services._change import Changed, change_subscription, hold_subscription
from subscriptions.services._coupons import redeem_coupon
from subscriptions.services._create import (
    NoTrialOffered,
    StartInThePast,
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
from subscriptions.services._pause import (
    LastPeriod,
    PauseInvalid,
    PauseScheduled,
    PaymentOutstanding,
    pause_subscription,
    resume_subscription,
)
from subscriptions.services._preview import ChangePreview, ChangeWouldFail, TooFarAhead, preview_change
from subscriptions.services._renew import renew_subscription
from subscriptions.services._schedule import (
    ChangeAlreadyScheduled,
    ChangeNotInTime,
    NoNextPeriod,
    replace_change,
    schedule_change,
    withdraw_change,
)
from subscriptions.services._settings import (
    SubscriptionSettingsInvalid,
    change_subscription_settings,
    current_settings,
)
from subscriptions.services._trials import TrialTooLong, activate_subscription, extend_trial
from subscriptions.states import InvalidTransition
from subscriptions.wanted import Wanted

__all__ = [
    "AddOnAlreadyAdded",
    "AddOnBilled",
    "AddOnCycleMismatch",
    "AddOnRemoved",
    "AlreadyCanceled",
    "AnchorNeedsCharge",
    "Behavior",
    "CancelInThePast",
    "CancelReason",
    "CancellationOfTheSeller",
    "CancellationScheduled",
    "ChangeAlreadyScheduled",
    "ChangeNotInTime",
    "ChangeOfTheSeller",
    "ChangePreview",
    "ChangeWouldFail",
    "Changed",
    "CycleDiffers",
    "InvalidTransition",
    "LastPeriod",
    "LiveSubscriptionExists",
    "MigrationLine",
    "MigrationOver",
    "MigrationPreview",
    "MigrationTotals",
    "MigrationUnderWay",
    "NoCancellationScheduled",
    "NoNextPeriod",
    "NoPeriodYet",
    "NoTrialOffered",
    "NotAllowed",
    "NotChangeable",
    "PauseInvalid",
    "PauseOfTheSeller",
    "PauseScheduled",
    "PaymentMethodMissing",
    "PaymentOutstanding",
    "PeriodBoughtAhead",
    "Refund",
    "RenewalPending",
    "SameVersion",
    "ScheduledChangeOver",
    "StartInThePast",
    "SubscriptionSettingsInvalid",
    "TermIsFixed",
    "TooFarAhead",
    "TrialAlreadyUsed",
    "TrialTooLong",
    "UnknownVersion",
    "Wanted",
    "activate_subscription",
    "add_addon",
    "cancel_migration",
    "cancel_subscription",
    "change_subscription",
    "change_subscription_settings",
    "create_subscription",
    "current_settings",
    "end_subscription",
    "extend_trial",
    "hold_subscription",
    "pause_subscription",
    "prepare_migration",
    "preview_change",
    "preview_migration",
    "preview_of",
    "redeem_coupon",
    "remove_addon",
    "renew_subscription",
    "replace_change",
    "resume_migration",
    "resume_subscription",
    "schedule_change",
    "start_migration",
    "start_trial",
    "undo_cancellation",
    "withdraw_change",
]
