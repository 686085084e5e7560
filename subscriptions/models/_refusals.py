"""What a subscription's own row refuses."""

from core import errors
from subscriptions.states import InvalidTransition


class AlreadyCanceled(InvalidTransition):
    """`canceled_at` says since when. The other members are those of every refused transition."""

    code = "subscription_already_canceled"
    title = "The subscription is already canceled."


class CancellationScheduled(errors.Conflict):
    code = "cancellation_scheduled"
    title = "The subscription will be canceled already; undo that first."


class NoCancellationScheduled(errors.Conflict):
    code = "no_cancellation_scheduled"
    title = "No cancellation is scheduled."
