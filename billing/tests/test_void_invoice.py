"""An invoice nobody has paid can be taken back; it keeps its number, and its journal is mirrored."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest

from billing import internal, selectors, services
from billing.models import InvoiceNotOpen, Journal
from billing.tests.balance import balances, check_journals
from billing.tests.factories import AT, issue, settle
from core import errors, ids
from core.actor import SYSTEM, Actor
from payments import selectors as payments

pytestmark = pytest.mark.django_db


def void(invoice_id: UUID, actor: Actor = SYSTEM, now: datetime = AT) -> None:
    services.void_invoice(invoice_id=invoice_id, reason="Ordered by mistake", actor=actor, now=now)


def test_a_void_invoice_keeps_its_number_and_owes_nothing(facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000)
    void(invoice.id)
    after = selectors.get_invoice(invoice.id)
    assert (after.state, after.number, after.due_minor, after.voided_at) == ("void", invoice.number, 0, AT)
    assert balances() == {}
    assert Journal.objects.get(reference=f"void:{invoice.public_id}").postings.count() == 2
    assert facts()[-1] == "invoice.voided"
    check_journals()


def test_its_payment_is_called_off(facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000, collect=True)
    void(invoice.id)
    assert [one.status for one in payments.list_payments(invoice.public_id)] == ["canceled"]
    assert facts()[-2:] == ["payment.canceled", "invoice.voided"]


def test_a_void_invoice_cannot_be_voided_again(facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000)
    void(invoice.id)
    before = facts()
    with pytest.raises(InvoiceNotOpen):
        void(invoice.id)
    assert facts() == before


def test_a_paid_invoice_cannot_be_voided() -> None:
    paid = settle(issue(1000))
    with pytest.raises(InvoiceNotOpen):
        void(paid.id)
    assert selectors.get_invoice(paid.id) == paid


def test_a_partly_paid_invoice_cannot_be_voided() -> None:
    part = settle(issue(1000), 1)
    with pytest.raises(InvoiceNotOpen):
        void(part.id)
    assert selectors.get_invoice(part.id) == part


def test_money_that_comes_after_is_owed_to_the_customer() -> None:
    invoice = issue(1000)
    void(invoice.id)
    after = settle(invoice, 1000)
    assert (after.state, after.paid_minor, after.due_minor) == ("void", 1000, 0)
    assert balances() == {"cash": 1000, "wallet_liability": -1000}


def test_an_unknown_invoice_cannot_be_voided() -> None:
    with pytest.raises(errors.NotFound):
        void(ids.new())


def test_all_that_is_open_of_an_agreement_is_voided_and_nothing_else() -> None:
    first, second = issue(reference="sub_a"), issue(reference="sub_a")
    paid, other = settle(issue(reference="sub_a")), issue(reference="sub_b")
    voided = internal.void_invoice_of("sub_a", actor=SYSTEM, now=AT)
    assert {one.id for one in voided} == {first.id, second.id}
    assert [one.state for one in selectors.list_invoices("sub_a")] == ["void", "void", "paid"]
    assert selectors.list_open_invoices("sub_b") == (other,)
    assert selectors.get_invoice(paid.id).state == "paid"
