"""Conformance cases of meters, answered by the aggregation of usage."""

from typing import Any

from core.conformance import conforms, decimal, instant, known
from core.periods import Period
from usage.aggregation import Aggregation, Event, Measure, aggregate


@conforms("aggregate", reads="aggregation value_property period events opening_value multiplier")
def measured(given: dict[str, Any]) -> dict[str, Any]:
    """This function will answer what a meter measures over a period."""
    measure = Measure(
        aggregation=Aggregation(given["aggregation"]),
        value_property=given.get("value_property"),
        multiplier=decimal(given.get("multiplier", "1")),
    )
    within = known(given["period"], "starts_at ends_at")
    period = Period(instant(within["starts_at"]), instant(within["ends_at"]))
    events = [_event(known(event, "id timestamp value properties")) for event in given["events"]]
    return {"value": aggregate(measure, events, period, opening_value=decimal(given.get("opening_value", "0")))}


def _event(given: dict[str, Any]) -> Event:
    return Event(
        id=given["id"],
        timestamp=instant(given["timestamp"]),
        value=decimal(given["value"]) if "value" in given else None,
        properties=given.get("properties", {}),
    )
