"""What a meter measures over one half-open period: the definition, exact, in plain Python.

Whatever answers in production (a query, a roll-up, another engine) must answer what is written here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from core.periods import Period

# Averages and weighted sums rarely end; this many digits are more than any price can turn into a minor unit.
_PRECISION: Final = Context(prec=60)


class Aggregation(StrEnum):
    COUNT = "count"
    SUM = "sum"
    MAX = "max"
    MIN = "min"
    AVG = "avg"
    UNIQUE_COUNT = "unique_count"
    LATEST = "latest"
    WEIGHTED_SUM = "weighted_sum"
    SUM_WITH_MULTIPLIER = "sum_with_multiplier"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event. `id` is the client's, unique per environment; `timestamp` is aware."""

    id: str
    timestamp: datetime
    value: Decimal | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What a meter looks at.

    The value of an event is `properties[value_property]` when that is set, otherwise the event's own value. Distinct
    values are counted of `unique_property`, else of the value. `filters` name the accepted values of properties, as
    text.
    """

    aggregation: Aggregation
    value_property: str | None = None
    unique_property: str | None = None
    multiplier: Decimal = Decimal(1)
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)


def aggregate(
    measure: Measure, events: Iterable[Event], period: Period, *, opening_value: Decimal = Decimal(0)
) -> Decimal | None:
    """What a meter shows for a period.

    `events` come in the order of arrival: of a repeated id the first one stands, also when it lies outside the period.
    Events outside the period or the filters do not count. `opening_value` is the level at the start, for
    `weighted_sum`: each event changes the level by its value, and the answer is the sum of level x time held / period
    length. This function will answer None where nothing happened and nothing can be said (max, min, avg, latest).
    """
    counted = _counted(measure, events, period)
    if measure.aggregation is Aggregation.COUNT:
        return Decimal(len(counted))
    if measure.aggregation is Aggregation.UNIQUE_COUNT:
        return Decimal(_distinct(measure, counted))
    if measure.aggregation is Aggregation.WEIGHTED_SUM:
        return _decimal(_weighted(measure, counted, period, opening_value))
    valued = [(event, value) for event in counted if (value := _value(measure, event)) is not None]
    found = _REDUCTIONS[measure.aggregation](measure, valued)
    return None if found is None else _decimal(found)


def priced(value: Decimal | None) -> Decimal:
    """The quantity that is priced. This function will answer 0 for an aggregate of nothing."""
    return Decimal(0) if value is None else value


def closing_value(measure: Measure, events: Iterable[Event], period: Period, opening_value: Decimal) -> Decimal:
    """The level at the end of a period, which the next one opens with.

    This function will answer the opening level plus the value of every counted event; see `aggregate`.
    """
    changes = (_value(measure, event) for event in _counted(measure, events, period))
    return _decimal(sum((Fraction(change) for change in changes if change is not None), Fraction(opening_value)))


Valued = list[tuple[Event, Decimal]]


def _sum(_: Measure, valued: Valued) -> Fraction | None:
    return sum((Fraction(value) for _, value in valued), Fraction())


def _multiplied(measure: Measure, valued: Valued) -> Fraction | None:
    return sum((Fraction(value) for _, value in valued), Fraction()) * Fraction(measure.multiplier)


def _max(_: Measure, valued: Valued) -> Fraction | None:
    return max((Fraction(value) for _, value in valued), default=None)


def _min(_: Measure, valued: Valued) -> Fraction | None:
    return min((Fraction(value) for _, value in valued), default=None)


def _avg(_: Measure, valued: Valued) -> Fraction | None:
    return sum((Fraction(value) for _, value in valued), Fraction()) / len(valued) if valued else None


def _latest(_: Measure, valued: Valued) -> Fraction | None:
    """By timestamp, then by arrival."""
    if not valued:
        return None
    order = max(range(len(valued)), key=lambda index: (valued[index][0].timestamp, index))
    return Fraction(valued[order][1])


_REDUCTIONS: Final[Mapping[Aggregation, Callable[[Measure, Valued], Fraction | None]]] = {
    Aggregation.SUM: _sum,
    Aggregation.SUM_WITH_MULTIPLIER: _multiplied,
    Aggregation.MAX: _max,
    Aggregation.MIN: _min,
    Aggregation.AVG: _avg,
    Aggregation.LATEST: _latest,
}


def _weighted(measure: Measure, counted: list[Event], period: Period, opening_value: Decimal) -> Fraction:
    tick, total = timedelta.resolution, Fraction(opening_value)
    for event in counted:
        change = _value(measure, event)
        if change is not None:
            total += Fraction(change) * Fraction((period.ends_at - event.timestamp) // tick, period.length // tick)
    return total


def _counted(measure: Measure, events: Iterable[Event], period: Period) -> list[Event]:
    first: dict[str, Event] = {}
    for event in events:
        first.setdefault(event.id, event)
    return [event for event in first.values() if event.timestamp in period and _passes(measure, event)]


def _passes(measure: Measure, event: Event) -> bool:
    return all(str(event.properties.get(name)) in accepted for name, accepted in measure.filters.items())


def _distinct(measure: Measure, counted: list[Event]) -> int:
    name = measure.unique_property or measure.value_property
    if name is None:
        return len({event.value for event in counted if event.value is not None})
    return len({str(event.properties[name]) for event in counted if event.properties.get(name) is not None})


def _value(measure: Measure, event: Event) -> Decimal | None:
    """The number of an event, None when it has none: it then counts, but adds nothing."""
    raw = event.value if measure.value_property is None else event.properties.get(measure.value_property)
    if raw is None or isinstance(raw, bool):
        return None
    try:
        value = Decimal(str(raw))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _decimal(value: Fraction) -> Decimal:
    return _PRECISION.divide(Decimal(value.numerator), Decimal(value.denominator))
