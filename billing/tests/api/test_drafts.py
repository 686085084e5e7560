"""`POST /invoices` and what can be done with drafts and with the state of invoices."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from accounts.tests.api.clients import with_token
from accounts.tests.factories import make_key, register
from billing.models import Invoice
from billing.services import void_invoice
from billing.tests.factories import AT, issue, make_customer_id, settle
from catalog.tests.factories import make_plan, monthly
from core import ids
from core.actor import SYSTEM
from payments import selectors as payments
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

PATH = "/api/v1/invoices"


@pytest.fixture
def backend(freeze: Callable[[datetime], None]) -> Api:
    freeze(AT)
    return Api(make_key())


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def body(**known: Any) -> dict[str, Any]:
    return {
        "customer": ids.encode("cus", make_customer_id()), "currency": "USD",
        "items": [{"description": "Work", "unit_amount": "12.50", "quantity": "2"}],
    } | known  # fmt: skip


def draft(backend: Api, **known: Any) -> str:
    response = backend.post(PATH, body(finalize=False, **known))
    assert response.status_code == 201, response.content
    return str(response.json()["id"])


def test_an_invoice_is_made_and_finalized(backend: Api) -> None:
    response = backend.post(PATH, body(terms_days=30, notes="Line one\nLine two"))
    assert response.status_code == 201
    shown = response.json()
    assert (shown["state"], shown["number"], shown["total_minor"]) == ("open", "INV-202601-00001", 2500)
    assert (shown["terms_days"], shown["notes"], shown["collect"]) == (30, "Line one\nLine two", False)
    assert shown["kind"] == "one_off"


def test_a_price_of_the_catalog_is_billed_by_its_id(backend: Api) -> None:
    price = make_plan(monthly("9.99")).versions.get().prices.get()
    response = backend.post(PATH, body(items=[{"price": price.public_id, "quantity": "3"}]))
    assert response.status_code == 201, response.content
    assert (response.json()["total_minor"], response.json()["lines"][0]["price"]) == (2997, price.public_id)


def test_the_same_request_makes_one_invoice(backend: Api) -> None:
    asked = body()
    first, again = (backend.post(PATH, asked, key="one") for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert Invoice.objects.count() == 1


def test_a_draft_is_changed_finalized_and_stays(backend: Api) -> None:
    path = f"{PATH}/{draft(backend)}"
    changed = backend.patch(path, {"items": [{"description": "More", "unit_amount": "30"}], "notes": "New"})
    assert (changed.status_code, changed.json()["total_minor"], changed.json()["state"]) == (200, 3000, "draft")
    final = backend.post(f"{path}/finalize", {})
    assert (final.status_code, final.json()["state"], final.json()["number"]) == (200, "open", "INV-202601-00001")
    assert problem(backend.post(f"{path}/finalize", {})) == (409, "invoice_not_draft")
    assert problem(backend.patch(path, {"notes": "Newer"})) == (409, "invoice_not_draft")
    assert problem(backend.delete(path)) == (409, "invoice_not_draft")
    assert backend.get(path).json()["notes"] == "New"


def test_an_empty_change_changes_nothing(backend: Api) -> None:
    path = f"{PATH}/{draft(backend)}"
    before = backend.get(path).json()
    assert backend.patch(path, {}).json() == before


def test_a_draft_is_thrown_away(backend: Api) -> None:
    path = f"{PATH}/{draft(backend)}"
    assert backend.delete(path).status_code == 204
    assert backend.get(path).status_code == 404


def test_an_invoice_is_given_up(backend: Api) -> None:
    invoice = issue(1000)
    path = f"{PATH}/{invoice.public_id}/uncollectible"
    response = backend.post(path, {"reason": "Bankrupt"})
    assert (response.status_code, response.json()["state"]) == (200, "uncollectible")
    assert response.json()["uncollectible_at"] is not None
    assert problem(backend.post(path, {"reason": "Bankrupt"})) == (409, "invoice_not_open")


@pytest.mark.parametrize("verb", ["void", "uncollectible"])
def test_a_paid_invoice_is_not_taken_back_or_given_up(backend: Api, verb: str) -> None:
    paid = settle(issue(1000))
    response = backend.post(f"{PATH}/{paid.public_id}/{verb}", {"reason": "Mistake"})
    assert problem(response) == (409, "invoice_not_open")
    assert Invoice.objects.get().state == "paid"


@pytest.mark.parametrize(("known", "pointer"), [
    ({"items": []}, "/items"),
    ({"items": [{"description": "x", "unit_amount": "1"}] * 501}, "/items"),
    ({"items": [{"description": "x", "unit_amount": "-1"}]}, "/items/0/unit_amount"),
    ({"items": [{"description": "x", "unit_amount": "0.0000000000001"}]}, "/items/0/unit_amount"),
    ({"items": [{"description": "x", "unit_amount": "1", "quantity": "-1"}]}, "/items/0/quantity"),
    ({"items": [{"description": "x", "unit_amount": "1", "quantity": "٣"}]}, "/items/0/quantity"),
    ({"items": [{"description": "x", "unit_amount": "1", "color": "red"}]}, "/items/0/color"),
    ({"terms_days": -1}, "/terms_days"),
    ({"terms_days": 366}, "/terms_days"),
    ({"collect": "yes"}, "/collect"),
    ({"currency": "usd"}, "/currency"),
    ({"notes": "x" * 2001}, "/notes"),
    ({"is_admin": True}, "/is_admin"),
])  # fmt: skip
def test_what_is_not_well_formed_is_refused(backend: Api, known: dict[str, Any], pointer: str) -> None:
    response = backend.post(PATH, body(**known))
    assert problem(response) == (422, "validation_failed")
    assert response.json()["errors"][0]["pointer"] == pointer
    assert not Invoice.objects.exists()


def in_euros() -> str:
    return make_plan(monthly("9.99", currency="EUR")).versions.get().prices.get().public_id


@pytest.mark.parametrize(("item", "code"), [
    ({"description": "x", "unit_amount": "1", "quantity": "0"}, "quantity_invalid"),
    ({"price": ids.encode("prc", ids.new())}, "item_unknown"),
    ({"price": "prc_x"}, "item_unknown"),
    ({"description": "x"}, "unit_amount_invalid"),
    ({"quantity": "1"}, "item_unclear"),
    ({"description": "x", "unit_amount": "1", "price": "prc_x"}, "item_unclear"),
    ({"description": "x", "unit_amount": "99999999999999999"}, "amount_out_of_range"),
])  # fmt: skip
def test_what_cannot_be_billed_is_refused(backend: Api, item: dict[str, Any], code: str) -> None:
    assert problem(backend.post(PATH, body(items=[item]))) == (422, code)
    assert not Invoice.objects.exists()


def test_a_price_in_another_currency_is_refused(backend: Api) -> None:
    assert problem(backend.post(PATH, body(items=[{"price": in_euros()}]))) == (422, "price_currency_mismatch")
    assert not Invoice.objects.exists()


def test_another_currency_than_the_customers_is_refused(backend: Api) -> None:
    customer = ids.encode("cus", make_customer_id(currency="EUR"))
    assert problem(backend.post(PATH, body(customer=customer))) == (409, "currency_mismatch")
    assert not Invoice.objects.exists()


def test_a_void_invoice_is_not_edited(backend: Api) -> None:
    invoice = issue(1000)
    void_invoice(invoice_id=invoice.id, reason="Mistake", actor=SYSTEM, now=AT)
    assert problem(backend.patch(f"{PATH}/{invoice.public_id}", {"notes": "x"})) == (409, "invoice_not_draft")


def test_a_key_that_may_only_read_makes_nothing() -> None:
    reader = Api(make_key(scopes=["invoices:read"]))
    assert reader.post(PATH, body()).status_code == 403
    assert not Invoice.objects.exists()


def test_a_customer_neither_makes_nor_changes_invoices(backend: Api) -> None:
    customer, tokens = register()
    asked = body(customer=ids.encode("cus", customer.id))
    path = f"{PATH}/{backend.post(PATH, asked | {'finalize': False}).json()['id']}"
    client = with_token(tokens.access_token)
    refused = [
        client.post(PATH, asked), client.patch(path, {"notes": "x"}), client.delete(path),
        *(client.post(f"{path}/{verb}", {}) for verb in ("finalize", "void", "uncollectible", "send")),
        *(client.post(f"{path}/{document}", {"locale": "de"}) for document in ("pdf", "receipt")),
    ]  # fmt: skip
    assert {response.status_code for response in refused} == {403}
    assert Invoice.objects.get().state == "draft"


def test_a_customer_sees_an_invoice_once_it_is_final(backend: Api) -> None:
    customer, tokens = register()
    path = f"{PATH}/{draft(backend, customer=ids.encode('cus', customer.id))}"
    client = with_token(tokens.access_token)
    assert client.get(path).status_code == 404
    assert client.get(PATH).json()["data"] == []
    backend.post(f"{path}/finalize", {})
    assert client.get(path).json()["state"] == "open"
    assert [one["state"] for one in client.get(PATH).json()["data"]] == ["open"]


def test_another_environments_invoice_is_not_there(backend: Api, stranger_api: Api) -> None:
    path = f"{PATH}/{draft(backend)}"
    refused = [
        stranger_api.get(path), stranger_api.patch(path, {"notes": "x"}), stranger_api.delete(path),
        stranger_api.post(f"{path}/finalize", {}), stranger_api.post(f"{path}/uncollectible", {"reason": "Gone"}),
        stranger_api.get(f"{path}/pdf"), stranger_api.post(f"{path}/send", {}),
    ]  # fmt: skip
    assert {response.status_code for response in refused} == {404}
    assert Invoice.objects.get().state == "draft"


def test_what_is_due_is_collected_if_it_is_to_be(backend: Api) -> None:
    shown = backend.post(PATH, body(collect=True)).json()
    payment = backend.post(f"{PATH}/{shown['id']}/pay", {}).json()
    assert [(one.public_id, one.status) for one in payments.list_payments(shown["id"])] == [(payment["id"], "pending")]
