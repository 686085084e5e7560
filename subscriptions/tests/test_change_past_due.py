"""Changing what is really past due: declined at its renewal, with an open invoice that dunning follows up."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Customer
from billing.models import CreditNote, Invoice, WalletLot
from billing.selectors import get_invoice
from billing.services import issue_credit_note, mark_uncollectible, void_invoice
from billing.tests.factories import settle
from core import clock
from core.actor import SYSTEM
from subscriptions.models import Subscription
from subscriptions.proration import Behavior
from subscriptions.tests.changing import change, invoices_of, waiting
from subscriptions.tests.factories import attach_card, make_customer, make_plan, seats, subscribe
from subscriptions.tests.migrating import healthy
from tests.fixtures import NOW, do_all_jobs
from tests.shared import Freeze, Worlds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sold")]
# The second month, of 28 days, and its middle: day 14 of the dunning.
BEGAN = NOW.replace(month=2)
HALF = BEGAN + timedelta(days=14)
# Three seats at 20.00 become one for the half that is left: 30.00 back, 10.00 to pay.
REST = [-3000, 1000]


@dataclass(kw_only=True)
class Debt:
    """Three seats of 20.00 a month, paid for the first month and declined for the second; it is the middle of that."""

    customer: Customer
    row: Subscription
    freeze: Freeze
    run: Callable[[], int]

    @property
    def renewal(self) -> Invoice:
        """The invoice of the second month."""
        return invoices_of(self.row)[1]

    def reaches(self, at: datetime) -> "Debt":
        """This function will let time pass, with all that happens by itself."""
        self.freeze(at)
        self.run()
        self.row.refresh_from_db()
        return self

    def pays(self) -> "Debt":
        """This function will let a card come that works."""
        attach_card(self.customer)
        return self.reaches(clock.now())

    def was_paid(self) -> int:
        """What the customer has paid for all of it."""
        return sum(one.paid_minor for one in invoices_of(self.row))

    def has_value(self) -> bool:
        """Whether anything was given to him that he could spend elsewhere."""
        return WalletLot.objects.exists() or CreditNote.objects.filter(refund_minor__gt=0).exists()


def sell(freeze: Freeze) -> dict[str, Any]:
    freeze(NOW)
    customer = make_customer()
    attach_card(customer)
    row = subscribe(customer, make_plan(seats("20.00")), quantity=3)
    do_all_jobs()
    attach_card(customer, "fails_later")
    for at in (BEGAN, BEGAN + timedelta(days=2), BEGAN + timedelta(days=7), HALF):
        freeze(at)
        do_all_jobs()
    row.refresh_from_db()
    assert (row.status, [one.state for one in invoices_of(row)]) == ("past_due", ["paid", "open"])
    return {"customer": customer, "row": row}


@pytest.fixture(scope="module")
def sold(worlds: Worlds) -> dict[str, Any]:
    return worlds.build(sell)


@pytest.fixture
def debt(sold: dict[str, Any], freeze: Freeze, run_jobs: Callable[[], int]) -> Debt:
    freeze(HALF)
    return Debt(**deepcopy(sold), freeze=freeze, run=run_jobs)


@pytest.mark.parametrize(
    ("behavior", "pays_later"),
    [(Behavior.NONE, 2000), (Behavior.NEXT_INVOICE, 0), (Behavior.INVOICE_NOW, 0)],
)
def test_who_pays_after_all_has_paid_for_what_he_had(debt: Debt, behavior: Behavior, pays_later: int) -> None:
    """Both months of three seats are paid; what the third one costs depends on the credit of 20.00 net."""
    change(debt.row, HALF, behavior, quantity=1)
    debt.run()
    assert (debt.row.status, debt.renewal.state, debt.renewal.due_minor) == ("past_due", "open", 6000)
    debt.pays()
    assert (debt.row.status, debt.was_paid()) == ("active", 12000)
    debt.reaches(BEGAN.replace(month=3))
    assert (debt.row.status, debt.was_paid()) == ("active", 12000 + pays_later)
    assert waiting(debt.row) == []
    assert not debt.has_value()
    assert healthy()


def test_a_new_period_is_billed_with_what_is_left_of_the_unpaid_one(debt: Debt) -> None:
    """20.00 for a month from now on, less 30.00 for the half that is owed; 10.00 wait for the month after."""
    change(debt.row, HALF, Behavior.FULL_CHARGE_RESET_ANCHOR, quantity=1)
    debt.run()
    debt.row.refresh_from_db()
    assert (debt.row.status, debt.row.anchor_at, debt.renewal.due_minor) == ("past_due", HALF, 6000)
    assert [one.total_minor for one in invoices_of(debt.row)] == [6000, 6000, 0]
    assert waiting(debt.row) == [-1000]
    debt.pays().reaches(HALF.replace(month=4))
    assert (debt.row.status, debt.was_paid()) == ("active", 6000 + 6000 + 1000)
    assert not debt.has_value()
    assert healthy()


@pytest.mark.parametrize("behavior", [Behavior.NEXT_INVOICE, Behavior.INVOICE_NOW])
def test_more_seats_are_owed_beside_what_is_owed(debt: Debt, behavior: Behavior) -> None:
    """Six seats for the half that is left are 60.00 less 30.00; the card that fails is asked for no more than that."""
    change(debt.row, HALF, behavior, quantity=6)
    debt.run()
    is_now = behavior is Behavior.INVOICE_NOW
    assert [one.due_minor for one in invoices_of(debt.row)] == [0, 6000, *([3000] if is_now else [])]
    assert waiting(debt.row) == ([] if is_now else [-3000, 6000])
    debt.pays()
    assert (debt.row.status, debt.was_paid()) == ("active", 15000 if is_now else 12000)
    debt.reaches(BEGAN.replace(month=3))
    assert debt.was_paid() == 6000 + 6000 + 3000 + 12000
    assert healthy()


@pytest.mark.parametrize("behavior", list(Behavior))
def test_who_never_pays_has_no_money_of_it_when_it_ends(debt: Debt, behavior: Behavior) -> None:
    """On day 21 the policy cancels: one month was paid, and nothing of the second can be spent or comes back."""
    change(debt.row, HALF, behavior, quantity=1)
    debt.reaches(BEGAN + timedelta(days=21))
    assert (debt.row.status, debt.row.reason) == ("canceled", "payment_failed")
    assert (debt.renewal.state, debt.was_paid()) == ("open", 6000)
    assert not debt.has_value()
    assert healthy()


@pytest.mark.parametrize("how", ["void", "credited"])
@pytest.mark.parametrize("behavior", [Behavior.NEXT_INVOICE, Behavior.INVOICE_NOW])
def test_what_is_forgiven_brings_no_credit(debt: Debt, behavior: Behavior, how: str) -> None:
    """30.00 were given for a half that was owed. As nobody owes it now, they only make up for the seat that is kept."""
    change(debt.row, HALF, behavior, quantity=1)
    debt.run()
    assert sum(waiting(debt.row)) == -2000
    forgive(debt, how)
    assert (debt.row.status, sum(waiting(debt.row))) == ("active", 0)
    debt.pays().reaches(BEGAN.replace(month=3))
    assert invoices_of(debt.row)[-1].total_minor == 2000
    assert debt.was_paid() == 6000 + 2000
    assert not debt.has_value()
    assert healthy()


def test_what_is_forgiven_is_not_credited_afterwards_either(debt: Debt) -> None:
    forgive(debt, "void")
    change(debt.row, HALF, Behavior.NEXT_INVOICE, quantity=1)
    assert waiting(debt.row) == [1000]


@pytest.mark.parametrize("pays", [True, False])
def test_the_credit_of_what_is_written_off_waits_for_its_money(debt: Debt, pays: bool) -> None:
    """Of the 30.00 the 10.00 for the seat that is kept stay; the 20.00 beyond it come back with the 60.00."""
    change(debt.row, HALF, Behavior.NEXT_INVOICE, quantity=1)
    mark_uncollectible(invoice_id=debt.renewal.pk, reason="bankrupt", actor=SYSTEM, now=clock.now())
    assert sum(waiting(debt.row)) == 0
    if pays:
        settle(get_invoice(debt.renewal.pk), now=clock.now())
        assert (debt.renewal.state, sum(waiting(debt.row))) == ("paid", -2000)
    assert not debt.has_value()
    assert healthy()


def test_what_was_credited_of_what_is_paid_stays_when_something_else_is_void(debt: Debt) -> None:
    """Two changes: the seats of the first are on an invoice that is void later; the month itself is paid."""
    change(debt.row, HALF, Behavior.INVOICE_NOW, quantity=6)
    settle(get_invoice(debt.renewal.pk), now=clock.now())
    debt.run()
    change(debt.row, HALF + timedelta(days=7), Behavior.NEXT_INVOICE, quantity=3)
    assert waiting(debt.row) == [-3000, 1500]
    more = invoices_of(debt.row)[2]
    void_invoice(invoice_id=more.pk, reason="goodwill", actor=SYSTEM, now=clock.now())
    debt.run()
    # 60.00 are charged, and the 30.00 that wait are no more than that.
    assert waiting(debt.row)[:2] == [-3000, 1500]
    assert healthy()


def forgive(debt: Debt, how: str) -> None:
    by: dict[str, Any] = {"invoice_id": debt.renewal.pk, "reason": "goodwill", "actor": SYSTEM, "now": clock.now()}
    if how == "void":
        void_invoice(**by)
    else:
        issue_credit_note(key="all", **by)
    debt.reaches(clock.now())
