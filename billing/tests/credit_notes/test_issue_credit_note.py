"""A credit note takes an invoice back, or a part of it: off what is due, as money, or into the wallet."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import internal, selectors, services
from billing.crediting import CreditExceedsInvoice
from billing.models import CreditNote, Invoice, Journal, NumberCounter, Wallet
from billing.tests.balance import balances, check_journals
from billing.tests.coupons import bill_with_coupon_and_taxes
from billing.tests.credit_notes.builders import credit, german, tax_rate, went
from billing.tests.factories import AT, issue, settle
from core import errors, ids
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db


def row(invoice: selectors.InvoiceView) -> Invoice:
    return Invoice.objects.get(pk=invoice.id)


def test_a_note_takes_off_what_is_due(facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000)
    note = credit(invoice, 300)
    after = row(invoice)
    assert (after.state, after.due_minor, after.credited_minor) == ("open", 700, 300)
    assert went(note) == (300, 0, 0, 0)
    assert balances() == {"receivable": 700, "revenue": -700}
    assert facts()[-2:] == ["credit_note.issued", "invoice.credited"]
    check_journals()


def test_a_note_has_its_own_number_and_both_parties() -> None:
    invoice = issue(1000)
    numbers = [credit(invoice, 300).number for _ in range(2)]
    assert numbers == ["CN-202601-00001", "CN-202601-00002"]
    note = CreditNote.objects.get(number="CN-202601-00002")
    assert note.customer_snapshot == row(invoice).customer_snapshot != {}
    assert note.issuer_snapshot == row(invoice).issuer_snapshot != {}
    assert issue().number == "INV-202601-00002"


def test_the_numbers_of_notes_may_be_written_otherwise() -> None:
    services.configure_numbering(pattern="G{yyyy}/{seq}", reset="yearly", code="credit_note", actor=SYSTEM, now=AT)
    assert credit(issue(1000)).number == "G2026/1"
    assert credit(issue(1000), now=AT + timedelta(days=365)).number == "G2027/1"


def test_tax_goes_back_with_the_net() -> None:
    tax_rate("19", code="de-vat")
    invoice = issue(1000, 500, customer_id=german())
    note = credit(invoice, 595)
    assert (note.subtotal_minor, note.tax_minor, note.total_minor) == (500, 95, 595)
    lines = [(one.amount_minor, one.tax_minor, one.total_minor, one.taxes) for one in note.lines.all()]
    assert lines == [
        (334, 63, 397, [{"code": "de-vat", "tax_minor": 63}]), (166, 32, 198, [{"code": "de-vat", "tax_minor": 32}]),
    ]  # fmt: skip
    assert balances() == {"receivable": 1190, "revenue": -1000, "tax_payable": -190}


def test_all_of_an_invoice_in_three_notes_is_the_invoice() -> None:
    tax_rate("19")
    invoice = issue(1000, 333, customer_id=german())
    for amount in (401, 777, None):
        credit(invoice, amount)
    assert balances() == {}
    for line in row(invoice).lines.all():
        sums = [(one.amount_minor, one.tax_minor) for one in line.credits.all()]
        assert sum(tax for _, tax in sums) == line.tax_minor
        assert sum(net for net, _ in sums) == line.amount_minor
    check_journals()


def test_prices_that_include_their_tax_are_credited_with_it() -> None:
    services.change_billing_settings(changes={"tax_behavior": "inclusive"}, actor=SYSTEM, now=AT)
    tax_rate("20")
    note = credit(issue(1200, customer_id=german()), 600)
    assert (note.subtotal_minor, note.tax_minor, note.total_minor) == (500, 100, 600)


def test_lines_are_credited_by_name() -> None:
    invoice = issue(1000, 500)
    first, second = row(invoice).lines.all()
    note = credit(invoice, lines=[(second.id, None), (first.id, 200)])
    assert [(one.invoice_line_id, one.total_minor) for one in note.lines.all()] == [(first.id, 200), (second.id, 500)]
    assert note.total_minor == 700


def test_an_invoice_with_coupons_and_two_taxes_goes_back_wholly() -> None:
    bill_with_coupon_and_taxes(now=AT)
    sold = Invoice.objects.get(state="open", discount_minor__gt=0)
    note = credit(sold)
    assert (note.total_minor, note.tax_minor) == (sold.total_minor, sold.tax_minor)
    back: dict[str, int] = {}
    for tax in (tax for line in note.lines.all() for tax in line.taxes):
        back[tax["code"]] = back.get(tax["code"], 0) + tax["tax_minor"]
    assert back == {tax.code: tax.tax_minor for tax in sold.taxes.all()}
    assert len(back) == 2


def test_a_credit_on_the_invoice_goes_back_with_it() -> None:
    invoice = issue(1000, -400)
    note = credit(invoice)
    assert [one.total_minor for one in note.lines.all()] == [1000, -400]
    assert (note.total_minor, row(invoice).due_minor, balances()) == (600, 0, {})
    check_journals()


def test_one_key_makes_one_note(facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000)
    first = credit(invoice, 300, key="once")
    before = facts()
    again = credit(invoice, 500, key="once")
    assert (again.id, again.total_minor, facts()) == (first.id, 300, before)


def test_a_key_is_not_used_for_another_invoice() -> None:
    credit(issue(1000), 300, key="once")
    other = issue(1000)
    with pytest.raises(internal.CreditNoteKeyReused):
        credit(other, 300, key="once")
    assert row(other).credited_minor == 0


@pytest.mark.parametrize("amount", [0, -1, 1001])
def test_nothing_and_too_much_are_refused(amount: int, facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000)
    before = facts()
    with pytest.raises(CreditExceedsInvoice) as refused:
        credit(invoice, amount)
    assert refused.value.members == {"left_minor": 1000}
    assert (facts(), row(invoice).due_minor) == (before, 1000)
    assert not NumberCounter.objects.filter(series__code="credit_note").exists()


def test_too_much_of_a_line_is_refused() -> None:
    invoice = issue(1000, 500)
    second = row(invoice).lines.last()
    assert second is not None
    credit(invoice, lines=[(second.id, 300)])
    with pytest.raises(CreditExceedsInvoice) as refused:
        credit(invoice, lines=[(second.id, 201)])
    assert refused.value.members == {"line": str(second.id), "left_minor": 200}
    assert CreditNote.objects.count() == 1


def unclear(invoice: selectors.InvoiceView) -> dict[str, dict[str, Any]]:
    line_id = row(invoice).lines.all()[0].id
    return {
        "an amount and lines": {"amount_minor": 1, "lines": [(line_id, 1)]},
        "no lines": {"lines": []},
        "one line twice": {"lines": [(line_id, 1), (line_id, 2)]},
        "a line of another invoice": {"lines": [(row(issue(5)).lines.all()[0].id, 1)]},
        "a line of nobody": {"lines": [(ids.new(), 1)]},
    }


@pytest.mark.parametrize("what", [
    "an amount and lines", "no lines", "one line twice", "a line of another invoice", "a line of nobody",
])  # fmt: skip
def test_what_is_not_clear_is_refused(what: str) -> None:
    invoice = issue(1000)
    asked = unclear(invoice)[what]
    with pytest.raises(internal.CreditNoteUnclear):
        credit(invoice, **asked)
    assert not CreditNote.objects.exists()


def test_a_draft_is_not_credited() -> None:
    draft = services.create_invoice(
        customer_id=german(), currency="EUR", items=[{"description": "Work", "unit_amount": Decimal(10)}], key="d",
        finalize=False, actor=SYSTEM, now=AT,
    )  # fmt: skip
    with pytest.raises(internal.InvoiceNotCreditable):
        credit(draft, 100)
    assert not CreditNote.objects.exists()


def test_a_void_invoice_is_not_credited() -> None:
    invoice = issue(1000)
    services.void_invoice(invoice_id=invoice.id, reason="Mistake", actor=SYSTEM, now=AT)
    with pytest.raises(internal.InvoiceNotCreditable):
        credit(invoice, 100)
    assert balances() == {}


def test_an_invoice_that_was_credited_is_not_voided() -> None:
    invoice = issue(1000)
    credit(invoice, 1)
    with pytest.raises(errors.Conflict):
        services.void_invoice(invoice_id=invoice.id, reason="Mistake", actor=SYSTEM, now=AT)
    assert row(invoice).state == "open"


def test_an_unknown_invoice_is_not_credited() -> None:
    with pytest.raises(errors.NotFound):
        services.issue_credit_note(invoice_id=ids.new(), reason="other", key="k", actor=SYSTEM, now=AT)


def test_an_invoice_that_was_written_off_can_be_credited() -> None:
    invoice = issue(1000)
    services.mark_uncollectible(invoice_id=invoice.id, reason="Gone", actor=SYSTEM, now=AT)
    credit(invoice, 400)
    assert (row(invoice).state, row(invoice).due_minor) == ("uncollectible", 600)
    assert balances() == {"revenue": -600, "write_offs": 600}
    credit(invoice)
    assert (row(invoice).state, balances()) == ("paid", {})
    check_journals()


def test_a_top_up_is_credited_only_as_long_as_it_is_unpaid() -> None:
    invoice = issue(1000, kind="top_up")
    credit(invoice, 400)
    settle(invoice, 600)
    assert Wallet.objects.get().balance_minor == 600
    assert balances() == {"cash": 600, "wallet_liability": -600}
    with pytest.raises(internal.InvoiceNotCreditable):
        credit(invoice, 100)
    assert CreditNote.objects.count() == 1


def test_a_gift_nobody_has_paid_for_is_credited_wholly_or_not(facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000, kind="gift")
    with pytest.raises(internal.InvoiceNotCreditable):
        credit(invoice, 400)
    credit(invoice)
    assert (balances(), "invoice.paid" in facts()) == ({}, False)


def test_a_gift_that_is_paid_is_not_credited() -> None:
    invoice = settle(issue(1000, kind="gift"))
    with pytest.raises(internal.InvoiceNotCreditable):
        credit(invoice)
    assert balances() == {"cash": 1000, "gift_liability": -1000}


def test_a_note_is_booked_once() -> None:
    note = credit(issue(1000), 300)
    assert Journal.objects.filter(kind="credit_note", subject_id=note.id).count() == 1


def test_the_queries_do_not_count_the_lines() -> None:
    credit(issue(1000), 1)
    counted = []
    for lines in (2, 20):
        invoice = issue(*[100] * lines)
        with CaptureQueriesContext(connection) as queries:
            credit(invoice)
        counted.append(len(queries))
    assert counted[0] == counted[1]
