"""The database answers what the definition in plain Python answers, on random events."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Customer
from accounts.tests.factories import make_customer
from core.actor import SYSTEM
from core.periods import Period
from usage import measuring, services
from usage.acceptance import NewEvent
from usage.aggregation import Aggregation, Event, Measure, aggregate
from usage.models import Meter
from usage.tests.factories import ENDS, NOW, STARTS, make_meter

pytestmark = pytest.mark.django_db

REGIONS = st.sampled_from(["eu", "us", "asia"])
VALUES = st.decimals(min_value=0, max_value=10**6, places=3)
PROPERTIES = st.fixed_dictionaries(
    {"bytes": st.integers(0, 50), "user": st.sampled_from(["ann", "bob", 1, True])}, optional={"region": REGIONS}
)
EVENTS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(-20 * 24, 16 * 24), VALUES, PROPERTIES), min_size=0, max_size=15
)
METERS: list[dict[str, Any]] = [
    {"aggregation": aggregation, "value_property": name, "filters": filters}
    for aggregation in ("count", "sum", "max", "unique_count")
    for name in ("value", "bytes")
    for filters in ({}, {"region": ["eu", "us"]})
] + [{"aggregation": "unique_count", "unique_property": "user"}]


@pytest.fixture
def customer() -> Customer:
    return make_customer(now=NOW)


def told(meter: Meter, customer: Customer, drawn: Any, salt: str) -> list[NewEvent]:
    return [
        NewEvent(
            id=f"{salt}-{number}", meter=meter.code, customer=customer.public_id,
            timestamp=NOW + timedelta(hours=hours), value=value, properties=properties,
        )
        for number, hours, value, properties in drawn
    ]  # fmt: skip


def defined(meter: Meter, events: list[NewEvent]) -> Decimal | None:
    """What the definition answers; properties are compared as the texts that JSON makes of them."""
    texts = [{name: _text(value) for name, value in one.properties.items()} for one in events]
    measure = Measure(
        aggregation=Aggregation(meter.aggregation), value_property=None if meter.own_value else meter.value_property,
        unique_property=meter.unique_property,
        filters={name: frozenset(accepted) for name, accepted in meter.filters.items()},
    )  # fmt: skip
    seen = [
        Event(id=one.id, timestamp=one.timestamp or NOW, value=one.value, properties=text)
        for one, text in zip(events, texts, strict=True)
    ]
    return aggregate(measure, seen, Period(STARTS, ENDS))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("terms", METERS, ids=str)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=EVENTS)
def test_the_database_agrees_with_the_definition(terms: dict[str, Any], drawn: Any, customer: Customer) -> None:
    meter = make_meter(**terms)
    events = told(meter, customer, drawn, meter.code)
    # The clock stands so that 35 days hold all but the very last of what is drawn.
    services.record_events(events=events, actor=SYSTEM, now=NOW + timedelta(days=15))
    shown = measuring.measure_all([meter], customer_id=customer.id, period=Period(STARTS, ENDS))[meter.id]
    counted = [one for one in events if one.timestamp and one.timestamp <= NOW + timedelta(days=15, minutes=5)]
    assert shown.value == defined(meter, counted)


def test_many_meters_are_asked_in_one_statement(customer: Customer, django_assert_num_queries: Any) -> None:
    meters = [make_meter(**terms) for terms in METERS]
    with django_assert_num_queries(1):
        found = measuring.measure_all(meters, customer_id=customer.id, period=Period(STARTS, ENDS))
    assert set(found) == {meter.id for meter in meters}
    assert {shown.value for shown in found.values()} == {0, None}


def test_no_meter_asks_nothing(customer: Customer, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert measuring.measure_all([], customer_id=customer.id, period=Period(STARTS, ENDS)) == {}
