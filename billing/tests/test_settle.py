"""Money arrives: the invoice takes what is due, the customer is owed the rest, and no payment counts twice."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from billing import internal, selectors
from billing.models import Invoice, Journal, RefundBeforePayment
from billing.tests.balance import balances, check_journals
from billing.tests.factories import AT, issue, payment_id, refund, settle
from core import errors, ids
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(days=2)


def test_a_payment_of_what_is_due_pays_the_invoice(facts: Callable[[], list[str]]) -> None:
    paid = settle(issue(1000), now=LATER)
    assert (paid.state, paid.paid_minor, paid.due_minor, paid.paid_at) == ("paid", 1000, 0, LATER)
    assert balances() == {"cash": 1000, "revenue": -1000}
    assert facts()[-1] == "invoice.paid"
    check_journals()


def test_settling_one_payment_twice_changes_nothing(facts: Callable[[], list[str]]) -> None:
    invoice, payment = issue(1000), payment_id()
    first = settle(invoice, payment=payment)
    before = facts()
    assert settle(invoice, 1000, payment=payment, now=LATER) == first
    assert facts() == before
    assert balances() == {"cash": 1000, "revenue": -1000}


def test_a_part_leaves_the_rest_due(facts: Callable[[], list[str]]) -> None:
    part = settle(issue(1000), 400)
    assert (part.state, part.paid_minor, part.due_minor, part.paid_at) == ("open", 400, 600, None)
    assert balances() == {"cash": 400, "receivable": 600, "revenue": -1000}
    assert facts()[-1] == "invoice.payment_received"
    assert settle(part).state == "paid"


def test_an_overpayment_is_owed_to_the_customer_and_nothing_is_negative() -> None:
    paid = settle(issue(1000), 1300)
    assert (paid.state, paid.paid_minor, paid.due_minor) == ("paid", 1300, 0)
    assert balances() == {"cash": 1300, "wallet_liability": -300, "revenue": -1000}


def test_a_second_payment_of_a_paid_invoice_is_owed_whole(facts: Callable[[], list[str]]) -> None:
    paid = settle(settle(issue(1000)), 1000)
    assert (paid.state, paid.paid_minor, paid.due_minor, paid.paid_at) == ("paid", 2000, 0, AT)
    assert balances() == {"cash": 2000, "wallet_liability": -1000, "revenue": -1000}
    assert facts()[-4:] == ["invoice.paid", "invoice.payment_received", "wallet.created", "wallet.granted"]


def test_money_in_another_currency_is_refused_and_nothing_happened(facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000)
    before = facts()
    with pytest.raises(internal.InvoiceCurrencyMismatch):
        settle(invoice, currency="EUR")
    assert (selectors.get_invoice(invoice.id), facts()) == (invoice, before)


def test_money_for_an_unknown_invoice_is_refused() -> None:
    with pytest.raises(errors.NotFound):
        internal.settle(
            invoice_id=ids.new(), payment=payment_id(), amount_minor=1, currency="USD", actor=SYSTEM, now=AT
        )
    assert not Journal.objects.exists()


def test_a_refund_goes_out_of_cash_and_the_invoice_stays_paid(facts: Callable[[], list[str]]) -> None:
    given_back = refund(settle(issue(1000)), 300)
    assert (given_back.state, given_back.paid_minor, given_back.refunded_minor) == ("paid", 1000, 300)
    assert balances() == {"cash": 700, "refunds": 300, "revenue": -1000}
    assert facts()[-1] == "invoice.refunded"


def test_one_refund_is_booked_once() -> None:
    invoice, one = settle(issue(1000)), ids.encode("rfd", ids.new())
    first = refund(invoice, 300, refund=one)
    assert refund(invoice, 300, refund=one) == first
    assert Journal.objects.filter(kind="refund").count() == 1


def test_a_refund_that_is_heard_of_before_its_payment_waits() -> None:
    invoice = issue(1000)
    with pytest.raises(RefundBeforePayment):
        refund(invoice, 300)
    assert refund(settle(invoice), 300).refunded_minor == 300


def test_a_declined_payment_is_remembered_and_a_later_success_forgets_it(facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000)
    declined = internal.record_payment_failure(
        invoice_id=invoice.id, code="card_declined", is_hard=False, actor=SYSTEM, now=AT
    )
    assert (declined.state, declined.last_failure_code) == ("open", "card_declined")
    assert facts()[-1] == "invoice.payment_failed"
    assert Invoice.objects.declined().count() == 1
    assert settle(invoice).last_failure_code == ""


def test_a_decline_after_the_invoice_was_paid_says_nothing(facts: Callable[[], list[str]]) -> None:
    paid = settle(issue(1000))
    before = facts()
    after = internal.record_payment_failure(
        invoice_id=paid.id, code="card_declined", is_hard=False, actor=SYSTEM, now=AT
    )
    assert (after, facts()) == (paid, before)
