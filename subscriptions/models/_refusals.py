"""What a subscription's own row refuses."""

from core import errors


class AlreadyCanceled(errors.Conflict):
    code = "subscription_already_canceled"
    title = "The subscription is already canceled."


class CancellationScheduled(errors.Conflict):
    code = "cancellation_scheduled"
    title = "The subscription will be canceled already; undo that first."


class NoCancellationScheduled(errors.Conflict):
    code = "no_cancellation_scheduled"
    title = "No cancellation is scheduled."
