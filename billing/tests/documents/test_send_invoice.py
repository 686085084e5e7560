"""Invoices in the mail: by policy, on request, never for nothing."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core import mail
from pypdf import PdfReader

from billing import internal, services
from billing.documents.content import Kind, Party
from billing.documents.letters import letter_about
from billing.selectors import InvoiceView
from billing.tests.documents.contents import content
from billing.tests.documents.rows import draft, set_up
from billing.tests.factories import AT, issue, make_customer_id
from core import errors, ids
from core.actor import SYSTEM, Actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(run_jobs: Callable[[], int]) -> Callable[[], list[Any]]:
    """What is in the mail once all jobs are done."""

    def mails() -> list[Any]:
        run_jobs()
        return mail.outbox

    return mails


def ask(invoice: InvoiceView, actor: Actor) -> None:
    """Somebody wants it mailed."""
    services.send_invoice(invoice_id=invoice.id, actor=actor, now=AT)


def test_an_invoice_is_mailed_by_policy_with_its_pdf(
    sent: Callable[[], list[Any]], facts: Callable[[], list[str]]
) -> None:
    set_up(sends_invoices=True, company_name="Perennial", payment_url="https://pay.example.com/{invoice}")
    invoice = issue(customer_id=make_customer_id(email="ada@example.com"))
    (message,) = sent()
    assert message.to == ["ada@example.com"]
    assert message.subject == f"Perennial: Invoice {invoice.number}"
    assert f"https://pay.example.com/{invoice.public_id}" in message.body
    ((name, pdf, kind),) = message.attachments
    assert (name, kind) == (f"{invoice.number}.pdf", "application/pdf")
    assert str(invoice.number) in PdfReader(BytesIO(pdf)).pages[0].extract_text()
    assert facts().count("invoice.sent") == 1


def test_nothing_is_mailed_without_the_policy(sent: Callable[[], list[Any]]) -> None:
    issue()
    set_up(sends_invoices=False)
    issue()
    assert sent() == []


def test_an_invoice_of_nothing_is_never_mailed(
    sent: Callable[[], list[Any]], actor: Actor, facts: Callable[[], list[str]]
) -> None:
    set_up(sends_invoices=True)
    invoice = issue(0)
    with pytest.raises(services.InvoiceNotSendable) as refused:
        ask(invoice, actor)
    assert refused.value.members == {"reason": "zero"}
    assert sent() == []
    assert "invoice.sent" not in facts()


def test_an_invoice_is_mailed_each_time_it_is_asked_for(sent: Callable[[], list[Any]], actor: Actor) -> None:
    invoice = issue()
    ask(invoice, actor)
    ask(invoice, actor)
    first, second = sent()
    assert first.attachments == second.attachments


def test_a_fact_heard_twice_is_one_mail(sent: Callable[[], list[Any]]) -> None:
    set_up(sends_invoices=True)
    invoice = issue()
    sent()
    internal.order_invoice(invoice.public_id)
    assert len(sent()) == 1


def test_a_draft_and_a_void_invoice_are_not_mailed(sent: Callable[[], list[Any]], actor: Actor) -> None:
    void = issue()
    services.void_invoice(invoice_id=void.id, reason="mistake", actor=actor, now=AT)
    for invoice, reason in ((draft(), "draft"), (void, "void")):
        with pytest.raises(services.InvoiceNotSendable) as refused:
            services.send_invoice(invoice_id=invoice.id, actor=actor, now=AT)
        assert refused.value.members == {"reason": reason}
    with pytest.raises(errors.NotFound):
        services.send_invoice(invoice_id=ids.new(), actor=actor, now=AT)
    assert sent() == []


def test_an_invoice_voided_in_the_meantime_is_not_mailed(sent: Callable[[], list[Any]], actor: Actor) -> None:
    invoice = issue()
    ask(invoice, actor)
    services.void_invoice(invoice_id=invoice.id, reason="mistake", actor=actor, now=AT)
    assert sent() == []
    assert internal.write_invoice_letter(invoice.id, now=AT) is None


def test_a_letter_speaks_the_documents_language() -> None:
    letter = letter_about(content(locale="de", payment_url="https://pay.example.com/1"))
    assert letter.subject == "Perennial Software GmbH: Rechnung INV-202601-00042"
    assert letter.text.splitlines() == [
        "Rechnung: INV-202601-00042", "Datum: 15.01.2026", "Fällig am: 14.02.2026", "Gesamtbetrag: 192,78\xa0€",
        "Offener Betrag: 180,00\xa0€", "", "Online bezahlen: https://pay.example.com/1", "", "Perennial Software GmbH",
    ]  # fmt: skip


def test_nothing_can_be_smuggled_into_the_head_of_a_mail() -> None:
    letter = letter_about(content(issuer=Party(name="Ada\r\nBcc: eve@example.com"), kind=Kind.RECEIPT))
    assert letter.subject.splitlines() == ["Ada Bcc: eve@example.com: Receipt INV-202601-00042"]


def test_the_one_who_mails_by_himself_is_the_house(sent: Callable[[], list[Any]]) -> None:
    set_up(sends_invoices=True)
    invoice = issue(actor=SYSTEM)
    (message,) = sent()
    assert str(invoice.number) in message.subject
