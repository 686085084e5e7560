"""Usage that comes after its invoice is billed with the next one, once; what is finalized stays."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Customer
from accounts.tests.factories import make_customer
from billing import internal, services
from billing.models import Invoice, PendingLine
from billing.selectors import InvoiceView
from billing.services import void_invoice
from billing.tests.factories import AT, issue
from catalog import selectors as catalog
from catalog.models import Price
from catalog.tests.factories import make_plan, monthly
from core.actor import SYSTEM
from core.periods import Period
from usage.models import Meter
from usage.tests.factories import event, make_meter, record

pytestmark = pytest.mark.django_db

WINDOW = Period(AT - timedelta(days=10), AT)
LATER = AT + timedelta(days=2)


@pytest.fixture
def customer() -> Customer:
    return make_customer(now=AT)


@pytest.fixture
def meter() -> Meter:
    return make_meter()


@pytest.fixture
def invoice(customer: Customer, meter: Meter) -> InvoiceView:
    """Ten calls at 0.50, as they were known at the time."""
    record(event(meter, customer, 10, timestamp=AT - timedelta(days=1)))
    calls = monthly("0.50", name="Calls", model="per_unit", kind="usage", billed="arrears", meter_id=meter.id)
    terms = catalog.get_price(Price.objects.get(version__plan=make_plan(monthly(), calls), name="Calls").id)
    used = internal.usage_line(terms, customer_id=customer.id, window=WINDOW, description="Calls", now=AT)
    return issue(customer_id=customer.id, lines=[used], reference="sub_mine")


def late(meter: Meter, customer: Customer, value: int) -> None:
    record(event(meter, customer, value, timestamp=AT - timedelta(days=2)), now=LATER)


def adjust(**known: Any) -> int:
    return internal.adjust_late_usage(**{"reference": "sub_mine", "now": LATER} | known)


def waiting() -> list[int]:
    return list(PendingLine.objects.waiting().order_by("id").values_list("amount_minor", flat=True))


def test_what_came_late_waits_for_the_next_invoice(invoice: InvoiceView, meter: Meter, customer: Customer) -> None:
    late(meter, customer, 4)
    assert (adjust(), waiting()) == (1, [200])
    assert Invoice.objects.get(pk=invoice.id).total_minor == 500
    following = issue(1000, customer_id=customer.id, reference="sub_mine", now=LATER)
    assert following.total_minor == 1200
    told = services.recompute_invoice(invoice_id=following.id, now=LATER)
    assert told.identical


def test_it_is_found_once_however_often_one_looks(invoice: InvoiceView, meter: Meter, customer: Customer) -> None:
    late(meter, customer, 4)
    assert [adjust(), adjust()] == [1, 0]
    late(meter, customer, 2)
    assert (adjust(), waiting()) == (1, [200, 100])
    issue(1000, customer_id=customer.id, reference="sub_mine", now=LATER)
    assert (adjust(), waiting()) == (0, [])


def test_without_late_usage_nothing_waits(invoice: InvoiceView, facts: Callable[[], list[str]]) -> None:
    before = facts()
    assert (adjust(), waiting(), facts()) == (0, [], before)


def test_of_a_void_invoice_nothing_is_missing(invoice: InvoiceView, meter: Meter, customer: Customer) -> None:
    void_invoice(invoice_id=invoice.id, reason="Ordered by mistake", actor=SYSTEM, now=AT)
    late(meter, customer, 4)
    assert (adjust(), waiting()) == (0, [])


def test_what_a_void_invoice_took_up_waits_again(invoice: InvoiceView, meter: Meter, customer: Customer) -> None:
    late(meter, customer, 4)
    adjust()
    following = issue(1000, customer_id=customer.id, reference="sub_mine", now=LATER)
    void_invoice(invoice_id=following.id, reason="Ordered by mistake", actor=SYSTEM, now=LATER)
    assert (adjust(), waiting()) == (1, [200])


def test_old_invoices_are_left_alone(invoice: InvoiceView, meter: Meter, customer: Customer) -> None:
    late(meter, customer, 4)
    assert (adjust(now=AT + timedelta(days=35)), waiting()) == (0, [])


def test_what_nobody_was_billed_for_has_nothing_late() -> None:
    assert (adjust(), adjust(reference="")) == (0, 0)
