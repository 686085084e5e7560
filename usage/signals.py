"""What this app says has happened. An event that was measured is a row and no fact: they come by the million."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class MeterCreated(Event):
    """There is something new to measure; `subject` is its id."""

    type: ClassVar[str] = "meter.created"

    code: str
    aggregation: str


@dataclass(frozen=True, kw_only=True)
class MeterArchived(Event):
    """A meter accepts no more events; `subject` is its id."""

    type: ClassVar[str] = "meter.archived"

    code: str


@dataclass(frozen=True, kw_only=True)
class UsageLimitReached(Event):
    """A customer passed a threshold of a limit, the first time in this period; `subject` and `customer` are his id.

    `percent` is the threshold (80 or 100), `used` what was used by then, `resets_at` when the count starts anew.
    """

    type: ClassVar[str] = "usage.limit_reached"

    customer: str
    feature: str
    percent: int
    used: int
    limit: int
    resets_at: datetime


@dataclass(frozen=True, kw_only=True)
class EntitlementsGranted(Event):
    """A customer may use features for a period, because of `source`; `subject` and `customer` are his id."""

    type: ClassVar[str] = "entitlements.granted"

    customer: str
    source: str
    features: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class EntitlementsRevoked(Event):
    """A source no longer entitles the customer to these features; `subject` and `customer` are his id."""

    type: ClassVar[str] = "entitlements.revoked"

    customer: str
    source: str
    features: tuple[str, ...]
