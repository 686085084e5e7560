"""What meters show, asked of the database: exact, and the same as `usage.aggregation` would answer.

One statement per question, however many meters it is about. Without filters and properties the covering index
(environment, customer, meter, timestamp) INCLUDE (value) answers alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from core.periods import Period
from core.tenancy import environment_id
from usage.models import Meter

_MEASURED = """
SELECT %s::uuid, count(*), {value}
FROM usage_usageevent
WHERE environment_id = %s AND customer_id = %s AND meter_id = %s AND "timestamp" >= %s AND "timestamp" < %s{filters}
"""
_EVENTS = """
SELECT event_id, "timestamp", coalesce(value, 1)
FROM usage_usageevent
WHERE environment_id = %s AND customer_id = %s AND meter_id = %s AND "timestamp" >= %s AND "timestamp" < %s{filters}
  AND received_at <= %s
ORDER BY "timestamp", id LIMIT %s
"""
_VALUES = {
    Meter.Aggregation.COUNT: "count(*)::numeric",
    Meter.Aggregation.SUM: "coalesce(sum(value), 0)",
    Meter.Aggregation.MAX: "max(value)",
}
_FILTER = " AND properties ->> %s = ANY(%s)"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a meter shows for a period: None where nothing happened and nothing can be said (max)."""

    meter_id: UUID
    value: Decimal | None
    events: int


def measure_all(meters: Iterable[Meter], *, customer_id: UUID, period: Period) -> dict[UUID, Shown]:
    """This function will return what each of some meters shows for a customer and a half-open period, by meter."""
    parts = [_part(meter, customer_id, period) for meter in meters]
    if not parts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(sql for sql, _ in parts), [one for _, given in parts for one in given])
        rows = cursor.fetchall()
    return {meter_id: Shown(meter_id=meter_id, value=value, events=events) for meter_id, events, value in rows}


@dataclass(frozen=True, kw_only=True)
class CountedEvent:
    """One event that a meter counted, by the id its sender gave it."""

    event_id: str
    timestamp: datetime
    value: Decimal


def list_counted(
    meter: Meter, *, customer_id: UUID, period: Period, received_by: datetime, limit: int | None
) -> list[CountedEvent]:
    """This function will return the events a meter counts for a customer and a half-open period, the earliest first.

    Those that arrived after `received_by` are left out; `limit` None is all of them.
    """
    filters, given = _filters(meter)
    place: list[Any] = [environment_id(), customer_id, meter.id, period.starts_at, period.ends_at, *given]
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS.format(filters=filters), [*place, received_by, limit])
        rows = cursor.fetchall()
    return [CountedEvent(event_id=event_id, timestamp=at, value=value) for event_id, at, value in rows]


def _part(meter: Meter, customer_id: UUID, period: Period) -> tuple[str, list[Any]]:
    value, given = _value(meter)
    filters, accepted = _filters(meter)
    place = [environment_id(), customer_id, meter.id, period.starts_at, period.ends_at]
    return _MEASURED.format(value=value, filters=filters), [meter.id, *given, *place, *accepted]


def _filters(meter: Meter) -> tuple[str, list[Any]]:
    pairs = [(name, list(accepted)) for name, accepted in sorted(meter.filters.items())]
    return _FILTER * len(pairs), [one for pair in pairs for one in pair]


def _value(meter: Meter) -> tuple[str, list[Any]]:
    if meter.aggregation != Meter.Aggregation.UNIQUE_COUNT:
        return _VALUES[Meter.Aggregation(meter.aggregation)], []
    if meter.distinct_property is None:
        return "count(DISTINCT value)::numeric", []
    return "count(DISTINCT properties ->> %s)::numeric", [meter.distinct_property]
