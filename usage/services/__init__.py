"""What somebody may ask of usage."""

from usage.services._events import MAX_EVENTS, Outcome, TooManyItems, record_event, record_events
from usage.services._meters import archive_meter, create_meter
from usage.services._use import FeatureNotGranted, FeatureNotMetered, UsageLimitExceeded, use_feature

__all__ = [
    "MAX_EVENTS", "FeatureNotGranted", "FeatureNotMetered", "Outcome", "TooManyItems", "UsageLimitExceeded",
    "archive_meter", "create_meter", "record_event", "record_events", "use_feature",
]  # fmt: skip
