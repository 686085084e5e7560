"""A quote is exactly the invoice that is issued afterwards, and leaves nothing behind."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.services import CurrencyMismatch
from billing import internal, services
from billing.internal import _issue, _items
from billing.internal._drafts import NewInvoice
from billing.models import Invoice
from billing.tests.coupons import make_coupon, make_tax_rate, redeem
from billing.tests.factories import AT, issue, line, make_customer_id
from billing.tests.wallets.builders import grant
from catalog.models import Price
from catalog.tests.factories import make_addon, make_plan, monthly, seats, tiered
from core import ids
from core.actor import SYSTEM
from core.errors import NotFound, Refusal
from outbox.models import OutboxEvent

pytestmark = pytest.mark.django_db
_count = count(1)

LINE = (
    "position", "kind", "description", "quantity", "unit_amount", "amount_minor", "discount_minor", "tax_minor",
    "total_minor", "price", "plan", "tax_code", "period_starts_at", "period_ends_at",
)  # fmt: skip
DISCOUNT = ("description", "amount_minor")
TAX = ("code", "name", "country", "percentage", "base_minor", "tax_minor", "is_reverse_charge")
TOTALS = (
    "currency", "tax_behavior", "subtotal_minor", "discount_minor", "tax_minor", "total_minor", "credit_applied_minor",
    "wallet_applied_minor", "due_minor",
)  # fmt: skip


def quote(customer_id: UUID, *items: dict[str, Any], **known: Any) -> services.Quote:
    return services.quote_invoice(customer_id=customer_id, items=items, now=AT, **{"currency": "USD"} | known)


def issued(
    customer_id: UUID, *items: dict[str, Any], coupons: Sequence[str] = (), reference: str = "", currency: str = "USD"
) -> Invoice:
    """The same for real."""
    new = NewInvoice(
        customer_id=customer_id, currency=currency, kind="one_off", lines=_items.lines_of(items, currency),
        reference=reference, key=f"quoted-{next(_count)}", collect=False, coupons=coupons,
    )  # fmt: skip
    return Invoice.objects.get(pk=_issue.issue(new, actor=SYSTEM, now=AT).id)


def of(row: object, names: Sequence[str]) -> list[Any]:
    return [getattr(row, name) for name in names]


def of_all(rows: Any, names: Sequence[str]) -> list[list[Any]]:
    return [of(row, names) for row in rows]


def check_same(told: services.Quote, invoice: Invoice) -> None:
    assert of(told, TOTALS) == of(invoice, TOTALS)
    assert of_all(told.lines, LINE) == of_all(invoice.lines.order_by("position"), LINE)
    assert sorted(of_all(told.discounts, DISCOUNT)) == sorted(of_all(invoice.discounts.all(), DISCOUNT))
    assert of_all(told.taxes, TAX) == of_all(invoice.taxes.order_by("position"), TAX)


def rows_of_billing() -> dict[str, int]:
    """How many rows every table of billing has, and how many facts there are."""
    models = [*apps.get_app_config("billing").get_models(), OutboxEvent]
    return {model.__name__: model.objects.count() for model in models}  # type: ignore[attr-defined]


def work(amount: str = "100.00", **known: Any) -> dict[str, Any]:
    return {"description": "Work", "unit_amount": Decimal(amount), **known}


def test_a_quote_has_discounts_taxes_credit_and_wallet() -> None:
    customer_id = make_customer_id(country="DE")
    make_tax_rate(code="vat", percentage=Decimal(19), country="DE")
    grant(1000, customer_id=customer_id)
    coupon = make_coupon(percent=Decimal(10))
    told = quote(customer_id, work(quantity=Decimal(2)), coupons=[coupon.code])
    # 200.00 less 10 % is 180.00; 19 % of that is 34.20; 214.20 less the 10.00 in the wallet is 204.20.
    assert of(told, ("subtotal_minor", "discount_minor", "tax_minor", "total_minor")) == [20000, 2000, 3420, 21420]
    assert (told.wallet_applied_minor, told.due_minor) == (1000, 20420)
    assert told.lines[0].calculation == "2 × 100.00 = 200.00 USD"
    assert told.sentences[-1] == "You would have to pay 204.20 USD."
    check_same(told, issued(customer_id, work(quantity=Decimal(2)), coupons=[coupon.code]))


def test_a_quote_leaves_nothing_behind() -> None:
    customer_id = make_customer_id(country="DE")
    make_tax_rate()
    grant(1000, customer_id=customer_id)
    coupon = make_coupon(max_redemptions=1)
    before = rows_of_billing()
    for _ in range(2):
        quote(customer_id, work(), coupons=[coupon.code])
    coupon.refresh_from_db()
    assert (rows_of_billing(), coupon.redeemed) == (before, 0)


def test_a_subscription_adds_what_it_holds_and_what_waits() -> None:
    customer_id = make_customer_id()
    redeem(make_coupon(percent=Decimal(50), duration="forever"), customer_id=customer_id, reference="sub_mine")
    waiting = [line(-300, description="Credit")]
    internal.add_pending(waiting, customer_id=customer_id, reference="sub_mine", currency="USD", key="k", now=AT)
    told = quote(customer_id, work(), subscription="sub_mine")
    assert [one.amount_minor for one in told.lines] == [10000, -300]
    assert (told.discount_minor, told.total_minor, told.carried_minor) == (5000, 4700, 0)
    check_same(told, issued(customer_id, work(), reference="sub_mine"))


def test_credits_that_cannot_be_borne_are_carried() -> None:
    customer_id = make_customer_id()
    waiting = [line(-30000, description="Credit")]
    internal.add_pending(waiting, customer_id=customer_id, reference="sub_mine", currency="USD", key="k", now=AT)
    told = quote(customer_id, work(), subscription="sub_mine")
    assert (told.total_minor, told.carried_minor) == (0, 20000)
    check_same(told, issued(customer_id, work(), reference="sub_mine"))


def test_another_customers_subscription_is_refused() -> None:
    issue(reference="sub_his")
    with pytest.raises(services.ReferenceOfAnother):
        quote(make_customer_id(), work(), subscription="sub_his")


def test_a_quote_is_as_of_an_instant() -> None:
    make_tax_rate(code="new", percentage=Decimal(20), starts_at=AT + timedelta(days=10))
    customer_id = make_customer_id()
    assert quote(customer_id, work()).tax_minor == 0
    assert quote(customer_id, work(), at=AT + timedelta(days=10)).tax_minor == 2000


def test_the_currency_is_the_customers_unless_named() -> None:
    customer_id = make_customer_id(currency="EUR")
    assert quote(customer_id, work(), currency=None).currency == "EUR"
    with pytest.raises(CurrencyMismatch):
        quote(customer_id, work(), currency="USD")
    with pytest.raises(services.CurrencyNeeded):
        quote(make_customer_id(), work(), currency=None)


@pytest.mark.parametrize(
    ("refusal", "known"),
    [
        (internal.CouponUnknown, {"coupons": ["NONE"]}),
        (_items.ItemUnknown, {"items": [{"plan": "none"}]}),
        (_items.UnitAmountInvalid, {"items": [{"description": "Work", "unit_amount": Decimal(-1)}]}),
        (internal.InvoiceEmpty, {"items": []}),
        (NotFound, {"customer_id": ids.new()}),
    ],
)
def test_what_an_invoice_would_refuse_a_quote_refuses(refusal: type[Refusal], known: dict[str, Any]) -> None:
    fields = {"customer_id": make_customer_id(), "items": [work()], "currency": "USD", "now": AT}
    before = rows_of_billing()
    with pytest.raises(refusal):
        services.quote_invoice(**fields | known)
    assert rows_of_billing() == before


@pytest.fixture
def shop() -> list[dict[str, Any]]:
    """Things of every kind in USD, and rates for customers in Germany."""
    make_tax_rate(code="vat", name="VAT", percentage=Decimal(19), country="DE")
    make_tax_rate(code="city", name="City tax", percentage=Decimal("2.5"), country="DE")
    make_tax_rate(code="food", name="Reduced", percentage=Decimal(7), country="DE", tax_code="food")
    for code, terms in (("TEN", {}), ("SIX", {"amount_minor": 600, "currency": "USD"})):
        make_coupon(code=code, duration="forever", **terms)
    plan = make_plan(monthly(), seats("3.333"), tiered(name="Tiered", tax_code="food"), code="pro")
    make_coupon(code="PRO", percent=Decimal(25), plans=["pro"], duration="forever")
    tiered_price = Price.objects.get(version__plan=plan, name="Tiered")
    make_addon(monthly("4.99"), code="support")
    return [
        {"plan": "pro"}, {"price": tiered_price.public_id}, {"addon": "support"},
        {"description": "Food", "unit_amount": Decimal("0.1234"), "tax_code": "food"},
        {"description": "Work", "unit_amount": Decimal("77.7")},
    ]  # fmt: skip


chosen = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 40)), min_size=1, max_size=6)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen, st.sets(st.sampled_from(["TEN", "SIX", "PRO"])), st.sampled_from(["DE", "FR"]),
    st.sampled_from(["exclusive", "inclusive"]), st.integers(0, 30000),
)  # fmt: skip
def test_whatever_is_asked_for_the_quote_is_the_invoice(
    shop: list[dict[str, Any]],
    asked: list[tuple[int, int]],
    coupons: set[str],
    country: str,
    tax_behavior: str,
    stored: int,
) -> None:
    services.change_billing_settings(changes={"tax_behavior": tax_behavior}, actor=SYSTEM, now=AT)
    customer_id = make_customer_id(country=country)
    if stored:
        grant(stored, customer_id=customer_id)
    items = [{**shop[thing], "quantity": Decimal(quantity)} for thing, quantity in asked]
    told = quote(customer_id, *items, coupons=sorted(coupons))
    check_same(told, issued(customer_id, *items, coupons=sorted(coupons)))
