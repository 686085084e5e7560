"""An invoice comes out the same again, or the difference is named; nothing is changed by asking."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from accounts.models import Customer
from accounts.tests.factories import make_customer
from billing import internal, services
from billing.internal import Basis, _issue, _items
from billing.internal._drafts import NewInvoice
from billing.models import Invoice, InvoiceLine
from billing.selectors import InvoiceView
from billing.tests.coupons import make_coupon, make_tax_rate, redeem
from billing.tests.factories import AT, issue, line
from billing.tests.wallets.builders import grant
from catalog import selectors as catalog
from catalog.models import Price
from catalog.services import revise_plan
from catalog.tests.factories import by_percentage, make_plan, monthly, seats, tiered
from core import ids
from core.actor import SYSTEM
from core.errors import NotFound
from core.periods import Period
from usage.tests.factories import event, make_meter, record

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(days=1)
WINDOW = Period(AT - timedelta(days=10), AT)


def again(invoice: InvoiceView) -> services.Recomputation:
    return services.recompute_invoice(invoice_id=invoice.id, now=LATER)


def terms_of(*prices: Any) -> list[catalog.PriceTerms]:
    plan = make_plan(*prices)
    return [catalog.get_price(row.id) for row in Price.objects.filter(version__plan=plan).order_by("id")]


@pytest.fixture
def customer() -> Customer:
    return make_customer(country="DE", now=AT)


def every_kind_of_line(customer: Customer) -> list[internal.NewLine]:
    """A fee, a share of one given back at most so much, seats of several periods, usage, a percentage, own amounts."""
    meter = make_meter()
    record(*(event(meter, customer, value, timestamp=AT - timedelta(days=1)) for value in ("7.5", "20")))
    usage = {"kind": "usage", "billed": "arrears", "meter_id": meter.id}
    flat, seat, calls, part = terms_of(
        monthly("19.99"), seats("3.333"), tiered(name="Calls", **usage), by_percentage(meter.id, billed="arrears")
    )
    known = {"customer_id": customer.id, "window": WINDOW, "now": AT}
    return [
        internal.priced_line(flat, Basis(price_id=flat.price_id, quantity=Decimal(1)), description="Fee"),
        internal.priced_line(
            flat, Basis(price_id=flat.price_id, quantity=Decimal(1), share=Fraction(7, 31), sign=-1, cap_minor=400),
            description="Back",
        ),
        internal.priced_line(seat, Basis(price_id=seat.price_id, quantity=Decimal(7), times=3), description="Seats"),
        internal.usage_line(calls, description="Calls", **known),
        internal.usage_line(part, description="Part", **known),
        *_items.lines_of([{"description": "Work", "quantity": Decimal("1.5"), "unit_amount": Decimal("0.335")}], "USD"),
        line(1234),
    ]  # fmt: skip


def full_invoice(customer: Customer) -> InvoiceView:
    """All kinds of lines, two coupons, two rates, and a wallet."""
    make_tax_rate(code="vat", percentage=Decimal(19), country="DE")
    make_tax_rate(code="city", percentage=Decimal("2.125"), country="DE")
    for coupon in (make_coupon(percent=Decimal("33.33")), make_coupon(amount_minor=777, currency="USD")):
        redeem(coupon, customer_id=customer.id, reference="sub_mine")
    grant(5000, customer_id=customer.id)
    return issue(customer_id=customer.id, lines=every_kind_of_line(customer), reference="sub_mine")


def test_an_invoice_comes_out_the_same(customer: Customer, facts: Callable[[], list[str]]) -> None:
    invoice = full_invoice(customer)
    before = facts()
    found = again(invoice)
    assert (found.identical, found.differences, found.late_usage) == (True, (), ())
    assert facts() == before


def test_todays_taxes_and_coupons_change_nothing(customer: Customer) -> None:
    invoice = full_invoice(customer)
    make_tax_rate(code="new", percentage=Decimal(50), country="DE")
    redeem(make_coupon(), customer_id=customer.id, reference="sub_mine")
    assert again(invoice).identical


def test_a_new_version_of_the_plan_changes_nothing(customer: Customer) -> None:
    plan = make_plan(monthly("20.00"), code="basic")
    new = NewInvoice(
        customer_id=customer.id, currency="USD", kind="one_off", lines=_items.lines_of([{"plan": "basic"}], "USD"),
        reference="", key="once", collect=False,
    )  # fmt: skip
    invoice = _issue.issue(new, actor=SYSTEM, now=AT)
    revise_plan(plan_id=plan.id, prices=[monthly("99.00")], features=None, actor=SYSTEM, now=AT)
    assert again(invoice).identical


def test_a_late_event_is_the_difference(customer: Customer) -> None:
    meter = make_meter()
    record(event(meter, customer, 10, timestamp=AT - timedelta(days=1)))
    (terms,) = terms_of(monthly("0.50", model="per_unit", kind="usage", billed="arrears", meter_id=meter.id))
    used = internal.usage_line(terms, customer_id=customer.id, window=WINDOW, description="Calls", now=AT)
    invoice = issue(customer_id=customer.id, lines=[used])
    record(event(meter, customer, 4, timestamp=AT - timedelta(days=2)), now=LATER)
    found = again(invoice)
    only = InvoiceLine.objects.get(invoice_id=invoice.id)
    assert not found.identical
    assert {(one.line, one.field, one.was, one.now) for one in found.differences} == {
        (only.public_id, "quantity", "10", "14"), (only.public_id, "amount_minor", "500", "700"),
        (only.public_id, "total_minor", "500", "700"), ("", "subtotal_minor", "500", "700"),
        ("", "total_minor", "500", "700"),
    }  # fmt: skip
    (late,) = found.late_usage
    assert (late.events, late.was, late.now, late.amount_minor) == (1, "10", "14", 200)
    assert Invoice.objects.get(pk=invoice.id).total_minor == 500


@pytest.mark.parametrize(
    ("statement", "field"),
    [
        ("UPDATE billing_invoiceline SET quantity = 8 WHERE invoice_id = %s AND position = 3", "quantity"),
        ("UPDATE billing_invoicetax SET tax_minor = tax_minor + 1 WHERE invoice_id = %s AND code = 'vat'",
         "taxes.vat.tax_minor"),
        ("UPDATE billing_invoicediscount SET amount_minor = amount_minor - 1 WHERE invoice_id = %s AND position = 1",
         "discounts.1.amount_minor"),
        ("UPDATE billing_invoice SET subtotal_minor = subtotal_minor + 1, total_minor = total_minor + 1, due_minor = "
         "due_minor + 1 WHERE id = %s", "subtotal_minor"),
    ],
)  # fmt: skip
def test_a_figure_that_was_tampered_with_is_named(
    customer: Customer, owner_sql: Callable[..., Any], statement: str, field: str
) -> None:
    invoice = full_invoice(customer)
    tables = ["billing_invoiceline", "billing_invoicetax", "billing_invoicediscount", "billing_invoice"]
    owner_sql(statement, [invoice.id], off=tables)
    found = again(invoice)
    assert not found.identical
    assert field in {one.field for one in found.differences}


def test_an_unknown_invoice_is_not_computed() -> None:
    with pytest.raises(NotFound):
        services.recompute_invoice(invoice_id=ids.new(), now=LATER)
