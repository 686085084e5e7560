"""The words that explain a line of history: why somebody leaves, and what the house itself says."""

from enum import StrEnum
from typing import Final


class CancelReason(StrEnum):
    """Why somebody leaves."""

    TOO_EXPENSIVE = "too_expensive"
    MISSING_FEATURES = "missing_features"
    SWITCHED_SERVICE = "switched_service"
    UNUSED = "unused"
    CUSTOMER_SERVICE = "customer_service"
    TOO_COMPLEX = "too_complex"
    LOW_QUALITY = "low_quality"
    PAYMENT_FAILED = "payment_failed"
    OTHER = "other"


TERM_ENDED: Final = "term_ended"
UNPAID: Final = "unpaid"
ENDED: Final = "ended"
NO_METHOD: Final = "no_payment_method"
# Of changes that were withdrawn.
SUBSCRIPTION_ENDS: Final = "subscription_ends"
REPLACED: Final = "replaced"

# How a subscription ends, by a word of ours.
ENDINGS: Final = (*(one.value for one in CancelReason), TERM_ENDED, UNPAID, ENDED)
# Whatever else is written as a reason is somebody's own text.
OURS: Final = frozenset({*ENDINGS, NO_METHOD, SUBSCRIPTION_ENDS, REPLACED})
# Lines whose reason is always ours: what the bank said, or how a pause came to its end.
ALWAYS_OURS: Final = frozenset({"past_due", "resumed"})
