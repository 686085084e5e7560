"""Which events a meter counted: by id, in order, as known at an instant."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from accounts.tests.factories import make_customer
from core import errors
from core.periods import Period
from usage import selectors
from usage.tests.factories import ENDS, NOW, STARTS, event, make_meter, record

pytestmark = pytest.mark.django_db

JANUARY = Period(STARTS, ENDS)


def test_the_events_come_in_the_order_in_which_they_happened() -> None:
    meter, customer = make_meter(filters={"region": ["eu"]}), make_customer(now=NOW)
    late = event(meter, customer, 5, id="late", timestamp=NOW, properties={"region": "eu"})
    early = event(meter, customer, 7, id="early", timestamp=NOW - timedelta(days=2), properties={"region": "eu"})
    elsewhere = event(meter, customer, 9, id="elsewhere", properties={"region": "us"})
    before = event(
        meter, customer, 3, id="before", timestamp=STARTS - timedelta(seconds=1), properties={"region": "eu"}
    )
    record(late, early, elsewhere, before)
    where = {"meter_id": meter.id, "customer_id": customer.id, "period": JANUARY, "received_by": NOW}
    assert [one.event_id for one in selectors.list_counted_events(**where, limit=10)] == ["early", "late"]
    assert [one.event_id for one in selectors.list_counted_events(**where, limit=1)] == ["early"]
    assert selectors.list_event_values(**where) == (Decimal(7), Decimal(5))


def test_an_event_that_arrived_later_was_not_counted_then() -> None:
    meter, customer = make_meter(), make_customer(now=NOW)
    record(event(meter, customer, id="first"))
    record(event(meter, customer, id="second"), now=NOW + timedelta(hours=1))
    where = {"meter_id": meter.id, "customer_id": customer.id, "period": JANUARY, "limit": 10}
    assert [one.event_id for one in selectors.list_counted_events(**where, received_by=NOW)] == ["first"]
    assert len(selectors.list_counted_events(**where, received_by=NOW + timedelta(hours=1))) == 2


def test_an_unknown_meter_has_no_events() -> None:
    with pytest.raises(errors.NotFound):
        selectors.list_event_values(meter_id=uuid4(), customer_id=uuid4(), period=JANUARY, received_by=NOW)
