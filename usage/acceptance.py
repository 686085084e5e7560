"""Whether an event is taken, and what its meter reads of it. One rule for one event and for ten thousand."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from core import errors, ids
from usage.models import Meter, MeterArchived

MOST_AHEAD: Final = timedelta(minutes=5)
MOST_BEHIND: Final = timedelta(days=35)
# What the column holds: numeric(38, 12).
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,12})?", re.ASCII)


class MeterUnknown(errors.NotFound):
    code = "meter_not_found"
    title = "There is no such meter."


class CustomerUnknown(errors.NotFound):
    code = "customer_not_found"
    title = "There is no such customer."


class TimestampAhead(errors.Invalid):
    code = "timestamp_in_future"
    title = "The timestamp is more than five minutes ahead."


class TimestampBehind(errors.Invalid):
    code = "timestamp_too_old"
    title = "The timestamp is more than 35 days old."


class ValueMissing(errors.Invalid):
    code = "value_missing"
    title = "The meter needs a number that the event does not have."


class PropertyMissing(errors.Invalid):
    code = "property_missing"
    title = "The meter needs a property that the event does not have."


class ValueNegative(errors.Invalid):
    code = "negative_value"
    title = "Only corrections of a sum are negative, and they need the scope usage:correction."


@dataclass(frozen=True, kw_only=True)
class NewEvent:
    """An event as a client tells it. `id` is his; `meter` a code or id, `customer` an external reference or id.

    Without a `timestamp` it happened now. `properties` are texts, integers, booleans and nulls.
    """

    id: str
    meter: str
    customer: str
    timestamp: datetime | None = None
    value: Decimal | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Row:
    """An accepted event, ready to be stored."""

    id: UUID
    event_id: str
    meter_id: UUID
    customer_id: UUID
    timestamp: datetime
    value: Decimal | None
    properties: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What there is to measure, and for whom; both by every name under which the events at hand may speak of them."""

    meters: Mapping[str, Meter]
    customers: Mapping[str, UUID]
    may_correct: bool
    now: datetime

    def accept(self, event: NewEvent) -> Row:
        """This function will return the row of an event.

        :raises core.errors.Refusal: one of the above, or MeterArchived, if it cannot be taken.
        """
        meter, customer_id = self._meter(event), self.customers.get(event.customer)
        if customer_id is None:
            raise CustomerUnknown
        return Row(
            id=ids.new(), event_id=event.id, meter_id=meter.id, customer_id=customer_id,
            timestamp=self._timestamp(event), value=self._value(meter, event), properties=event.properties,
        )  # fmt: skip

    def _meter(self, event: NewEvent) -> Meter:
        meter = self.meters.get(event.meter)
        if meter is None:
            raise MeterUnknown
        if meter.archived_at is not None:
            raise MeterArchived
        return meter

    def _timestamp(self, event: NewEvent) -> datetime:
        at = event.timestamp or self.now
        if at > self.now + MOST_AHEAD:
            raise TimestampAhead
        if at < self.now - MOST_BEHIND:
            raise TimestampBehind
        return at

    def _value(self, meter: Meter, event: NewEvent) -> Decimal | None:
        value = event.value if meter.own_value else number(event.properties.get(meter.value_property))
        named = meter.distinct_property if meter.aggregation == Meter.Aggregation.UNIQUE_COUNT else None
        if named is not None and event.properties.get(named) is None:
            raise PropertyMissing(property=named)
        if value is None and named is None and meter.aggregation != Meter.Aggregation.COUNT:
            raise ValueMissing
        # A negative number lowers a sum; elsewhere it would say nothing.
        is_correction = meter.aggregation == Meter.Aggregation.SUM and self.may_correct
        if value is not None and value < 0 and not is_correction:
            raise ValueNegative
        return value


def number(raw: Any) -> Decimal | None:
    """This function will return the number that a property holds, None where it holds none that fits the column."""
    if raw is None or isinstance(raw, bool) or not _DECIMAL.fullmatch(str(raw)):
        return None
    return Decimal(str(raw))


def index_meters(meters: Iterable[Meter]) -> dict[str, Meter]:
    """This function will return meters by code and by public id; where both fit, the id wins."""
    rows = list(meters)
    return {row.code: row for row in rows} | {row.public_id: row for row in rows}
