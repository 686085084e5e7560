"""The states of money in motion, and the changes between them, as data.

The models carry them, and a database trigger generated from the same data refuses every other change.
"""

from collections.abc import Mapping
from typing import Final

from django.db.models import TextChoices

Transitions = Mapping[str, frozenset[str]]


class PaymentStatus(TextChoices):
    PENDING = "pending"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


# A failed payment can still succeed: the gateway's answer may come after we had given up. Money is real.
PAYMENT_TRANSITIONS: Final[Transitions] = {
    "pending": frozenset({"processing", "failed", "canceled"}),
    "processing": frozenset({"succeeded", "failed"}),
    "failed": frozenset({"succeeded"}),
    "succeeded": frozenset({"partially_refunded", "refunded"}),
    "partially_refunded": frozenset({"refunded"}),
}
UNSETTLED: Final = ("pending", "processing")
CAPTURED: Final = ("succeeded", "partially_refunded", "refunded")


class AttemptStatus(TextChoices):
    CREATED = "created"
    REQUESTING = "requesting"
    UNKNOWN = "unknown"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    FAILED = "failed"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


ATTEMPT_TRANSITIONS: Final[Transitions] = {
    "created": frozenset({"requesting", "canceled"}),
    "requesting": frozenset({"unknown", "pending", "requires_action", "failed", "succeeded"}),
    "unknown": frozenset({"requesting", "pending", "requires_action", "failed", "succeeded"}),
    "pending": frozenset({"requires_action", "failed", "succeeded"}),
    "requires_action": frozenset({"failed", "succeeded"}),
    "failed": frozenset({"succeeded"}),
}
OPEN: Final = ("created", "requesting", "unknown", "pending", "requires_action")

# What we know only ever grows: an answer of a lower rank is older news and changes nothing.
RANK: Final[Mapping[str, int]] = {
    "created": 0,
    "requesting": 1,
    "unknown": 1,
    "pending": 2,
    "requires_action": 3,
    "failed": 4,
    "succeeded": 5,
}


class RefundStatus(TextChoices):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


REFUND_TRANSITIONS: Final[Transitions] = {"pending": frozenset({"succeeded", "failed"})}


class AttachmentStatus(TextChoices):
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    ATTACHED = "attached"
    ABANDONED = "abandoned"


# Abandoned is what the gateway was never asked for; refused is its answer. Both are the end.
ATTACHMENT_TRANSITIONS: Final[Transitions] = {
    "requested": frozenset({"accepted", "refused", "abandoned"}),
    "accepted": frozenset({"attached"}),
}


class EventStatus(TextChoices):
    RECEIVED = "received"
    PROCESSED = "processed"
    IGNORED = "ignored"
    ORPHAN = "orphan"
    FAILED = "failed"


# Back to `received` is a replay from the console.
EVENT_TRANSITIONS: Final[Transitions] = {
    "received": frozenset({"processed", "ignored", "orphan", "failed"}),
    "processed": frozenset({"received"}),
    "ignored": frozenset({"received"}),
    "orphan": frozenset({"received"}),
    "failed": frozenset({"received"}),
}


def pairs(transitions: Transitions) -> list[tuple[str, str]]:
    """This function will return the allowed changes as (from, to), in a stable order."""
    return [(old, new) for old in sorted(transitions) for new in sorted(transitions[old])]
