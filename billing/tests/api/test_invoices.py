"""`/invoices`: listed, filtered, shown with their lines, voided and paid. For making them see `test_drafts`."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_key
from billing import selectors, services
from billing.models import Invoice
from billing.services import void_invoice
from billing.tests.coupons import bill_with_coupon_and_taxes
from billing.tests.credit_notes.builders import credit
from billing.tests.factories import AT, issue, make_customer_id, settle
from core import ids
from core.actor import SYSTEM
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

PATH = "/api/v1/invoices"


@pytest.fixture
def backend() -> Api:
    return Api(make_key())


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_an_invoice_is_shown_with_its_lines(backend: Api) -> None:
    invoice = issue(1000, 250, reference="sub_1")
    shown = backend.get(f"{PATH}/{invoice.public_id}").json()
    assert shown["id"] == invoice.public_id
    assert shown["customer"] == ids.encode("cus", invoice.customer_id)
    assert (shown["number"], shown["state"], shown["total_minor"], shown["due_minor"]) == (
        "INV-202601-00001", "open", 1250, 1250,
    )  # fmt: skip
    assert [(line["amount_minor"], line["quantity"], line["currency"]) for line in shown["lines"]] == [
        (1000, "1", "USD"), (250, "1", "USD"),
    ]  # fmt: skip
    assert shown["issued_at"] == "2026-01-15T12:00:00Z"


def test_an_unknown_invoice_is_not_found(backend: Api) -> None:
    assert problem(backend.get(f"{PATH}/{ids.encode('inv', ids.new())}")) == (404, "not_found")


def test_the_list_has_the_newest_first(backend: Api) -> None:
    invoices = [issue().public_id for _ in range(3)]
    assert [one["id"] for one in backend.get(PATH).json()["data"]] == invoices[::-1]


def listed(backend: Api, **query: str) -> set[str]:
    response = backend.get(PATH, **query)
    assert response.status_code == 200, response.content
    return {one["id"] for one in response.json()["data"]}


def test_the_list_is_filtered(backend: Api) -> None:
    customer_id = make_customer_id()
    first = issue(customer_id=customer_id, reference="sub_1")
    paid = settle(issue(kind="gift", now=AT + timedelta(days=1)))
    assert listed(backend, customer=ids.encode("cus", customer_id)) == {first.public_id}
    assert listed(backend, state="paid") == {paid.public_id}
    assert listed(backend, kind="gift") == {paid.public_id}
    assert listed(backend, reference="sub_1") == {first.public_id}
    assert listed(backend, number=str(first.number)) == {first.public_id}
    assert listed(backend, issued_from="2026-01-16T00:00:00Z") == {paid.public_id}
    assert listed(backend, issued_before="2026-01-16T00:00:00Z") == {first.public_id}
    assert listed(backend, due_before="2026-01-16T00:00:00Z") == {first.public_id}


def test_the_list_is_filtered_by_money(backend: Api) -> None:
    small, large, euros = issue(100), issue(5000), issue(300, currency="EUR")
    assert listed(backend, currency="EUR") == {euros.public_id}
    assert listed(backend, total_from_minor="300") == {large.public_id, euros.public_id}
    assert listed(backend, total_from_minor="101", total_to_minor="300") == {euros.public_id}
    assert listed(backend, total_to_minor="100") == {small.public_id}


def test_the_list_is_filtered_by_what_is_overdue(backend: Api, freeze: Callable[[datetime], None]) -> None:
    services.change_billing_settings(changes={"terms_days": 10}, actor=SYSTEM, now=AT)
    late, paid = issue(), settle(issue())
    on_time = issue(now=AT + timedelta(days=5))
    freeze(AT + timedelta(days=11))
    assert listed(backend, overdue="true") == {late.public_id}
    assert listed(backend, overdue="false") == {paid.public_id, on_time.public_id}


@pytest.mark.parametrize("query", [
    {"state": "lost"}, {"customer": "inv_1"}, {"issued_from": "2026-01-16"}, {"color": "red"}, {"overdue": "yes"},
    {"total_from_minor": "-1"}, {"total_from_minor": "1.5"}, {"total_to_minor": "٣"}, {"total_to_minor": "9" * 20},
    {"currency": "usd"}, {"due_before": "soon"},
])  # fmt: skip
def test_a_filter_that_is_not_understood_is_refused(backend: Api, query: dict[str, str]) -> None:
    assert backend.get(PATH, **query).status_code == 400


def queries_of_list(backend: Api) -> int:
    with CaptureQueriesContext(connection) as queries:
        backend.get(PATH)
    return sum("billing_" in one["sql"] for one in queries)


def test_the_list_takes_five_queries_however_long_it_is(backend: Api) -> None:
    credit(issue(1, 2, 3))
    assert queries_of_list(backend) == 5
    for _ in range(4):
        credit(issue(1, 2, 3))
    assert queries_of_list(backend) == 5


def test_one_invoice_takes_five_queries_however_many_lines_it_has(backend: Api) -> None:
    counted = []
    for lines in (1, 30):
        invoice = issue(*[1] * lines)
        credit(invoice, 1)
        with CaptureQueriesContext(connection) as queries:
            backend.get(f"{PATH}/{invoice.public_id}")
        counted.append(sum("billing_" in one["sql"] for one in queries))
    assert counted == [5, 5]


def test_an_invoice_is_shown_with_its_discounts_taxes_and_credit_notes(backend: Api) -> None:
    bill_with_coupon_and_taxes(now=AT)
    row = Invoice.objects.get(state="open", discount_minor__gt=0)
    notes = [credit(row, 100), credit(row, 200)]
    shown = backend.get(f"{PATH}/{row.public_id}").json()
    assert shown["credit_notes"] == [note.public_id for note in notes]
    assert (shown["credited_minor"], shown["due_minor"]) == (300, row.total_minor - 300)
    assert [one["amount_minor"] for one in shown["discounts"]] == [row.discount_minor]
    assert {one["code"]: one["percentage"] for one in shown["taxes"]} == {"vat": "19", "levy": "1.5"}
    line_tax = sum(tax["tax_minor"] for line in shown["lines"] for tax in line["taxes"])
    assert line_tax == sum(one["tax_minor"] for one in shown["taxes"]) == shown["tax_minor"] > 0


def test_paying_answers_the_payment(backend: Api) -> None:
    invoice = issue(1000)
    response = backend.post(f"{PATH}/{invoice.public_id}/pay", {})
    assert response.status_code == 202
    body = response.json()
    assert (body["status"], body["invoice"], body["amount_minor"]) == ("pending", invoice.public_id, 1000)
    assert body["id"].startswith("pay_")


def test_a_paid_invoice_is_not_paid_again(backend: Api) -> None:
    paid = settle(issue(1000))
    assert problem(backend.post(f"{PATH}/{paid.public_id}/pay", {})) == (409, "invoice_not_open")


def test_voiding_answers_the_void_invoice(backend: Api) -> None:
    invoice = issue(1000)
    response = backend.post(f"{PATH}/{invoice.public_id}/void", {"reason": "Ordered by mistake"})
    assert response.status_code == 200
    assert (response.json()["state"], response.json()["due_minor"]) == ("void", 0)


def test_voiding_needs_a_reason(backend: Api) -> None:
    invoice = issue(1000)
    response = backend.post(f"{PATH}/{invoice.public_id}/void", {})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/reason"
    assert selectors.get_invoice(invoice.id).state == "open"


def test_a_void_invoice_is_not_voided_again(backend: Api) -> None:
    invoice = issue(1000)
    void_invoice(invoice_id=invoice.id, reason="Mistake", actor=SYSTEM, now=AT)
    assert problem(backend.post(f"{PATH}/{invoice.public_id}/void", {"reason": "Again"})) == (409, "invoice_not_open")


def test_a_key_that_may_only_read_voids_nothing() -> None:
    invoice = issue(1000)
    reader = Api(make_key(scopes=["invoices:read"]))
    assert reader.get(f"{PATH}/{invoice.public_id}").status_code == 200
    assert reader.post(f"{PATH}/{invoice.public_id}/void", {"reason": "Mistake"}).status_code == 403
    assert selectors.get_invoice(invoice.id).state == "open"


def test_nobody_sees_invoices_without_a_key() -> None:
    assert Api("").get(PATH).status_code == 401
