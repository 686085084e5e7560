"""`/pdf`, `/receipt` and `/send` of invoices, and `/pdf` of credit notes."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.tests.factories import make_key
from billing import services
from billing.models import Document
from billing.tests.credit_notes.builders import credit, paid_by_card
from billing.tests.factories import AT, issue, make_customer_id
from core import ids
from core.actor import SYSTEM
from jobs.models import Job
from tests.fixtures import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def backend(freeze: Callable[[datetime], None]) -> Api:
    freeze(AT)
    return Api(make_key())


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def invoice_path(invoice: Any) -> str:
    return f"/api/v1/invoices/{invoice.public_id}"


def test_a_link_is_answered_once_it_is_printed(backend: Api, run_jobs: Callable[[], int]) -> None:
    invoice = issue(1000)
    note = credit(invoice, 100)
    paths = [f"{invoice_path(invoice)}/pdf", f"/api/v1/credit-notes/{note.public_id}/pdf"]
    assert [problem(backend.get(path)) for path in paths] == [(409, "document_pending")] * 2
    run_jobs()
    for path in paths:
        shown = backend.get(path).json()
        assert "/documents/doc_" in shown["url"]
        assert (shown["expires_at"], len(shown["sha256"])) == ("2026-01-16T12:00:00Z", 64)


def test_another_language_is_printed_on_request(backend: Api, run_jobs: Callable[[], int]) -> None:
    path = f"{invoice_path(issue(1000))}/pdf"
    run_jobs()
    assert problem(backend.get(path, locale="de-AT")) == (409, "document_pending")
    response = backend.post(path, {"locale": "de-AT"})
    assert (response.status_code, response.json()) == (202, {"kind": "invoice", "locale": "de-AT"})
    run_jobs()
    assert backend.get(path, locale="de-AT").status_code == 200
    assert sorted(Document.objects.values_list("locale", flat=True)) == ["de_AT", "en"]


def test_a_receipt_is_of_money(backend: Api, run_jobs: Callable[[], int]) -> None:
    unpaid, paid = issue(1000), paid_by_card(1000)
    assert problem(backend.get(f"{invoice_path(unpaid)}/receipt")) == (409, "nothing_paid")
    run_jobs()
    assert backend.get(f"{invoice_path(paid)}/receipt").status_code == 200


def test_a_draft_has_no_document(backend: Api) -> None:
    draft = services.create_invoice(
        customer_id=make_customer_id(), currency="USD", items=[{"description": "Work", "unit_amount": Decimal(1)}],
        key="d", finalize=False, actor=SYSTEM, now=AT,
    )  # fmt: skip
    assert problem(backend.get(f"{invoice_path(draft)}/pdf")) == (409, "invoice_not_final")


@pytest.mark.parametrize("query", [{"locale": "d"}, {"locale": "x" * 30}, {"locale": "de/.."}, {"color": "red"}])
def test_a_parameter_that_is_not_understood_is_refused(backend: Api, query: dict[str, str]) -> None:
    assert backend.get(f"{invoice_path(issue(1000))}/pdf", **query).status_code == 400


def test_a_language_that_is_none_is_not_printed(backend: Api) -> None:
    invoice = issue(1000)
    jobs = Job.objects.count()
    assert problem(backend.post(f"{invoice_path(invoice)}/pdf", {"locale": "de/.."})) == (422, "validation_failed")
    assert Job.objects.count() == jobs


def test_an_invoice_is_mailed(backend: Api) -> None:
    response = backend.post(f"{invoice_path(issue(1000))}/send", {})
    assert (response.status_code, response.json()["state"]) == (202, "open")
    assert Job.objects.filter(kind="billing.send_invoice").count() == 1


def test_an_invoice_of_nothing_is_not_mailed(backend: Api) -> None:
    assert problem(backend.post(f"{invoice_path(issue(0))}/send", {})) == (409, "invoice_not_sendable")
    assert not Job.objects.filter(kind="billing.send_invoice").exists()


def test_what_is_nobodys_is_not_found(backend: Api) -> None:
    unknown = [f"/api/v1/invoices/{ids.encode('inv', ids.new())}/{name}" for name in ("pdf", "receipt")]
    unknown.append(f"/api/v1/credit-notes/{ids.encode('crn', ids.new())}/pdf")
    assert [problem(backend.get(path)) for path in unknown] == [(404, "not_found")] * 3
