"""What anybody may ask of webhooks."""

from webhooks.addresses import Aim, aim
from webhooks.services._endpoints import (
    IssuedSecret,
    UnknownEventType,
    create_endpoint,
    delete_endpoint,
    disable_endpoint,
    enable_endpoint,
    rotate_secret,
    send_test,
    update_endpoint,
)
from webhooks.services._resend import EventNotFound, TooManyEvents, resend_delivery, resend_event, resend_range

__all__ = [
    "Aim", "EventNotFound", "IssuedSecret", "TooManyEvents", "UnknownEventType", "aim", "create_endpoint",
    "delete_endpoint", "disable_endpoint", "enable_endpoint", "resend_delivery", "resend_event", "resend_range",
    "rotate_secret", "send_test", "update_endpoint",
]  # fmt: skip
