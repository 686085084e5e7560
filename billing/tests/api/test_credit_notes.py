"""`/credit-notes`: issued, listed and shown with their lines."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.api.clients import with_token
from accounts.tests.factories import make_key, register
from billing.models import CreditNote, Invoice
from billing.services import void_invoice
from billing.tests.credit_notes.builders import credit, german, paid_by_card, tax_rate
from billing.tests.factories import AT, issue, settle
from core import ids
from core.actor import SYSTEM
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

PATH = "/api/v1/credit-notes"


@pytest.fixture
def backend(freeze: Callable[[datetime], None]) -> Api:
    freeze(AT)
    return Api(make_key())


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def body(invoice: Any, **known: Any) -> dict[str, Any]:
    return {"invoice": invoice.public_id, "reason": "goodwill"} | known


def test_a_note_is_issued_and_shown(backend: Api) -> None:
    tax_rate("20", code="vat")
    invoice = issue(1000, customer_id=german())
    line = Invoice.objects.get().lines.get()
    asked = body(invoice, lines=[{"line": line.public_id, "amount_minor": 600}], memo="Half of it")
    response = backend.post(PATH, asked)
    assert response.status_code == 201, response.content
    shown = response.json()
    assert (shown["number"], shown["invoice"], shown["memo"]) == ("CN-202601-00001", invoice.public_id, "Half of it")
    assert (shown["subtotal_minor"], shown["tax_minor"], shown["total_minor"], shown["due_minor"]) == (
        500, 100, 600, 600,
    )  # fmt: skip
    assert [(one["line"], one["total_minor"], one["taxes"]) for one in shown["lines"]] == [
        (line.public_id, 600, [{"code": "vat", "tax_minor": 100}])
    ]
    assert backend.get(f"{PATH}/{shown['id']}").json() == shown


def test_all_that_is_left_is_taken_back_without_further_words(backend: Api) -> None:
    invoice = issue(1000)
    credit(invoice, 300)
    assert backend.post(PATH, body(invoice)).json()["total_minor"] == 700


def test_the_same_request_makes_one_note(backend: Api) -> None:
    asked = body(issue(1000), amount_minor=100)
    first, again = (backend.post(PATH, asked, key="one") for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert CreditNote.objects.count() == 1


def test_somebody_says_where_it_goes(backend: Api) -> None:
    invoice = paid_by_card(1000)
    shown = backend.post(PATH, body(invoice, amount_minor=300, settle="wallet")).json()
    assert (shown["refund_minor"], shown["wallet_minor"]) == (0, 300)


@pytest.mark.parametrize(("known", "pointer"), [
    ({"amount_minor": 0}, "/amount_minor"),
    ({"amount_minor": -1}, "/amount_minor"),
    ({"amount_minor": "10"}, "/amount_minor"),
    ({"amount_minor": 1.5}, "/amount_minor"),
    ({"lines": []}, "/lines"),
    ({"lines": [{"line": "inl_1"}]}, "/lines/0/line"),
    ({"lines": [{"line": ids.encode("inl", ids.new()), "amount_minor": 0}]}, "/lines/0/amount_minor"),
    ({"reason": "because"}, "/reason"),
    ({"settle": "cash"}, "/settle"),
    ({"memo": "x" * 501}, "/memo"),
    ({"total_minor": 5}, "/total_minor"),
])  # fmt: skip
def test_what_is_not_well_formed_is_refused(backend: Api, known: dict[str, Any], pointer: str) -> None:
    response = backend.post(PATH, body(issue(1000), **known))
    assert problem(response) == (422, "validation_failed")
    assert response.json()["errors"][0]["pointer"] == pointer
    assert not CreditNote.objects.exists()


def test_more_than_is_left_is_refused_with_what_is_left(backend: Api) -> None:
    invoice = issue(1000)
    credit(invoice, 600)
    response = backend.post(PATH, body(invoice, amount_minor=401))
    assert problem(response) == (422, "credit_exceeds_invoice")
    assert response.json()["left_minor"] == 400
    assert Invoice.objects.get().due_minor == 400


def test_a_line_of_another_invoice_is_refused(backend: Api) -> None:
    other = Invoice.objects.get(pk=issue(1000).id).lines.get()
    response = backend.post(PATH, body(issue(1000), lines=[{"line": other.public_id}]))
    assert problem(response) == (422, "credit_note_unclear")
    assert not CreditNote.objects.exists()


def test_a_void_invoice_is_not_credited(backend: Api) -> None:
    invoice = issue(1000)
    void_invoice(invoice_id=invoice.id, reason="Mistake", actor=SYSTEM, now=AT)
    assert problem(backend.post(PATH, body(invoice))) == (409, "invoice_not_creditable")


def test_a_refund_of_nothing_is_refused(backend: Api) -> None:
    invoice = settle(issue(1000))
    assert problem(backend.post(PATH, body(invoice, settle="refund"))) == (409, "nothing_to_refund")
    assert not CreditNote.objects.exists()


def test_an_unknown_invoice_is_not_found(backend: Api) -> None:
    response = backend.post(PATH, {"invoice": ids.encode("inv", ids.new()), "reason": "other"})
    assert problem(response) == (404, "not_found")


def test_notes_are_not_changed(backend: Api) -> None:
    path = f"{PATH}/{credit(issue(1000)).public_id}"
    assert problem(backend.patch(path, {"memo": "x"})) == (405, "method_not_allowed")
    assert problem(backend.delete(path)) == (405, "method_not_allowed")


def listed(backend: Api, **query: str) -> list[str]:
    response = backend.get(PATH, **query)
    assert response.status_code == 200, response.content
    return [one["id"] for one in response.json()["data"]]


def test_the_list_has_the_newest_first_and_is_filtered(backend: Api) -> None:
    first, second = issue(1000), issue(1000, currency="EUR")
    notes = [credit(first, 1), credit(second, 1, reason="duplicate"), credit(first, 1, now=AT.replace(month=2))]
    names = [note.public_id for note in notes]
    assert listed(backend) == names[::-1]
    assert listed(backend, invoice=first.public_id) == [names[2], names[0]]
    assert listed(backend, customer=ids.encode("cus", second.customer_id)) == [names[1]]
    assert listed(backend, reason="duplicate") == listed(backend, currency="EUR") == [names[1]]
    assert listed(backend, number=notes[0].number) == [names[0]]
    assert listed(backend, issued_from="2026-02-01T00:00:00Z") == [names[2]]
    assert listed(backend, issued_before="2026-02-01T00:00:00Z") == [names[1], names[0]]


def test_the_list_takes_two_queries_however_long_it_is(backend: Api) -> None:
    counted = []
    for _ in range(2):
        for _ in range(3):
            credit(issue(1, 2, 3))
        with CaptureQueriesContext(connection) as queries:
            backend.get(PATH)
        counted.append(sum("billing_" in one["sql"] for one in queries))
    assert counted == [2, 2]


def test_a_key_that_may_only_read_issues_nothing() -> None:
    invoice = issue(1000)
    reader = Api(make_key(scopes=["credit-notes:read"]))
    assert reader.post(PATH, body(invoice)).status_code == 403
    assert reader.get(PATH).status_code == 200
    assert not CreditNote.objects.exists()


def test_a_customer_sees_his_own_notes_and_issues_none() -> None:
    customer, tokens = register()
    mine, other = credit(issue(1000, customer_id=customer.id), 100), credit(issue(1000), 100)
    client = with_token(tokens.access_token)
    assert [one["id"] for one in client.get(PATH).json()["data"]] == [mine.public_id]
    assert client.get(f"{PATH}/{mine.public_id}").status_code == 200
    assert client.get(f"{PATH}/{other.public_id}").status_code == 404
    assert client.get(f"{PATH}/{other.public_id}/pdf").status_code == 404
    assert client.post(PATH, body(mine.invoice)).status_code == 403
    assert CreditNote.objects.count() == 2


def test_another_environments_note_is_not_there(stranger_api: Api) -> None:
    note = credit(issue(1000), 100)
    assert stranger_api.get(f"{PATH}/{note.public_id}").status_code == 404
    assert stranger_api.get(f"{PATH}/{note.public_id}/pdf").status_code == 404
    assert stranger_api.post(PATH, {"invoice": note.invoice.public_id, "reason": "other"}).status_code == 404
    assert stranger_api.get(PATH).json()["data"] == []
