"""What a customer has stored pays an invoice at finalization: credit notes first, then the wallet, in the books too."""

from typing import Any
from uuid import UUID

import pytest

from billing import internal, services
from billing.internal._wallets import grant
from billing.models import Invoice, WalletLot
from billing.tests.balance import balances, check_journals
from billing.tests.factories import AT, issue, make_customer_id, settle
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer_id() -> UUID:
    return make_customer_id()


def give(customer_id: UUID, amount_minor: int, **known: Any) -> None:
    """Promotional value, as operators give it."""
    grant(
        customer_id=customer_id, currency="USD", source="promotion", amount_minor=amount_minor,
        key=f"gift-{amount_minor}", actor=SYSTEM, now=AT, **known,
    )  # fmt: skip


def left() -> list[int]:
    return list(WalletLot.objects.order_by("id").values_list("left_minor", flat=True))


def test_a_part_is_paid_from_the_wallet(customer_id: UUID) -> None:
    give(customer_id, 400)
    invoice = issue(1000, customer_id=customer_id)
    row = Invoice.objects.get(pk=invoice.id)
    assert (row.state, row.total_minor, row.wallet_applied_minor, row.due_minor) == ("open", 1000, 400, 600)
    assert balances() == {"receivable": 600, "revenue": -1000, "promotions": 400}
    assert left() == [0]
    assert settle(invoice).state == "paid"
    check_journals()


def test_what_the_wallet_pays_whole_is_paid_at_once(customer_id: UUID) -> None:
    give(customer_id, 2500)
    invoice = issue(1000, customer_id=customer_id, collect=True)
    assert (invoice.state, invoice.due_minor, invoice.paid_minor, invoice.paid_at) == ("paid", 0, 0, AT)
    assert left() == [1500]


def test_a_top_up_is_not_paid_from_the_wallet(customer_id: UUID) -> None:
    give(customer_id, 400)
    assert issue(1000, kind="top_up", customer_id=customer_id).due_minor == 1000


def test_an_overpayment_pays_the_next_invoice(customer_id: UUID) -> None:
    settle(issue(1000, customer_id=customer_id), 1300)
    assert issue(1000, customer_id=customer_id).due_minor == 700
    assert balances() == {"cash": 1300, "receivable": 700, "revenue": -2000}


def test_voiding_puts_it_back_into_the_very_lots(customer_id: UUID) -> None:
    give(customer_id, 100, priority=1)
    give(customer_id, 300, priority=2)
    before = balances()
    invoice = issue(1000, customer_id=customer_id)
    assert left() == [0, 0]
    services.void_invoice(invoice_id=invoice.id, reason="a mistake", actor=SYSTEM, now=AT)
    assert left() == [100, 300]
    assert balances() == before
    check_journals()


def test_money_for_what_was_written_off_is_taken_and_recovered(customer_id: UUID) -> None:
    invoice = issue(1000, customer_id=customer_id)
    services.mark_uncollectible(invoice_id=invoice.id, reason="gone", actor=SYSTEM, now=AT)
    assert balances() == {"write_offs": 1000, "revenue": -1000}
    part = settle(invoice, 400)
    assert (part.state, part.due_minor) == ("uncollectible", 600)
    assert balances() == {"write_offs": 600, "cash": 400, "revenue": -1000}
    assert internal.settle(
        invoice_id=invoice.id, payment="pay_01m7xyv8g2ehss11r88e0h1c4a", amount_minor=600, currency="USD",
        actor=SYSTEM, now=AT,
    ).state == "paid"  # fmt: skip
    assert balances() == {"cash": 1000, "revenue": -1000}
    check_journals()


def test_voiding_what_was_written_off_leaves_nothing_of_it(customer_id: UUID) -> None:
    invoice = issue(1000, customer_id=customer_id)
    services.mark_uncollectible(invoice_id=invoice.id, reason="gone", actor=SYSTEM, now=AT)
    services.void_invoice(invoice_id=invoice.id, reason="a mistake", actor=SYSTEM, now=AT)
    assert balances() == {}
