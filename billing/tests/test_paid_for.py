"""What a price of an agreement was charged with in a period."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing import internal, selectors, services
from billing.internal import NewLine
from billing.selectors import InvoiceView, PaidFor
from billing.tests.factories import AT, issue, line, make_customer_id, settle
from core.actor import SYSTEM
from core.periods import Period

pytestmark = pytest.mark.django_db

JANUARY = Period(AT, AT + timedelta(days=31))
HALF = Period(AT + timedelta(days=15), JANUARY.ends_at)


def priced(amount_minor: int, period: Period = JANUARY, **known: Any) -> NewLine:
    return line(amount_minor, price="prc_a", period_starts_at=period.starts_at, period_ends_at=period.ends_at, **known)


def billed(*lines: NewLine, **known: Any) -> InvoiceView:
    return issue(lines=lines, reference="sub_1", **known)


def found(period: Period = JANUARY) -> PaidFor:
    return selectors.paid_for("sub_1", "prc_a", period)


def wait(*lines: NewLine, key: str = "change") -> None:
    internal.add_pending(lines, customer_id=make_customer_id(), reference="sub_1", currency="USD", key=key, now=AT)


def test_what_is_owed_becomes_what_is_paid() -> None:
    invoice = billed(priced(1000))
    assert found() == PaidFor(billed_minor=1000, owed_minor=1000)
    settle(invoice)
    assert found() == PaidFor(billed_minor=1000, paid_minor=1000)


def test_discounts_are_not_paid(now: datetime) -> None:
    services.create_coupon(
        code="HALF", name="Half price", percent=Decimal(50), duration="forever", actor=SYSTEM, now=now
    )
    customer = make_customer_id()
    internal.redeem_coupon(
        "HALF", customer_id=customer, reference="sub_1", currency="USD", plan=None, actor=SYSTEM, now=now
    )
    billed(priced(1000), customer_id=customer)
    assert found() == PaidFor(billed_minor=1000, owed_minor=500)


def test_credits_of_changes_count_on_invoices_and_while_they_wait() -> None:
    settle(billed(priced(1000)))
    billed(priced(-300, HALF, kind="proration"), line(5000))
    wait(priced(-200, HALF, kind="proration"), priced(400, HALF, kind="proration"))
    assert found() == PaidFor(billed_minor=1400, paid_minor=1000, owed_minor=400, credited_minor=500)


def test_what_is_void_was_never_charged() -> None:
    invoice = billed(priced(1000))
    services.void_invoice(invoice_id=invoice.id, reason="mistake", actor=SYSTEM, now=AT)
    assert found() == PaidFor()


def test_other_periods_prices_and_agreements_do_not_count() -> None:
    february = Period(JANUARY.ends_at, JANUARY.ends_at + timedelta(days=28))
    billed(priced(1000), priced(2000, february), line(4000, price="prc_b"))
    issue(lines=[priced(7000)], reference="sub_2")
    assert found().billed_minor == 1000
    assert selectors.list_paid({"sub_1": february, "sub_2": JANUARY}, ["prc_a"]) == {
        ("sub_1", "prc_a"): PaidFor(billed_minor=2000, owed_minor=2000),
        ("sub_2", "prc_a"): PaidFor(billed_minor=7000, owed_minor=7000),
    }


def test_two_queries_answer_for_many(django_assert_num_queries: Any) -> None:
    for number in range(4):
        issue(lines=[priced(1000)], reference=f"sub_{number}")
    with django_assert_num_queries(2):
        assert len(selectors.list_paid({f"sub_{number}": JANUARY for number in range(4)}, ["prc_a"])) == 4


def test_what_waits_is_summed() -> None:
    wait(priced(-300), priced(1000))
    assert (selectors.waiting_minor("sub_1", "USD"), selectors.waiting_minor("sub_1", "EUR")) == (700, 0)


def test_what_credit_notes_took_back_is_credited() -> None:
    invoice = settle(billed(priced(1000)))
    services.issue_credit_note(
        invoice_id=invoice.id, reason="goodwill", key="crn", amount_minor=400, settle="wallet", actor=SYSTEM, now=AT
    )
    assert found() == PaidFor(billed_minor=1000, paid_minor=1000, credited_minor=400)
