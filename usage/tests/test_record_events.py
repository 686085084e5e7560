"""Recording events: each id counts once, totals are exact, and one bad event stops no other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_customer
from core import ids, tenancy
from core.actor import SYSTEM, Actor
from core.tenancy import Scope
from usage import selectors, services
from usage.acceptance import CustomerUnknown, NewEvent
from usage.models import EventId, Meter, UsageEvent
from usage.tests.factories import ENDS, NOW, STARTS, event, make_meter, record

pytestmark = pytest.mark.django_db

EXAMPLE = (10, 20, 30, 30)


def measured(meter: Meter, customer: Any) -> tuple[Decimal | int, int]:
    found = selectors.measure(meter_id=meter.id, customer_id=customer.id, starts_at=STARTS, ends_at=ENDS)
    return found.value, found.events


def refusals(*events: NewEvent, **particulars: Any) -> list[str]:
    known: dict[str, Any] = {"events": events, "actor": SYSTEM, "now": NOW}
    outcomes = services.record_events(**(known | particulars))
    return [outcome.refusal.code if outcome.refusal else outcome.status.value for outcome in outcomes]


@pytest.mark.parametrize(("aggregation", "value"), [("count", 4), ("sum", 90), ("max", 30), ("unique_count", 3)])
def test_the_example_shows_what_it_should(aggregation: str, value: int) -> None:
    meter, customer = make_meter(aggregation), make_customer(now=NOW)
    assert record(*(event(meter, customer, one) for one in EXAMPLE)) == ["accepted"] * 4
    assert measured(meter, customer) == (value, 4)


def test_each_customer_has_his_own_peak() -> None:
    meter, first, second = make_meter("max"), make_customer(now=NOW), make_customer(now=NOW)
    record(event(meter, first, 100), event(meter, first, 7), event(meter, second, 10))
    assert measured(meter, first)[0] + measured(meter, second)[0] == 110


def test_a_repeated_id_counts_once_and_the_first_stands() -> None:
    meter, customer = make_meter(), make_customer(now=NOW)
    first = event(meter, customer, 5, id="once")
    later = replace(first, value=Decimal(7), timestamp=NOW - timedelta(days=20))
    assert record(first, later) == ["accepted", "duplicate"]
    assert record(later) == ["duplicate"]
    assert measured(meter, customer) == (5, 1)


def test_a_repeat_with_a_timestamp_in_another_month_is_a_repeat() -> None:
    meter, customer = make_meter(), make_customer(now=NOW)
    record(event(meter, customer, 5, id="once"))
    assert record(event(meter, customer, 5, id="once", timestamp=NOW - timedelta(days=30))) == ["duplicate"]
    assert (EventId.objects.count(), UsageEvent.objects.count()) == (1, 1)


def test_another_environment_may_use_the_same_id(live_environment: Scope) -> None:
    record(event(make_meter(), make_customer(now=NOW), id="once"))
    with tenancy.scope(live_environment):
        assert record(event(make_meter(), make_customer(now=NOW), id="once")) == ["accepted"]


def test_another_environments_meter_and_customer_are_unknown(live_environment: Scope) -> None:
    meter, customer = make_meter(), make_customer(now=NOW)
    with tenancy.scope(live_environment):
        own_meter, own_customer = make_meter(), make_customer(now=NOW)
        stranger = replace(event(meter, own_customer), meter=meter.public_id)
        assert refusals(stranger, event(own_meter, customer)) == ["meter_not_found", "customer_not_found"]
        assert UsageEvent.objects.count() == 0


def test_a_rejected_event_stops_no_other() -> None:
    meter, customer = make_meter(), make_customer(now=NOW)
    good = event(meter, customer)
    bad = replace(good, id="bad", meter="nothing")
    assert refusals(bad, good, bad) == ["meter_not_found", "accepted", "meter_not_found"]


def test_an_id_that_was_rejected_is_not_taken() -> None:
    meter, customer = make_meter(), make_customer(now=NOW)
    bad = replace(event(meter, customer, id="once"), customer="nobody")
    assert refusals(bad, event(meter, customer, id="once")) == ["customer_not_found", "accepted"]


@pytest.mark.parametrize(
    ("away", "answer"),
    [
        (timedelta(minutes=5), "accepted"),
        (timedelta(minutes=5, microseconds=1), "timestamp_in_future"),
        (-timedelta(days=35), "accepted"),
        (-timedelta(days=35, microseconds=1), "timestamp_too_old"),
    ],
)
def test_the_timestamp_lies_near_the_environments_clock(away: timedelta, answer: str) -> None:
    assert refusals(event(make_meter(), make_customer(now=NOW), timestamp=NOW + away)) == [answer]


def test_an_event_without_a_timestamp_happened_now() -> None:
    record(event(make_meter(), make_customer(now=NOW), timestamp=None))
    assert UsageEvent.objects.get().timestamp == NOW


def test_meters_and_customers_have_two_names() -> None:
    meter, customer = make_meter(), make_customer(external_ref="acme", now=NOW)
    told = event(meter, customer)
    assert record(told, replace(told, id="2", meter=meter.public_id, customer="acme")) == ["accepted"] * 2
    assert measured(meter, customer) == (2, 2)


def test_only_a_correction_of_a_sum_is_negative() -> None:
    meter, peak, customer = make_meter(), make_meter("max"), make_customer(now=NOW)
    corrector = Actor(type="key", id="key_test", scopes=frozenset({"events:write", "usage:correction"}))
    told = event(meter, customer, -3)
    assert refusals(told) == ["negative_value"]
    assert refusals(told, event(peak, customer, -3), actor=corrector) == ["accepted", "negative_value"]
    assert measured(meter, customer) == (-3, 1)


def test_a_meter_that_needs_a_number_refuses_an_event_without() -> None:
    customer = make_customer(now=NOW)
    needy = [make_meter(), make_meter("max"), make_meter("unique_count"), make_meter(value_property="bytes")]
    assert refusals(*(event(meter, customer, None) for meter in needy)) == ["value_missing"] * 4
    assert refusals(event(make_meter("count"), customer, None)) == ["accepted"]
    by_user = make_meter("unique_count", unique_property="user")
    assert refusals(event(by_user, customer)) == ["property_missing"]


@pytest.mark.parametrize("value", ["text", True, "1e3", 10**30, "0.0000000000001"])
def test_a_property_that_holds_no_number_is_none(value: object) -> None:
    meter = make_meter(value_property="bytes")
    assert refusals(event(meter, make_customer(now=NOW), properties={"bytes": value})) == ["value_missing"]


def test_an_archived_meter_takes_nothing_more_and_keeps_what_it_has() -> None:
    meter, customer = make_meter(), make_customer(now=NOW)
    record(event(meter, customer, 5))
    services.archive_meter(meter_id=meter.id, actor=SYSTEM, now=NOW)
    assert refusals(event(meter, customer, 5)) == ["meter_archived"]
    assert measured(meter, customer) == (5, 1)


def test_a_single_event_is_refused_by_name() -> None:
    told = replace(event(make_meter(), make_customer(now=NOW)), customer=ids.encode("cus", ids.new()))
    with pytest.raises(CustomerUnknown):
        services.record_event(event=told, actor=SYSTEM, now=NOW)
    assert UsageEvent.objects.count() == 0


def test_a_batch_has_an_end() -> None:
    told = event(make_meter(), make_customer(now=NOW))
    with pytest.raises(services.TooManyItems):
        services.record_events(events=[told] * (services.MAX_EVENTS + 1), actor=SYSTEM, now=NOW)


@pytest.mark.parametrize("size", [1, 300])
def test_a_batch_costs_the_same_statements_whatever_its_size(size: int) -> None:
    meters, customers = [make_meter(), make_meter("max")], [make_customer(now=NOW) for _ in range(3)]
    told = [event(meters[n % 2], customers[n % 3]) for n in range(size)]
    with CaptureQueriesContext(connection) as asked:
        assert record(*told) == ["accepted"] * size
    assert len([one for one in asked if "SAVEPOINT" not in one["sql"]]) == 3


def test_no_event_is_a_fact(facts: Callable[[], list[str]]) -> None:
    meter, customer = make_meter(), make_customer(now=NOW)
    before = facts()
    record(event(meter, customer))
    assert facts() == before


def test_totals_are_exact_to_the_last_digit() -> None:
    meter, customer = make_meter(), make_customer(now=NOW)
    record(*(event(meter, customer, "0.100000000001") for _ in range(10)), event(meter, customer, "9" * 26))
    assert measured(meter, customer) == (Decimal("100000000000000000000000000.000000000010"), 11)


def test_the_period_is_half_open() -> None:
    meter, customer = make_meter(), make_customer(now=NOW)
    before = STARTS - timedelta(microseconds=1)
    record(event(meter, customer, timestamp=STARTS), event(meter, customer, timestamp=before))
    record(event(meter, customer, timestamp=ENDS), now=ENDS)
    assert measured(meter, customer) == (1, 1)
