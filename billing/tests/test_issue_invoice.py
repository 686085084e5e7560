"""An invoice is created, numbered and booked in one step, once per key."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts import services as accounts
from accounts.models import CurrencyMismatch
from billing import internal
from billing.models import Invoice, InvoiceLine, Journal, Posting
from billing.tests.balance import balances, check_journals
from billing.tests.factories import AT, issue, line, make_customer_id
from core import errors, ids, money
from core.actor import Actor
from core.periods import Period

pytestmark = pytest.mark.django_db


def test_an_issued_invoice_is_open_numbered_and_booked(facts: Callable[[], list[str]]) -> None:
    invoice = issue(1000, 250)
    assert (invoice.state, invoice.number, invoice.total_minor, invoice.due_minor) == (
        "open", "INV-202601-00001", 1250, 1250,
    )  # fmt: skip
    assert balances() == {"receivable": 1250, "revenue": -1250}
    assert facts()[-1] == "invoice.finalized"
    check_journals()


def test_the_lines_are_kept_as_they_were_priced() -> None:
    period = Period(AT, AT + timedelta(days=31))
    usage = line(
        125, description="API calls", kind="usage", quantity=Decimal("1250.5"), unit_amount=Decimal("0.001"),
        price="prc_1", period_starts_at=period.starts_at, period_ends_at=period.ends_at,
    )  # fmt: skip
    invoice = issue(lines=[line(1000), usage], period=period)
    first, second = InvoiceLine.objects.filter(invoice_id=invoice.id)
    assert (first.position, first.amount_minor, first.total_minor) == (1, 1000, 1000)
    assert (second.quantity, second.unit_amount, second.kind, second.price) == (
        Decimal("1250.5"), Decimal("0.001"), "usage", "prc_1",
    )  # fmt: skip
    assert (invoice.period_starts_at, invoice.period_ends_at) == (period.starts_at, period.ends_at)


def test_a_repeated_key_returns_the_first_invoice(facts: Callable[[], list[str]]) -> None:
    customer_id = make_customer_id()
    first = issue(1000, key="sub_1:1", customer_id=customer_id)
    before = facts()
    second = issue(9999, key="sub_1:1", customer_id=customer_id)
    assert second == first
    assert (Invoice.objects.count(), Journal.objects.count(), facts()) == (1, 1, before)


def test_an_invoice_of_nothing_is_paid_at_once_and_moves_no_account(facts: Callable[[], list[str]]) -> None:
    invoice = issue(500, -500, collect=True)
    assert (invoice.state, invoice.total_minor, invoice.paid_at) == ("paid", 0, AT)
    assert facts()[-2:] == ["invoice.finalized", "invoice.paid"]
    assert not Journal.objects.exists()


def test_a_gift_is_owed_until_it_is_redeemed() -> None:
    issue(2500, kind="gift")
    assert balances() == {"receivable": 2500, "gift_liability": -2500}


def test_a_credit_reduces_the_total() -> None:
    assert issue(1000, -400).total_minor == 600


def test_an_invoice_needs_a_line() -> None:
    with pytest.raises(internal.InvoiceEmpty):
        issue(lines=[])
    assert not Invoice.objects.exists()


def test_the_first_invoice_fixes_the_customers_currency() -> None:
    customer_id = make_customer_id()
    issue(customer_id=customer_id)
    with pytest.raises(CurrencyMismatch):
        issue(customer_id=customer_id, currency="EUR")
    assert Invoice.objects.count() == 1


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(money.UnknownCurrency):
        issue(currency="XXX")


def test_an_unknown_customer_is_refused() -> None:
    with pytest.raises(errors.NotFound):
        issue(customer_id=ids.new())
    assert not Invoice.objects.exists()


def test_the_parties_are_kept_as_they_were(actor: Actor, now: datetime) -> None:
    customer_id = make_customer_id(name="Ada", country="DE")
    invoice_id = issue(customer_id=customer_id).id
    accounts.update_customer(customer_id=customer_id, changes={"name": "Grace"}, actor=actor, now=now)
    row = Invoice.objects.get(pk=invoice_id)
    assert (row.customer_snapshot["name"], row.customer_snapshot["country"]) == ("Ada", "DE")
    assert row.issuer_snapshot["name"]


def test_numbers_follow_each_other_in_the_order_of_finalization() -> None:
    numbers = [issue(now=AT + timedelta(minutes=minute)).number for minute in range(3)]
    assert numbers == ["INV-202601-00001", "INV-202601-00002", "INV-202601-00003"]


def test_a_clock_that_lags_behind_does_not_turn_the_order() -> None:
    first = issue(now=AT)
    second = issue(now=AT - timedelta(seconds=5))
    assert second.number == "INV-202601-00002"
    assert second.issued_at == first.issued_at


def test_a_new_month_goes_on_counting_unless_the_series_resets() -> None:
    issue(now=AT)
    assert issue(now=datetime(2026, 2, 1, tzinfo=UTC)).number == "INV-202602-00002"


def test_each_currency_has_accounts_of_its_own() -> None:
    issue(1000)
    issue(700, currency="EUR")
    found = dict(Posting.objects.filter(account__code="receivable").values_list("currency", "amount_minor"))
    assert found == {"USD": 1000, "EUR": 700}
