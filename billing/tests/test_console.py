"""The console shows invoices with their lines and books, and its buttons call the verbs."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from billing import selectors
from billing.models import Account, CreditNote, Invoice, Journal, NumberSeries
from billing.selectors import InvoiceView
from billing.services import create_invoice
from billing.tests.coupons import bill_with_coupon_and_taxes
from billing.tests.credit_notes.builders import credit
from billing.tests.factories import AT, issue, make_customer_id, settle
from core.actor import SYSTEM
from jobs.models import Job
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


def test_an_invoice_is_shown_with_its_discounts_taxes_and_credit_notes(operator: Client) -> None:
    bill_with_coupon_and_taxes(now=AT)
    invoice = Invoice.objects.get(state="open", discount_minor__gt=0)
    note = credit(invoice, 100)
    shown = page(operator, f"invoice/{invoice.id}/change/")
    for text in (note.number, "levy", f"credit_note:{note.public_id}", "1.00 USD"):
        assert text in shown


def test_a_credit_note_is_shown_with_its_lines(operator: Client) -> None:
    note = credit(issue(1000), 250, memo="A quarter")
    assert note.number in page(operator, f"creditnote/?q={note.number}")
    assert note.number in page(operator, f"creditnote/?q={note.invoice.number}")
    shown = page(operator, f"creditnote/{note.id}/change/")
    for text in ("Team plan", "2.50 USD", "A quarter", str(note.invoice.number)):
        assert text in shown


def listed(client: Client, query: str) -> int:
    return int(client.get(f"/admin/billing/invoice/?{query}").context["cl"].result_count)


def test_invoices_are_found_that_are_overdue_or_have_a_discount(operator: Client) -> None:
    settle(issue(1000))
    issue(1000)
    bill_with_coupon_and_taxes(now=AT)
    assert [listed(operator, f"overdue={answer}") for answer in ("yes", "no")] == [3, 2]
    assert [listed(operator, f"discounted={answer}") for answer in ("yes", "no")] == [2, 3]
    assert listed(operator, "overdue=perhaps") == 5


def test_a_draft_is_marked(operator: Client) -> None:
    customer_id = make_customer_id()
    invoice = create_invoice(
        customer_id=customer_id, currency="USD", items=[{"description": "Work", "unit_amount": Decimal(1)}], key="d",
        finalize=False, actor=SYSTEM, now=AT,
    )  # fmt: skip
    assert f"Draft {invoice.public_id}" in page(operator, "invoice/")
    assert press(operator, invoice, "finalize", "It is done") == 302
    assert selectors.get_invoice(invoice.id).state == "open"


def press(client: Client, invoice: InvoiceView, button: str, reason: str, **known: str) -> int:
    path = f"/admin/billing/invoice/{invoice.id}/{button}/"
    return client.post(path, {"reason": reason} | known).status_code


def test_the_credit_button_takes_an_amount_back(operator: Client) -> None:
    invoice = settle(issue(1000))
    assert "Printed on the credit note." in page(operator, f"invoice/{invoice.id}/credit/")
    asked = {"amount": "2.50", "because": "order_change", "settle": "wallet", "memo": "", "key": "once"}
    for _ in range(2):
        assert press(operator, invoice, "credit", "Customer called", **asked) == 302
    note = CreditNote.objects.get()
    assert (note.total_minor, note.wallet_minor, note.reason) == (250, 250, "order_change")


def test_a_credit_without_an_amount_takes_all_that_is_left(operator: Client) -> None:
    invoice = issue(1000)
    assert press(operator, invoice, "credit", "Customer called", because="other", key="once") == 302
    assert (CreditNote.objects.get().total_minor, selectors.get_invoice(invoice.id).due_minor) == (1000, 0)


@pytest.mark.parametrize("amount", ["10.01", "0.001", "0"])
def test_a_credit_that_cannot_be_is_refused(operator: Client, amount: str) -> None:
    invoice = issue(1000)
    press(operator, invoice, "credit", "Customer called", because="other", key="once", amount=amount)
    assert not CreditNote.objects.exists()
    assert selectors.get_invoice(invoice.id).due_minor == 1000


def test_the_write_off_button_gives_up(operator: Client) -> None:
    invoice = issue(1000)
    assert press(operator, invoice, "write_off", "Bankrupt") == 302
    assert selectors.get_invoice(invoice.id).state == "uncollectible"


def test_the_send_button_mails_the_invoice(operator: Client) -> None:
    invoice = issue(1000)
    assert press(operator, invoice, "send", "Customer asked") == 302
    assert Job.objects.filter(kind="billing.send_invoice").exists()


def test_a_document_that_is_not_printed_yet_is_said_to_be_so(operator: Client) -> None:
    note = credit(issue(1000), 250)
    assert operator.get(f"/admin/billing/creditnote/{note.id}/credit_note/").status_code == 302
    assert "still being printed" in page(operator, f"creditnote/{note.id}/change/")


def test_a_printed_document_is_opened(operator: Client, run_jobs: Callable[[], int]) -> None:
    invoice = issue(1000)
    run_jobs()
    opened = operator.get(f"/admin/billing/invoice/{invoice.id}/invoice/")
    assert (opened.status_code, "/documents/doc_" in opened["Location"]) == (302, True)


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
