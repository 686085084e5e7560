"""Printing by jobs: once, from the snapshots, with the file before the row."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import connection, transaction
from pypdf import PdfReader

from accounts import services as accounts
from billing import archive, internal, selectors, services
from billing.internal import _documents
from billing.internal._document_content import content_of_invoice
from billing.models import CreditNote, CreditNoteLine, Document, Invoice, InvoiceLine
from billing.selectors import DocumentView, InvoiceView
from billing.tests.documents.rows import credit_note, draft, set_up
from billing.tests.factories import AT, issue, line, make_customer_id, settle
from core import errors, ids
from core.actor import Actor
from tests.session import Database

LATER = AT + timedelta(days=400)


def make(kind: str, subject_id: Any, locale: str = "") -> DocumentView:
    """A document, printed now."""
    made = internal.make_document(kind=kind, subject_id=subject_id, locale=locale, now=AT)
    assert made is not None
    return made


def text_of(document: DocumentView) -> str:
    """What stands on it."""
    pages = PdfReader(BytesIO(archive.content(document.path))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.mark.django_db
def test_a_finalized_invoice_is_printed(run_jobs: Callable[[], int]) -> None:
    invoice = issue(123456)
    run_jobs()
    document = selectors.find_document("invoice", invoice.id)
    assert document is not None
    assert (document.kind, document.locale, document.number) == ("invoice", "en", invoice.number)
    assert document.size == len(archive.content(document.path))
    text = text_of(document)
    assert [one for one in (invoice.number, "Team plan", "$1,234.56", "Amount due") if str(one) not in text] == []


@pytest.mark.django_db
def test_a_paid_invoice_gets_a_receipt_by_the_books(run_jobs: Callable[[], int]) -> None:
    invoice = issue(10000)
    settle(invoice, 4000, now=AT + timedelta(days=1))
    assert selectors.find_document("receipt", invoice.id) is None
    settle(invoice, 6000, now=AT + timedelta(days=2))
    run_jobs()
    receipt = selectors.find_document("receipt", invoice.id)
    assert receipt is not None
    text = text_of(receipt)
    expected = (
        "Receipt",
        invoice.number,
        "Paid on Jan 16, 2026 -$40.00",
        "Paid on Jan 17, 2026 -$60.00",
        "Amount paid $100.00",
    )
    assert [one for one in expected if str(one) not in text] == []


@pytest.mark.django_db
def test_money_that_comes_after_an_invoice_was_paid_is_on_no_receipt() -> None:
    invoice = issue(10000)
    settle(invoice, now=AT + timedelta(days=1))
    settle(invoice, 500, now=AT + timedelta(days=2))
    text = text_of(make("receipt", invoice.id))
    assert "Amount paid $100.00" in text
    assert "Jan 17" not in text


@pytest.mark.django_db
def test_an_invoice_of_nothing_has_no_receipt(run_jobs: Callable[[], int]) -> None:
    invoice = issue(0)
    run_jobs()
    assert invoice.state == "paid"
    assert selectors.find_document("receipt", invoice.id) is None
    assert selectors.find_document("invoice", invoice.id) is not None


@pytest.mark.django_db
def test_a_document_is_printed_once(run_jobs: Callable[[], int]) -> None:
    invoice = issue()
    run_jobs()
    first = Document.objects.get()
    assert make("invoice", invoice.id).id == first.id
    internal.order_invoice(invoice.public_id)
    run_jobs()
    assert Document.objects.get().id == first.id


@pytest.mark.django_db
def test_an_invoice_stays_as_it_was_issued() -> None:
    invoice = issue(10000)
    before = archive.content(make("invoice", invoice.id).path)
    Document.objects.all().delete()
    settle(invoice, now=LATER)
    assert archive.content(make("invoice", invoice.id).path) == before


@pytest.mark.django_db
def test_a_document_follows_neither_the_customer_nor_the_company(actor: Actor) -> None:
    set_up(company_name="First Company", payment_url="https://pay.example.com/{invoice}", footer="HRB 1", locale="de")
    customer_id = make_customer_id(name="Ada Old", country="DE", address={"line1": "Altweg 1", "city": "Berlin"})
    invoice = issue(customer_id=customer_id)
    accounts.update_customer(
        customer_id=customer_id, changes={"name": "Ada New", "address": {"line1": "Neuweg 2"}}, actor=actor, now=LATER
    )
    set_up(company_name="Second Company", locale="fr")
    text = text_of(make("invoice", invoice.id))
    expected = ("Rechnung", "First Company", "Ada Old", "Altweg 1", "Berlin", "Deutschland", "HRB 1", invoice.public_id)
    assert [one for one in expected if one not in text] == []
    assert not [one for one in ("Second", "Ada New", "Neuweg", "Facture") if one in text]


@pytest.mark.django_db
def test_days_are_those_of_the_period_and_its_end_is_not_in_it() -> None:
    invoice = issue(lines=[line(period_starts_at=AT, period_ends_at=AT.replace(month=2, hour=0))])
    assert "Jan 15, 2026 – Feb 14, 2026" in text_of(make("invoice", invoice.id))


@pytest.mark.django_db
def test_a_document_in_another_language_is_a_document_of_its_own(actor: Actor, run_jobs: Callable[[], int]) -> None:
    invoice = issue()
    services.request_document(kind="invoice", subject_id=invoice.id, locale="ja-jp", actor=actor, now=AT)
    services.request_document(kind="invoice", subject_id=invoice.id, locale="ja_JP", actor=actor, now=AT)
    run_jobs()
    assert sorted(Document.objects.values_list("locale", flat=True)) == ["en", "ja_JP"]
    japanese = selectors.find_document("invoice", invoice.id, "ja-JP")
    assert japanese is not None
    assert "請求書" in text_of(japanese)


@pytest.mark.django_db
def test_a_credit_note_is_printed_with_what_became_of_it() -> None:
    invoice = issue(10000)
    settle(invoice, 9000)
    note = credit_note(invoice, 2500, memo="Sorry.")
    text = text_of(make("credit_note", note.id))
    expected = (
        "Credit note", note.number, invoice.number, "Goodwill", "Sorry.", "$25.00",
        "Taken off the amount due $10.00", "Added to the wallet $15.00",
    )  # fmt: skip
    assert [one for one in expected if str(one) not in text] == []


@pytest.mark.django_db
def test_an_issued_credit_note_is_printed(run_jobs: Callable[[], int]) -> None:
    note = credit_note(issue(10000), 1000)
    run_jobs()
    assert selectors.find_document("credit_note", note.id) is not None


@pytest.mark.django_db
def test_nothing_is_printed_of_what_is_not_final() -> None:
    invoice = draft()
    with pytest.raises(selectors.InvoiceNotFinal):
        internal.make_document(kind="invoice", subject_id=invoice.id, now=AT)
    with pytest.raises(selectors.NothingPaid):
        internal.make_document(kind="receipt", subject_id=issue().id, now=AT)
    for kind in ("invoice", "receipt", "credit_note"):
        with pytest.raises(errors.NotFound):
            internal.make_document(kind=kind, subject_id=ids.new(), now=AT)
    assert not Document.objects.exists()


@pytest.mark.django_db
def test_no_other_language_of_what_is_not_final_is_ordered(actor: Actor, run_jobs: Callable[[], int]) -> None:
    with pytest.raises(selectors.InvoiceNotFinal):
        services.request_document(kind="invoice", subject_id=draft().id, locale="de", actor=actor, now=AT)
    run_jobs()
    assert not Document.objects.exists()


@pytest.mark.django_db
def test_a_crash_between_file_and_row_leaves_a_file_that_is_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = issue()

    def crash(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing:
        crashing.setattr(_documents, "_record", crash)
        with pytest.raises(KeyboardInterrupt):
            internal.make_document(kind="invoice", subject_id=invoice.id, now=AT)
    assert not Document.objects.exists()
    document = make("invoice", invoice.id)
    folder = document.path.rpartition("/")[0]
    assert storages["documents"].listdir(folder) == ([], ["en.pdf"])
    assert document.size == len(archive.content(document.path))


@pytest.mark.django_db
def test_whoever_prints_the_same_at_the_same_time_gets_the_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = issue()
    kept = archive.keep

    def keep_late(path: str, content: bytes) -> None:
        monkeypatch.setattr(archive, "keep", kept)
        make("invoice", invoice.id)
        kept(path, content)

    monkeypatch.setattr(archive, "keep", keep_late)
    assert make("invoice", invoice.id).id == Document.objects.get().id


def test_the_file_is_written_outside_every_transaction(
    committed: Database, sandbox_scope: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox_scope(), transaction.atomic():
        invoice = issue()
    kept, seen = archive.keep, []

    def keep(path: str, content: bytes) -> None:
        seen.append(connection.in_atomic_block)
        kept(path, content)

    monkeypatch.setattr(archive, "keep", keep)
    with sandbox_scope():
        make("invoice", invoice.id)
    assert seen == [False]


@pytest.mark.django_db
def test_an_invoice_of_many_lines_is_read_in_a_few_queries(django_assert_num_queries: Any) -> None:
    few, many = issue(*[1000] * 2), issue(*[1000] * 40)
    row = {one.id: Invoice.objects.get(pk=one.id) for one in (few, many)}
    for one in (few, many):
        with django_assert_num_queries(3):
            content_of_invoice(row[one.id], locale="en")


def shown(invoice: InvoiceView) -> list[tuple[Decimal | None, tuple[Decimal, ...]]]:
    """Quantity and rates of each line."""
    content = content_of_invoice(Invoice.objects.get(pk=invoice.id), locale="en")
    return [(one.quantity, one.rates) for one in content.lines]


@pytest.mark.django_db
def test_lines_come_in_their_order() -> None:
    invoice = issue(lines=[line(quantity=Decimal(at)) for at in range(1, 6)])
    assert [quantity for quantity, _ in shown(invoice)] == [Decimal(at) for at in range(1, 6)]
    assert InvoiceLine.objects.filter(invoice_id=invoice.id).count() == 5
    assert not CreditNote.objects.exists()
    assert not CreditNoteLine.objects.exists()
