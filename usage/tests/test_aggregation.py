"""What meters measure."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from core.conformance import Case
from core.periods import Period
from tests.conformance import cases, check
from usage.aggregation import Aggregation, Event, Measure, aggregate, closing_value, priced

JUNE = Period(datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
JULY = Period(JUNE.ends_at, datetime(2025, 8, 1, tzinfo=UTC))
EVENTS = st.lists(
    st.builds(
        Event,
        id=st.sampled_from("abcdefghijkl"),
        timestamp=st.datetimes(
            datetime.fromisoformat("2025-05-25"), datetime.fromisoformat("2025-08-05"), timezones=st.just(UTC)
        ),
        value=st.decimals(-1000, 1000, places=2),
    ),
    max_size=12,
)


def _value(aggregation: str, *values: Any, **members: Any) -> Decimal | None:
    events = [Event(id=str(n), timestamp=JUNE.starts_at, value=value) for n, value in enumerate(values)]
    return aggregate(Measure(aggregation=Aggregation(aggregation), **members), events, JUNE)


@pytest.mark.parametrize("case", cases("aggregate"))
def test_a_meter_over_a_period(case: Case) -> None:
    check("aggregate", case)


@generated(events=EVENTS)
def test_a_repeated_event_changes_nothing(events: list[Event]) -> None:
    for aggregation in Aggregation:
        measure = Measure(aggregation=aggregation)
        assert aggregate(measure, events + events, JUNE) == aggregate(measure, events, JUNE)


@generated(events=EVENTS)
def test_the_order_of_arrival_does_not_matter_to_distinct_events(events: list[Event]) -> None:
    distinct = list({event.id: event for event in events}.values())
    for aggregation in set(Aggregation) - {Aggregation.LATEST}:
        measure = Measure(aggregation=aggregation)
        assert aggregate(measure, distinct[::-1], JUNE) == aggregate(measure, distinct, JUNE)


@generated(events=EVENTS)
def test_sums_of_periods_add_up(events: list[Event]) -> None:
    both = Period(JUNE.starts_at, JULY.ends_at)
    for aggregation in (Aggregation.SUM, Aggregation.COUNT):
        measure = Measure(aggregation=aggregation)
        parts = [aggregate(measure, events, period) for period in (JUNE, JULY)]
        assert sum(map(priced, parts)) == aggregate(measure, events, both)


@generated(events=EVENTS, opening=st.decimals(-100, 100, places=2))
def test_a_level_is_carried_into_the_next_period(events: list[Event], opening: Decimal) -> None:
    measure = Measure(aggregation=Aggregation.WEIGHTED_SUM)
    middle = closing_value(measure, events, JUNE, opening)
    june = aggregate(measure, events, JUNE, opening_value=opening)
    july = aggregate(measure, events, JULY, opening_value=middle)
    both = aggregate(measure, events, Period(JUNE.starts_at, JULY.ends_at), opening_value=opening)
    assert june is not None
    assert july is not None
    assert both is not None
    assert abs((june * 30 + july * 31) / 61 - both) < Decimal("1e-15")


def test_nothing_is_null_when_shown_and_zero_when_priced() -> None:
    for aggregation in ("max", "min", "avg", "latest"):
        assert _value(aggregation) is None
        assert priced(_value(aggregation)) == 0
    for aggregation in ("count", "sum", "unique_count", "weighted_sum", "sum_with_multiplier"):
        assert _value(aggregation) == 0


def test_the_first_of_a_repeated_id_stands_wherever_it_lies() -> None:
    before = Event(id="a", timestamp=JUNE.starts_at - timedelta(days=1), value=Decimal(1))
    inside = Event(id="a", timestamp=JUNE.starts_at, value=Decimal(5))
    measure = Measure(aggregation=Aggregation.SUM)
    assert aggregate(measure, [before, inside], JUNE) == 0
    assert aggregate(measure, [inside, before], JUNE) == 5


def test_of_two_events_at_one_instant_the_later_arrival_is_the_latest() -> None:
    assert _value("latest", Decimal(1), Decimal(2)) == 2


def test_filters_and_unique_properties() -> None:
    rows = [("eu", "ann"), ("eu", "bob"), ("us", "cid"), ("eu", "ann"), (None, "dan"), ("eu", None)]
    events = [
        Event(id=str(n), timestamp=JUNE.starts_at, properties={"region": region, "user": user})
        for n, (region, user) in enumerate(rows)
    ]
    filters = {"region": frozenset({"eu"})}
    count = Measure(aggregation=Aggregation.COUNT, filters=filters)
    unique = Measure(aggregation=Aggregation.UNIQUE_COUNT, unique_property="user", filters=filters)
    assert aggregate(count, events, JUNE) == 4
    assert aggregate(unique, events, JUNE) == 2


def test_the_same_number_in_two_spellings_is_one_value() -> None:
    assert _value("unique_count", Decimal(30), Decimal("30.00"), None) == 1


@pytest.mark.parametrize("raw", [None, "many", True, "NaN", "Infinity", {}])
def test_an_event_without_a_number_counts_and_adds_nothing(raw: Any) -> None:
    events = [Event(id="a", timestamp=JUNE.starts_at, properties={"gb": raw})]
    assert aggregate(Measure(aggregation=Aggregation.SUM, value_property="gb"), events, JUNE) == 0
    assert aggregate(Measure(aggregation=Aggregation.MAX, value_property="gb"), events, JUNE) is None
    assert aggregate(Measure(aggregation=Aggregation.COUNT, value_property="gb"), events, JUNE) == 1
