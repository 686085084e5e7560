"""`POST /quotes`: the invoice that would be issued, and nothing kept."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.tests.factories import make_key
from billing.tests.coupons import make_coupon, make_tax_rate
from billing.tests.factories import make_customer_id
from billing.tests.test_quote_invoice import rows_of_billing
from catalog.models import Price
from catalog.tests.factories import make_plan, seats, tiered
from core import ids
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

PATH = "/api/v1/quotes"


@pytest.fixture
def customer() -> str:
    return ids.encode("cus", make_customer_id(country="DE"))


def ask(api: Api, customer: str, *items: dict[str, Any], **known: Any) -> Any:
    return api.post(PATH, {"customer": customer, "currency": "USD", "items": list(items), **known})


def work(**known: Any) -> dict[str, Any]:
    return {"description": "Work", "unit_amount": "100.00", **known}


def test_a_quote_answers_the_whole_invoice(api: Api, customer: str) -> None:
    make_tax_rate(code="vat", name="VAT", percentage=Decimal(19), country="DE")
    coupon = make_coupon(code="TEN", name="Ten")
    price = Price.objects.get(version__plan=make_plan(tiered(name="Tiers"), name="Pro"))
    before = rows_of_billing()
    response = ask(api, customer, {"price": price.public_id, "quantity": "25"}, work(), coupons=[coupon.code])
    assert response.status_code == 200, response.content
    told = response.json()
    # 10 × 50 + 10 × 40 + 5 × 30 = 1,050.00, and 100.00; less 10 % is 1,035.00; 19 % of it is 196.65.
    assert (told["subtotal_minor"], told["discount_minor"], told["tax_minor"]) == (115000, 11500, 19665)
    assert (told["total_minor"], told["due_minor"]) == (123165, 123165)
    first = told["lines"][0]
    assert (first["quantity"], first["amount_minor"], first["calculation"]) == (
        "25", 105000, "10 × 50.00 + 10 × 40.00 + 5 × 30.00 = 1,050.00 USD",
    )  # fmt: skip
    assert [part["tier"] for part in first["parts"]] == [1, 2, 3]
    assert first["sold"]["formula"] == "graduated: ≤10 @ 50, ≤20 @ 40, beyond @ 30"
    assert told["taxes"][0]["percentage"] == "19"
    assert told["sentences"][-1] == "You would have to pay 1,231.65 USD."
    assert rows_of_billing() == before


def test_a_quote_needs_no_idempotency_key(api: Api, customer: str) -> None:
    body = {"customer": customer, "currency": "USD", "items": [work()]}
    assert api.client.post(PATH, body, content_type="application/json", headers=api.headers).status_code == 200


@pytest.mark.parametrize(
    ("known", "pointer"),
    [
        ({"items": []}, "/items"),
        ({"items": [{"description": "Work", "unit_amount": "-1"}]}, "/items/0/unit_amount"),
        ({"items": [{"description": "Work", "unit_amount": "0.0000000000001"}]}, "/items/0/unit_amount"),
        ({"items": [{"description": "Work", "unit_amount": "1", "quantity": "-1"}]}, "/items/0/quantity"),
        ({"items": [{"description": "Work", "unit_amount": "1", "amount": 3}]}, "/items/0/amount"),
        ({"items": [{"plan": "pro", "usage": {"calls": "many"}}]}, "/items/0/usage/calls"),
        ({"items": [{"plan": "pro", "usage": {f"m{n}": "1" for n in range(51)}}]}, "/items/0/usage"),
        ({"items": [work()] * 501}, "/items"),
        ({"currency": "XXX"}, "/currency"),
        ({"subscription": "inv_1"}, "/subscription"),
        ({"at": "2026-01-01"}, "/at"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_field_by_field(
    api: Api, customer: str, known: dict[str, Any], pointer: str
) -> None:
    response = api.post(PATH, {"customer": customer, "currency": "USD", "items": [work()]} | known)
    assert response.status_code == 422
    assert pointer in [one["pointer"] for one in response.json()["errors"]]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({}, "item_unclear"),
        ({"price": "prc_1"}, "item_unknown"),
        ({"plan": "none"}, "item_unknown"),
        ({"addon": "none"}, "item_unknown"),
        ({"description": "Work", "unit_amount": "1", "quantity": "0"}, "quantity_invalid"),
        ({"description": "Work"}, "unit_amount_invalid"),
    ],
)
def test_an_item_that_cannot_be_billed_is_refused(api: Api, customer: str, item: dict[str, Any], code: str) -> None:
    before = rows_of_billing()
    response = ask(api, customer, work(), item)
    assert (response.status_code, response.json()["code"], response.json()["item"]) == (422, code, 2)
    assert rows_of_billing() == before


def test_a_price_of_another_currency_is_refused(api: Api, customer: str) -> None:
    price = Price.objects.get(version__plan=make_plan(seats(currency="EUR")))
    response = ask(api, customer, {"price": price.public_id})
    assert (response.status_code, response.json()["code"]) == (422, "price_currency_mismatch")


def test_another_environments_customer_is_not_there(stranger_api: Api, customer: str) -> None:
    assert ask(stranger_api, customer, work()).status_code == 404


def test_reading_invoices_is_enough_and_needed(customer: str) -> None:
    assert ask(Api(make_key(scopes=["invoices:read"])), customer, work()).status_code == 200
    assert ask(Api(make_key(scopes=["customers:read"])), customer, work()).status_code == 403
