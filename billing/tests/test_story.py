"""One story from an offer to a correction, every figure worked out by hand."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from billing import selectors, services
from billing.models import Invoice
from billing.tests.balance import balances, check_journals
from billing.tests.coupons import make_coupon, make_tax_rate
from billing.tests.factories import AT, make_customer_id, settle
from billing.tests.wallets.builders import grant, wallet_of
from catalog.models import Price
from catalog.tests.factories import make_plan, tiered
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(days=3)


@pytest.fixture
def customer_id() -> UUID:
    """Somebody in Germany with 69.00 in the wallet."""
    made = make_customer_id(country="DE", name="Ada")
    grant(6900, customer_id=made, description="a welcome")
    return made


@pytest.fixture
def items() -> list[dict[str, object]]:
    """25 units by tiers (up to 10 at 50.00, up to 20 at 40.00, beyond at 30.00), and books for 150.00."""
    price = Price.objects.get(version__plan=make_plan(tiered(name="Licenses"), name="Pro"))
    books = {"description": "Books", "quantity": Decimal(3), "unit_amount": Decimal(50), "tax_code": "books"}
    return [{"price": price.public_id, "quantity": Decimal(25)}, books]


def test_from_the_offer_to_the_correction(customer_id: UUID, items: list[dict[str, object]]) -> None:
    make_tax_rate(code="vat", name="VAT", percentage=Decimal(19), country="DE")
    make_tax_rate(code="vat-books", name="Reduced VAT", percentage=Decimal(7), country="DE", tax_code="books")
    make_coupon(code="TEN", name="Ten", percent=Decimal(10))
    asked = {"customer_id": customer_id, "currency": "USD", "items": items, "coupons": ["TEN"], "now": AT}

    # 10 × 50 + 10 × 40 + 5 × 30 = 1,050.00; with 150.00 of books 1,200.00; 10 % off is 120.00, 105.00 and 15.00 of it.
    # 19 % of 945.00 is 179.55, 7 % of 135.00 is 9.45; together 1,269.00; less 69.00 of stored value 1,200.00.
    offer = services.quote_invoice(**asked)
    assert [(one.amount_minor, one.discount_minor, one.tax_minor, one.total_minor) for one in offer.lines] == [
        (105000, 10500, 17955, 112455), (15000, 1500, 945, 14445),
    ]  # fmt: skip
    assert (offer.total_minor, offer.wallet_applied_minor, offer.due_minor) == (126900, 6900, 120000)

    issued = services.create_invoice(**asked, key="story", actor=SYSTEM)
    row = Invoice.objects.get(pk=issued.id)
    assert (row.state, row.total_minor, row.wallet_applied_minor, row.due_minor) == ("open", 126900, 6900, 120000)
    assert (row.subtotal_minor, row.discount_minor, row.tax_minor) == (120000, 12000, 18900)
    assert balances() == {
        "receivable": 120000, "revenue": -108000, "tax_payable": -18900, "promotions": 6900,
    }  # fmt: skip

    settle(issued)
    assert selectors.get_invoice(issued.id).state == "paid"

    # The books go back: 135.00 and 9.45 of tax, into the wallet.
    books = row.lines.get(position=2)
    note = services.issue_credit_note(
        invoice_id=row.id, lines=[(books.id, None)], reason="order_change", settle="wallet", key="story", actor=SYSTEM,
        now=LATER,
    )  # fmt: skip
    assert (note.subtotal_minor, note.tax_minor, note.total_minor, note.wallet_minor) == (13500, 945, 14445, 14445)
    assert wallet_of(customer_id).balance_minor == 14445
    assert balances() == {
        "cash": 120000, "revenue": -94500, "tax_payable": -17955, "wallet_liability": -14445, "promotions": 6900,
    }  # fmt: skip
    check_journals()

    assert selectors.explain_invoice(row.id).sentences == (
        "You were charged 1,050.00 USD for 25 Licenses (Pro): the first 10 at 50.00 USD each, the next 10 at 40.00 USD "
        "each and the last 5 at 30.00 USD each.",
        "You were charged 150.00 USD for 3 × Books: 3 at 50.00 USD each.",
        "Together that was 1,200.00 USD.",
        "The coupon Ten (TEN, 10\N{NO-BREAK SPACE}%) took 120.00 USD off, which left 1,080.00 USD.",
        "VAT of 19 % on 945.00 USD is 179.55 USD.",
        "Reduced VAT of 7 % on 135.00 USD is 9.45 USD.",
        "The invoice comes to 1,269.00 USD.",
        "69.00 USD of it was paid from your wallet: 69.00 USD given as a welcome.",
        f"The credit note {note.number} of January 18, 2026 took 144.45 USD back: 144.45 USD into your wallet.",
        "Nothing is due any more.",
    )
    assert services.recompute_invoice(invoice_id=row.id, now=LATER).identical

    # What came back pays the next invoice before anything else: 100.00 and 19.00 of tax.
    again = services.quote_invoice(
        customer_id=customer_id, items=[{"description": "Work", "unit_amount": Decimal(100)}], now=LATER
    )
    assert (again.total_minor, again.credit_applied_minor, again.due_minor) == (11900, 11900, 0)
