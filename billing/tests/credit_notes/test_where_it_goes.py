"""Where the total of a credit note goes: off what is due, as money, into the wallet, or out of band."""

from collections.abc import Callable

import pytest

from billing import internal, selectors
from billing.crediting import CreditExceedsInvoice
from billing.models import CreditNote, Invoice, WalletLot
from billing.tests.balance import balances, check_journals
from billing.tests.credit_notes.builders import collect, credit, paid_by_card, went, with_card
from billing.tests.factories import AT, issue, settle
from core.actor import SYSTEM
from payments import selectors as payments
from payments.models import Refund
from payments.services import NothingToRefund, refund_payment

pytestmark = pytest.mark.django_db


def row(invoice: selectors.InvoiceView) -> Invoice:
    return Invoice.objects.get(pk=invoice.id)


def test_a_card_payment_is_refunded(facts: Callable[[], list[str]], run_jobs: Callable[[], int]) -> None:
    invoice = paid_by_card(1000)
    note = credit(invoice, 400)
    assert went(note) == (0, 400, 0, 0)
    assert facts()[-2:] == ["credit_note.issued", "refund.requested"]
    run_jobs()
    after = row(invoice)
    assert (after.state, after.refunded_minor, after.credited_minor) == ("paid", 400, 0)
    assert balances() == {"cash": 600, "revenue": -600}
    check_journals()


def test_refunds_take_the_last_payment_first(run_jobs: Callable[[], int]) -> None:
    invoice = issue(1000, customer_id=with_card())
    for amount in (400, 600):
        collect(invoice, amount)
    assert went(credit(invoice, 700)) == (0, 700, 0, 0)
    run_jobs()
    back = [(one.amount_minor, one.refunded_minor) for one in payments.list_payments(invoice.public_id)]
    assert back == [(400, 100), (600, 600)]
    assert balances() == {"cash": 300, "revenue": -300}


def test_without_a_payment_to_refund_the_rest_is_the_customers(facts: Callable[[], list[str]]) -> None:
    invoice = settle(issue(1000))
    note = credit(invoice, 400)
    assert went(note) == (0, 0, 400, 0)
    lot = WalletLot.objects.get()
    assert (lot.source, lot.left_minor, lot.credit_note_id, lot.is_promotional) == ("credit_note", 400, note.id, False)
    assert balances() == {"cash": 1000, "revenue": -600, "wallet_liability": -400}
    assert facts()[-2:] == ["wallet.created", "wallet.granted"]
    check_journals()


def test_what_a_note_left_pays_the_next_invoice() -> None:
    first = settle(issue(1000))
    credit(first, 400)
    following = row(issue(1000, customer_id=first.customer_id))
    assert (following.credit_applied_minor, following.wallet_applied_minor, following.due_minor) == (400, 0, 600)


@pytest.mark.parametrize(("settle_by", "expected"), [
    ("refund", (0, 400, 0, 0)), ("wallet", (0, 0, 400, 0)), ("out_of_band", (0, 0, 0, 400)),
])  # fmt: skip
def test_somebody_says_where_the_rest_goes(settle_by: str, expected: tuple[int, ...]) -> None:
    invoice = paid_by_card(1000)
    assert went(credit(invoice, 400, settle=settle_by)) == expected
    assert Refund.objects.exists() is (settle_by == "refund")
    check_journals()


def test_what_is_due_comes_first_and_the_rest_goes_where_it_is_said() -> None:
    invoice = settle(issue(1000), 700)
    note = credit(invoice, 600, settle="out_of_band")
    assert went(note) == (300, 0, 0, 300)
    assert row(invoice).state == "paid"
    assert balances() == {"cash": 400, "revenue": -400}


def test_more_than_was_paid_is_not_refunded(facts: Callable[[], list[str]]) -> None:
    invoice = paid_by_card(1000)
    credit(invoice, 800, settle="wallet")
    before = facts()
    with pytest.raises(CreditExceedsInvoice) as refused:
        credit(invoice, 300, settle="refund")
    assert refused.value.members == {"left_minor": 200}
    assert (facts(), Refund.objects.count()) == (before, 0)


def test_a_refund_without_a_payment_is_refused(facts: Callable[[], list[str]]) -> None:
    invoice = settle(issue(1000))
    before = facts()
    with pytest.raises(NothingToRefund) as refused:
        credit(invoice, 400, settle="refund")
    assert refused.value.members == {"refundable_minor": 0}
    assert (facts(), CreditNote.objects.count(), balances()) == (before, 0, {"cash": 1000, "revenue": -1000})


def test_another_way_is_none() -> None:
    invoice = settle(issue(1000))
    with pytest.raises(internal.SettlementUnknown):
        credit(invoice, 400, settle="by hand")
    assert not CreditNote.objects.exists()


def test_a_refund_on_its_way_is_not_refunded_again() -> None:
    invoice = paid_by_card(1000)
    credit(invoice, 600)
    note = credit(invoice, 400)
    assert went(note) == (0, 400, 0, 0)
    assert payments.list_refundable(invoice.public_id) == ()


def test_what_the_payment_has_no_longer_goes_into_the_wallet() -> None:
    invoice = paid_by_card(1000)
    payment = payments.list_payments(invoice.public_id)[0]
    refund_payment(payment_id=payment.id, amount_minor=900, reason="Goodwill", actor=SYSTEM, now=AT)
    assert went(credit(invoice, 300)) == (0, 100, 200, 0)


def test_a_payment_that_has_not_begun_asks_for_what_is_left(facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000, collect=True)
    credit(invoice, 300)
    asked = [(one.status, one.amount_minor) for one in payments.list_payments(invoice.public_id)]
    assert asked == [("canceled", 1000), ("pending", 700)]
    assert facts()[-2:] == ["payment.canceled", "payment.requested"]


def test_a_payment_of_what_was_credited_wholly_is_called_off() -> None:
    invoice = issue(1000, collect=True)
    credit(invoice)
    assert [one.status for one in payments.list_payments(invoice.public_id)] == ["canceled"]


def test_an_invoice_that_was_credited_wholly_is_settled_and_nobody_paid_it(facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000)
    credit(invoice)
    after = row(invoice)
    assert (after.state, after.paid_at, after.paid_minor, after.credited_minor) == ("paid", AT, 0, 1000)
    assert facts()[-2:] == ["credit_note.issued", "invoice.credited"]
    assert "invoice.paid" not in facts()


def test_an_invoice_whose_rest_was_credited_is_paid(facts: Callable[[], list[str]]) -> None:
    invoice = settle(issue(1000), 700)
    credit(invoice, 300)
    assert row(invoice).state == "paid"
    assert facts()[-3:] == ["credit_note.issued", "invoice.credited", "invoice.paid"]
