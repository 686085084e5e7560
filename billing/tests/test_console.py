"""The console shows invoices with their lines and books, and its buttons call the verbs."""

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from billing import selectors
from billing.models import Account, Invoice, Journal, NumberSeries
from billing.selectors import InvoiceView
from billing.tests.factories import issue, settle
from payments import selectors as payments

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    user = get_user_model().objects.create_superuser("operator@example.com", "correct horse battery staple")
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, path: str) -> str:
    response = client.get(f"/admin/billing/{path}")
    assert response.status_code == 200
    return response.content.decode()


def test_an_invoice_is_shown_with_its_lines_and_its_books(operator: Client) -> None:
    invoice = settle(issue(1000))
    assert str(invoice.number) in page(operator, f"invoice/?q={invoice.number}")
    shown = page(operator, f"invoice/{invoice.id}/change/")
    for text in ("Team plan", "10.00 USD", "payment:pay_", "receivable 10.00 USD", "cash 10.00 USD"):
        assert text in shown


def test_a_journal_is_shown_with_its_postings(operator: Client) -> None:
    issue(1000)
    journal = Journal.objects.get()
    assert journal.reference in page(operator, "journal/")
    shown = page(operator, f"journal/{journal.id}/change/")
    assert "10.00 USD" in shown
    assert "-10.00 USD" in shown


def test_an_account_is_shown_with_its_balance(operator: Client) -> None:
    issue(1000)
    issue(234)
    assert "12.34 USD" in page(operator, "account/?code=receivable")
    account = Account.objects.get(code="revenue")
    assert "-12.34 USD" in page(operator, f"account/{account.id}/change/")


def test_a_series_is_shown_with_its_counters(operator: Client) -> None:
    issue(1000)
    assert "INV-{yyyy}{mm}-{seq:05}" in page(operator, "numberseries/")
    assert "all" in page(operator, f"numberseries/{NumberSeries.objects.get().id}/change/")


def press(client: Client, invoice: InvoiceView, button: str, reason: str) -> int:
    path = f"/admin/billing/invoice/{invoice.id}/{button}/"
    return client.post(path, {"reason": reason}).status_code


def test_the_void_button_voids_with_a_reason(operator: Client, facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000)
    assert press(operator, invoice, "void", "Ordered by mistake") == 302
    assert selectors.get_invoice(invoice.id).state == "void"
    assert facts()[-1] == "invoice.voided"


def test_without_a_reason_nothing_is_voided(operator: Client) -> None:
    invoice = issue(1000)
    assert press(operator, invoice, "void", "") == 200
    assert selectors.get_invoice(invoice.id) == invoice


def test_the_pay_button_asks_for_the_money(operator: Client) -> None:
    invoice = issue(1000)
    assert press(operator, invoice, "pay", "Customer called") == 302
    assert [one.amount_minor for one in payments.list_payments(invoice.public_id)] == [1000]


def test_a_refusal_is_shown_and_changes_nothing(operator: Client) -> None:
    paid = settle(issue(1000))
    press(operator, paid, "void", "Ordered by mistake")
    assert "The invoice is not open." in page(operator, f"invoice/{paid.id}/change/")
    assert Invoice.objects.get(pk=paid.id).state == "paid"
