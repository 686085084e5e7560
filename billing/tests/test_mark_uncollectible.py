"""An invoice nobody expects money for is written off; money that comes all the same is taken."""

from collections.abc import Callable

import pytest

from billing import selectors, services
from billing.models import InvoiceNotOpen
from billing.selectors import InvoiceView
from billing.tests.balance import balances, check_journals
from billing.tests.factories import AT, issue, settle
from core import errors, ids
from core.actor import SYSTEM
from payments import selectors as payments

pytestmark = pytest.mark.django_db


def give_up(invoice: InvoiceView) -> None:
    services.mark_uncollectible(invoice_id=invoice.id, reason="Bankrupt", actor=SYSTEM, now=AT)


def test_its_debt_leaves_the_receivables(facts: Callable[[], list[str]]) -> None:
    invoice = settle(issue(1000), 300)
    give_up(invoice)
    after = selectors.get_invoice(invoice.id)
    assert (after.state, after.due_minor) == ("uncollectible", 700)
    assert balances() == {"cash": 300, "revenue": -1000, "write_offs": 700}
    assert facts()[-1] == "invoice.written_off"
    check_journals()


def test_its_payment_is_called_off() -> None:
    invoice = issue(1000, collect=True)
    give_up(invoice)
    assert [one.status for one in payments.list_payments(invoice.public_id)] == ["canceled"]


def test_money_that_comes_all_the_same_pays_it(facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000)
    give_up(invoice)
    settle(invoice, 400)
    assert balances() == {"cash": 400, "revenue": -1000, "write_offs": 600}
    after = settle(invoice, 600)
    assert (after.state, balances()) == ("paid", {"cash": 1000, "revenue": -1000})
    assert facts()[-1] == "invoice.paid"
    check_journals()


def test_it_can_still_be_voided() -> None:
    invoice = issue(1000)
    give_up(invoice)
    services.void_invoice(invoice_id=invoice.id, reason="Mistake", actor=SYSTEM, now=AT)
    assert (selectors.get_invoice(invoice.id).state, balances()) == ("void", {})


def test_only_an_open_invoice_is_given_up(facts: Callable[[], list[str]]) -> None:
    paid, void, lost = settle(issue(1000)), issue(1000), issue(1000)
    services.void_invoice(invoice_id=void.id, reason="Mistake", actor=SYSTEM, now=AT)
    give_up(lost)
    before = facts(), balances()
    for invoice in (paid, void, lost):
        with pytest.raises(InvoiceNotOpen):
            give_up(invoice)
    assert (facts(), balances()) == before


def test_an_unknown_invoice_is_not_found() -> None:
    with pytest.raises(errors.NotFound):
        services.mark_uncollectible(invoice_id=ids.new(), reason="Bankrupt", actor=SYSTEM, now=AT)
