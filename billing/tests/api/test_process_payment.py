"""`POST /payments/process` has an open invoice paid, from the method to the books."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.tests.factories import make_key, register
from billing import selectors
from billing.selectors import InvoiceView
from billing.tests.balance import balances, check_journals
from billing.tests.factories import issue, settle
from core import ids
from core.ids import encode
from payments import selectors as payments
from payments.tests.factories import make_customer, make_method
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

PATH = "/api/v1/payments/process"


@pytest.fixture
def backend() -> Api:
    return Api(make_key())


def customer_with(behavior: str | None) -> Any:
    customer_id = make_customer()
    if behavior is not None:
        make_method(customer_id, behavior)
    return customer_id


def process(backend: Api, invoice: InvoiceView, **body: str) -> Any:
    return backend.post(PATH, {"invoice": invoice.public_id} | body)


def test_the_payment_is_noted_and_a_worker_collects_it(backend: Api, run_jobs: Callable[[], int]) -> None:
    invoice = issue(1000, customer_id=customer_with("success"))
    response = process(backend, invoice)
    assert response.status_code == 202
    assert set(response.json()) == {"id", "status", "invoice", "amount_minor", "currency"}
    assert (response.json()["status"], response.json()["invoice"]) == ("pending", invoice.public_id)
    run_jobs()
    assert selectors.get_invoice(invoice.id).state == "paid"
    assert balances() == {"cash": 1000, "revenue": -1000}
    check_journals()


def test_asked_twice_it_is_one_payment(backend: Api) -> None:
    invoice = issue(1000, customer_id=customer_with("success"))
    first, second = process(backend, invoice), process(backend, invoice)
    assert second.json()["id"] == first.json()["id"]
    assert len(payments.list_payments(invoice.public_id)) == 1


def test_a_decline_is_remembered_and_a_new_method_is_tried_at_once(backend: Api, run_jobs: Callable[[], int]) -> None:
    customer_id = customer_with("card_declined")
    invoice = issue(1000, customer_id=customer_id)
    process(backend, invoice)
    run_jobs()
    declined = selectors.get_invoice(invoice.id)
    assert (declined.state, declined.last_failure_code) == ("open", "card_declined")
    make_method(customer_id, "success")
    run_jobs()
    assert selectors.get_invoice(invoice.id).state == "paid"
    assert [one.status for one in payments.list_payments(invoice.public_id)] == ["failed", "succeeded"]


def test_a_customer_without_a_method_fails_and_can_be_asked_again(backend: Api, run_jobs: Callable[[], int]) -> None:
    invoice = issue(1000, customer_id=customer_with(None))
    process(backend, invoice)
    run_jobs()
    assert selectors.get_invoice(invoice.id).last_failure_code == "no_payment_method"
    again = process(backend, invoice)
    assert again.status_code == 202
    assert len(payments.list_payments(invoice.public_id)) == 2


def test_a_named_method_is_charged(backend: Api, run_jobs: Callable[[], int]) -> None:
    customer_id = customer_with("card_declined")
    other = make_method(customer_id, "success", is_default=False)
    invoice = issue(1000, customer_id=customer_id)
    assert process(backend, invoice, payment_method=other.public_id).status_code == 202
    run_jobs()
    assert selectors.get_invoice(invoice.id).state == "paid"


def test_another_method_is_refused_while_a_payment_is_under_way(backend: Api) -> None:
    customer_id = customer_with("success")
    invoice = issue(1000, customer_id=customer_id, collect=True)
    method = make_method(customer_id, "success")
    response = process(backend, invoice, payment_method=method.public_id)
    assert (response.status_code, response.json()["code"]) == (409, "payment_under_way")
    assert len(payments.list_payments(invoice.public_id)) == 1


def test_somebody_elses_method_is_not_found(backend: Api) -> None:
    invoice = issue(1000)
    method = make_method(make_customer(), "success")
    assert process(backend, invoice, payment_method=method.public_id).status_code == 404
    assert payments.list_payments(invoice.public_id) == ()


def test_a_paid_invoice_is_refused(backend: Api) -> None:
    response = process(backend, settle(issue(1000)))
    assert (response.status_code, response.json()["code"]) == (409, "invoice_not_open")


def test_an_unknown_invoice_is_not_found(backend: Api) -> None:
    assert backend.post(PATH, {"invoice": encode("inv", ids.new())}).status_code == 404


@pytest.mark.parametrize("body", [{}, {"invoice": "sub_1"}, {"invoice": 7}, {"amount_minor": 1}])
def test_a_body_of_the_wrong_shape_is_refused(backend: Api, body: dict[str, Any]) -> None:
    assert backend.post(PATH, body).status_code == 422


def test_a_customer_pays_his_own_invoice_and_sees_no_other() -> None:
    customer, tokens = register()
    mine, other = issue(1000, customer_id=customer.id), issue(1000)
    client = Api("")
    client.headers = {"Authorization": f"Bearer {tokens.access_token}"}
    assert process(client, other).status_code == 404
    assert process(client, mine).status_code == 202
    assert [one["id"] for one in client.get("/api/v1/invoices").json()["data"]] == [mine.public_id]
    assert client.post(f"/api/v1/invoices/{mine.public_id}/void", {"reason": "Too dear"}).status_code == 403
    assert client.post(f"/api/v1/invoices/{other.public_id}/pay", {}).status_code == 404
