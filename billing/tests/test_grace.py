"""An invoice that bills usage may wait as a draft, and is finalized with what came late."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Customer
from accounts.tests.factories import make_customer
from billing import internal, services
from billing.internal import usage_line
from billing.models import Invoice, InvoiceNotDraft, Journal
from billing.selectors import InvoiceView
from billing.tests.factories import issue, line
from catalog import selectors as catalog
from catalog.services import NewPrice
from catalog.tests.factories import make_plan, monthly
from core.actor import SYSTEM
from core.periods import Period
from usage.tests.factories import ENDS, NOW, STARTS, event, make_meter, record

pytestmark = pytest.mark.django_db

GRACE = timedelta(hours=6)
LATER = NOW + GRACE


@pytest.fixture
def customer() -> Customer:
    return make_customer(now=NOW)


@pytest.fixture
def counted(customer: Customer) -> Any:
    """A meter whose units cost 0.02, and three units of it so far."""
    services.change_billing_settings(changes={"grace_hours": 6}, actor=SYSTEM, now=NOW)
    meter = make_meter()
    price: dict[str, Any] = {"name": "Calls", "kind": "usage", "model": "per_unit", "meter_id": meter.id}
    plan = make_plan(NewPrice(currency="USD", unit_amount=Decimal("0.02"), **price), monthly("5.00"), now=NOW)
    record(event(meter, customer, 300))
    return meter, next(one for one in catalog.get_current_terms(plan.id).prices if one.is_usage)


def bill(customer: Customer, counted: Any, **known: Any) -> InvoiceView:
    used = usage_line(
        counted[1], customer_id=customer.id, window=Period(STARTS, ENDS), description="API calls", now=NOW
    )
    return issue(lines=[line(500), used], customer_id=customer.id, now=NOW, **known)


def test_an_invoice_that_bills_usage_waits(customer: Customer, counted: Any, facts: Callable[[], list[str]]) -> None:
    invoice = bill(customer, counted, collect=True)
    row = Invoice.objects.get(pk=invoice.id)
    assert (row.state, row.number, row.finalizes_at, row.total_minor) == ("draft", None, LATER, 1100)
    assert not Journal.objects.exists()
    assert facts()[-1] == "invoice.drafted"


def test_an_invoice_without_usage_does_not_wait(customer: Customer, counted: Any) -> None:
    assert issue(500, customer_id=customer.id, now=NOW).state == "open"


def test_what_came_late_is_on_the_invoice(customer: Customer, counted: Any) -> None:
    invoice = bill(customer, counted)
    record(event(counted[0], customer, 50, timestamp=NOW - timedelta(days=1)), now=NOW + timedelta(hours=3))
    final = internal.end_grace(invoice.id, actor=SYSTEM, now=LATER)
    assert final is not None
    assert (final.state, final.total_minor) == ("open", 1200)
    billed = Invoice.objects.get(pk=invoice.id).lines.get(kind="usage")
    assert billed.basis is not None
    assert (billed.quantity, billed.basis["events"], billed.amount_minor) == (350, 2, 700)


def test_nothing_happens_before_the_time_and_nothing_after_it(customer: Customer, counted: Any) -> None:
    invoice = bill(customer, counted)
    assert internal.end_grace(invoice.id, actor=SYSTEM, now=LATER - timedelta(seconds=1)) is None
    assert internal.end_grace(invoice.id, actor=SYSTEM, now=LATER) is not None
    assert internal.end_grace(invoice.id, actor=SYSTEM, now=LATER) is None
    with pytest.raises(InvoiceNotDraft):
        internal.finalize_draft(invoice.id, actor=SYSTEM, now=LATER)
    assert Journal.objects.count() == 1


def test_the_worker_ends_it_when_its_time_comes(
    customer: Customer, counted: Any, freeze: Callable[..., Any], run_jobs: Callable[[], Any]
) -> None:
    invoice = bill(customer, counted)
    freeze(LATER)
    run_jobs()
    assert Invoice.objects.get(pk=invoice.id).state == "open"


def test_todays_coupons_count_when_it_is_finalized(customer: Customer, counted: Any) -> None:
    invoice = bill(customer, counted, reference="sub_late")
    services.create_coupon(code="HALF", name="Half", percent=Decimal(50), actor=SYSTEM, now=NOW)
    internal.redeem_coupon(
        "HALF", customer_id=customer.id, reference="sub_late", currency="USD", plan=None, actor=SYSTEM, now=NOW
    )
    final = internal.end_grace(invoice.id, actor=SYSTEM, now=LATER)
    assert final is not None
    assert final.total_minor == 550
