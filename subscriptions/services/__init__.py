"""What somebody may ask for about subscriptions."""

from subscriptions.internal import LiveSubscriptionExists
from subscriptions.models import AlreadyCanceled, CancellationScheduled, NoCancellationScheduled
from subscriptions.services._cancel import cancel_subscription, undo_cancellation
from subscriptions.services._create import (
    NoTrialOffered,
    StartInThePast,
    TrialAlreadyUsed,
    create_subscription,
    start_trial,
)
from subscriptions.services._renew import NotRenewable, RenewalPending, renew_subscription
from subscriptions.states import InvalidTransition

__all__ = [
    "AlreadyCanceled",
    "CancellationScheduled",
    "InvalidTransition",
    "LiveSubscriptionExists",
    "NoCancellationScheduled",
    "NoTrialOffered",
    "NotRenewable",
    "RenewalPending",
    "StartInThePast",
    "TrialAlreadyUsed",
    "cancel_subscription",
    "create_subscription",
    "renew_subscription",
    "start_trial",
    "undo_cancellation",
]
