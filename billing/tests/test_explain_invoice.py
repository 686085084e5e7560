"""An invoice tells how it came about: prices, meters and their events, discounts, taxes, and where the money went."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from accounts.models import Customer
from accounts.tests.factories import make_customer
from billing import internal, selectors
from billing.internal import Basis
from billing.selectors import Explanation, InvoiceView
from billing.tests.coupons import make_coupon, make_tax_rate, redeem
from billing.tests.factories import AT, issue, line, settle
from billing.tests.wallets.builders import grant
from catalog import selectors as catalog
from catalog.models import Price
from catalog.tests.factories import make_plan, monthly, tiered
from core import ids, tenancy
from core.errors import NotFound
from core.periods import Period
from usage.models import Meter
from usage.tests.factories import event, make_meter, record

pytestmark = pytest.mark.django_db

MONTH = Period(AT - timedelta(days=10), AT + timedelta(days=1))


def told(invoice: InvoiceView) -> Explanation:
    return selectors.explain_invoice(invoice.id)


def calls_price(meter: Meter) -> catalog.PriceTerms:
    """Ten calls at 0.50 each, ten more at 0.40, all others at 0.30."""
    bounds = (("10", "0.5", "0"), ("20", "0.4", "0"), (None, "0.3", "0"))
    calls = tiered("graduated", *bounds, name="API calls", kind="usage", billed="arrears", meter_id=meter.id)
    plan = make_plan(monthly(), calls, name="Pro")
    return catalog.get_price(Price.objects.get(version__plan=plan, name="API calls").id)


def usage_of(customer_id: UUID, terms: catalog.PriceTerms, **known: Any) -> internal.NewLine:
    fields: dict[str, Any] = {"window": MONTH, "description": "Pro – API calls", "now": AT}
    return internal.usage_line(terms, customer_id=customer_id, **fields | known)


@pytest.fixture
def customer() -> Customer:
    return make_customer(country="DE", now=AT)


@pytest.fixture
def meter() -> Meter:
    return make_meter(code="calls", name="API calls")


def test_a_line_of_usage_names_its_price_its_meter_and_its_events(customer: Customer, meter: Meter) -> None:
    terms = calls_price(meter)
    events = [event(meter, customer, value, timestamp=AT - timedelta(hours=hour)) for hour, value in ((3, 5), (2, 20))]
    record(*events)
    explained = told(issue(customer_id=customer.id, lines=[usage_of(customer.id, terms)]))
    (only,) = explained.lines
    assert only.sold is not None
    assert (only.sold.plan, only.sold.version, only.sold.formula) == (
        terms.plan_public_id, 1, "graduated: ≤10 @ 0.5, ≤20 @ 0.4, beyond @ 0.3",
    )  # fmt: skip
    assert only.calculation == "10 × 0.50 + 10 × 0.40 + 5 × 0.30 = 10.50 USD"
    assert only.usage is not None
    assert (only.usage.code, only.usage.aggregation, only.usage.value, only.usage.events) == ("calls", "sum", 25, 2)
    assert list(only.usage.event_ids) == [one.id for one in events]
    assert explained.sentences[0].startswith("You were charged 10.50 USD for 25 API calls (Pro) from January 5 to")


def test_events_that_came_later_are_not_told(customer: Customer, meter: Meter) -> None:
    terms = calls_price(meter)
    first = event(meter, customer, 5, timestamp=AT - timedelta(hours=2))
    record(first)
    invoice = issue(customer_id=customer.id, lines=[usage_of(customer.id, terms)])
    record(event(meter, customer, 7, timestamp=AT - timedelta(hours=1)), now=AT + timedelta(hours=1))
    found = told(invoice).lines[0].usage
    assert found is not None
    assert (found.event_ids, found.value) == ((first.id,), 5)


def test_at_most_a_hundred_events_are_named(customer: Customer, meter: Meter) -> None:
    record(*(event(meter, customer, 1, timestamp=AT - timedelta(minutes=n)) for n in range(1, 122)))
    found = told(issue(customer_id=customer.id, lines=[usage_of(customer.id, calls_price(meter))])).lines[0].usage
    assert found is not None
    assert (found.events, len(found.event_ids)) == (121, 100)


def test_a_share_of_a_period_is_told_in_days(customer: Customer) -> None:
    terms = catalog.get_price(Price.objects.get(version__plan=make_plan(monthly("30.00"), name="Basic")).id)
    period = Period(AT, AT + timedelta(days=20))
    basis = Basis(price_id=terms.price_id, quantity=Decimal(1), share=Fraction(20, 30))
    charged = internal.priced_line(terms, basis, description="Basic", kind="proration", period=period)
    (only,) = told(issue(customer_id=customer.id, lines=[charged])).lines
    assert only.calculation == "1 × 30.00 = 30.00 USD; 20 of 30 days = 20.00 USD"


def test_discounts_say_what_was_left_and_line_coupons_come_first(customer: Customer) -> None:
    plan = make_plan(monthly("80.00"), code="basic", name="Basic")
    terms = catalog.get_price(Price.objects.get(version__plan=plan).id)
    basic = internal.priced_line(terms, Basis(price_id=terms.price_id, quantity=Decimal(1)), description="Basic")
    ten = make_coupon(name="Ten off", code="TEN", amount_minor=1000, currency="USD")
    quarter = make_coupon(name="Quarter", code="QUARTER", percent=Decimal(25), plans=["basic"])
    for coupon in (ten, quarter):
        redeem(coupon, customer_id=customer.id, reference="sub_mine")
    make_tax_rate(code="vat", name="VAT", percentage=Decimal("8.25"), country="DE")
    explained = told(issue(customer_id=customer.id, lines=[basic, line(2000)], reference="sub_mine"))
    # 80 less 25 % is 60; 60 + 20 = 80; less 10.00 is 70.00; 8.25 % of it is 5.775, rounded to 5.78.
    assert [(one.amount_minor, one.left_minor, one.is_scoped) for one in explained.discounts] == [
        (2000, 8000, True), (1000, 7000, False),
    ]  # fmt: skip
    assert [(one.base_minor, one.tax_minor) for one in explained.taxes] == [(7000, 578)]
    assert "VAT of 8.25 % on 70.00 USD is 5.78 USD." in explained.sentences


def test_stored_value_and_payments_are_told(customer: Customer) -> None:
    grant(300, customer_id=customer.id, description="a welcome")
    invoice = issue(1000, customer_id=customer.id)
    settle(invoice)
    explained = told(invoice)
    assert [(one.kind, one.amount_minor, one.name) for one in explained.moved] == [
        ("wallet", 300, "given as a welcome")
    ]
    assert "3.00 USD of it was paid from your wallet: 3.00 USD given as a welcome." in explained.sentences
    assert (explained.state, explained.due_minor, explained.sentences[-1]) == ("paid", 0, "Nothing is due any more.")


def test_an_unknown_invoice_is_not_explained() -> None:
    with pytest.raises(NotFound):
        selectors.explain_invoice(ids.new())


def test_another_environments_invoice_is_not_explained(live_environment: Any) -> None:
    invoice = issue()
    with tenancy.scope(live_environment), pytest.raises(NotFound):
        selectors.explain_invoice(invoice.id)


@pytest.mark.parametrize("lines", [1, 20])
def test_any_number_of_priced_lines_takes_the_same_queries(
    lines: int, customer: Customer, django_assert_num_queries: Any
) -> None:
    terms = [catalog.get_price(Price.objects.get(version__plan=make_plan()).id) for _ in range(lines)]
    priced = [
        internal.priced_line(one, Basis(price_id=one.price_id, quantity=Decimal(1)), description="Basic")
        for one in terms
    ]  # fmt: skip
    invoice = issue(customer_id=customer.id, lines=priced)
    with django_assert_num_queries(10):
        told(invoice)
