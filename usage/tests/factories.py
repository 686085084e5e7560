"""Meters, events and entitlements for tests, made by the same verbs as everywhere."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from accounts.models import Customer
from core.actor import SYSTEM
from usage import internal, services
from usage.acceptance import NewEvent
from usage.models import Meter

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
STARTS, ENDS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
_numbers = count(1)


def make_meter(aggregation: str = "sum", **particulars: Any) -> Meter:
    """Make a meter of the environment in scope."""
    code = f"meter{next(_numbers)}"
    known: dict[str, Any] = {"code": code, "name": "Requests", "aggregation": aggregation, "actor": SYSTEM, "now": NOW}
    return services.create_meter(**(known | particulars))


def event(meter: Meter, customer: Customer, value: Any = 1, **particulars: Any) -> NewEvent:
    """Make an event as a client would tell it."""
    known: dict[str, Any] = {
        "id": f"evt-{next(_numbers)}", "meter": meter.code, "customer": customer.public_id, "timestamp": NOW,
        "value": None if value is None else Decimal(value),
    }  # fmt: skip
    return NewEvent(**(known | particulars))


def record(*events: NewEvent, **particulars: Any) -> list[str]:
    """Store events and return what became of each."""
    known: dict[str, Any] = {"events": events, "actor": SYSTEM, "now": NOW}
    return [outcome.status.value for outcome in services.record_events(**(known | particulars))]


def grant(customer_id: UUID, limit: int | None = 50, **particulars: Any) -> None:
    """Let a subscription grant one metered feature, `calls`, for January 2026."""
    source, now = particulars.pop("source", "sub_test"), particulars.pop("now", NOW)
    starts_at, ends_at = particulars.pop("starts_at", STARTS), particulars.pop("ends_at", ENDS)
    known: dict[str, Any] = {"code": "calls", "name": "API calls", "kind": "metered"}
    feature = internal.FeatureGrant(**(known | {"limit": None if limit is None else Decimal(limit)} | particulars))
    internal.grant_entitlements(
        customer_id=customer_id, source=source, features=[feature], starts_at=starts_at, ends_at=ends_at, now=now
    )
