"""A line tells how its amount came about: in figures, and in a sentence that can be read aloud."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import explaining
from billing.explaining import DiscountStory, DocumentStory, LineStory, Moved, Sold, TaxStory
from billing.lines import Basis, NewLine
from core.money import round_half_up

AT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
PRICE = UUID(int=1)


def sold(model: str, **known: Any) -> Sold:
    """A monthly price of the Pro plan."""
    fields: dict[str, Any] = {
        "price": "prc_1", "price_name": "API calls", "owner_name": "Pro", "model": model, "formula": "", "interval":
        "month",
    }  # fmt: skip
    return Sold(**fields | known)


def priced(amount_minor: int, *steps: tuple[int | None, str, str, str], days: int = 0, **basis: Any) -> NewLine:
    """A line of a price; steps are tier from 0, quantity, unit amount and flat amount."""
    names = ("tier", "quantity", "unit_amount", "flat_amount")
    quantity = basis.setdefault("quantity", Decimal(1))
    return NewLine(
        description="Pro", quantity=quantity, unit_amount=None, amount_minor=amount_minor,
        period_starts_at=AT if days else None, period_ends_at=AT + timedelta(days=days) if days else None,
        basis=Basis(price_id=PRICE, **basis), steps=tuple(dict(zip(names, step, strict=True)) for step in steps),
    )  # fmt: skip


def told(line: NewLine, its: Sold | None, currency: str = "USD") -> LineStory:
    return explaining.story(line, its, currency=currency, zone=UTC, is_final=True)


TIERS = ((0, "10", "0.5", "0"), (1, "10", "0.4", "0"), (2, "5", "0.3", "0"))


def test_tiers_are_told_one_after_the_other() -> None:
    story = told(priced(1050, *TIERS, quantity=Decimal(25), days=31), sold("graduated"))
    assert story.calculation == "10 × 0.50 + 10 × 0.40 + 5 × 0.30 = 10.50 USD"
    assert story.sentence == (
        "You were charged 10.50 USD for 25 API calls (Pro) from January 15 to February 15, 2026: the first 10 at 0.50 "
        "USD each, the next 10 at 0.40 USD each and the last 5 at 0.30 USD each."
    )
    assert [part.tier for part in story.parts] == [1, 2, 3]


def test_a_tier_names_its_flat_fee() -> None:
    story = told(priced(700, (0, "10", "0.5", "2"), quantity=Decimal(10)), sold("graduated"))
    assert story.calculation == "10 × 0.50 + 2.00 = 7.00 USD"
    assert story.sentence.endswith("10 at 0.50 USD each plus a flat 2.00 USD.")


@pytest.mark.parametrize(
    ("line", "its", "calculation", "reason"),
    [
        (priced(75000, (2, "25", "30", "0"), quantity=Decimal(25)), sold("volume"),
         "25 × 30.00 = 750.00 USD", "all 25 at 30.00 USD each"),
        (priced(150, (None, "3", "0.5", "0"), quantity=Decimal(25)), sold("package", package_size=Decimal(10)),
         "3 × 0.50 = 1.50 USD", "3 packages of 10 at 0.50 USD each"),
        (priced(1115, (None, "550", "0.013", "0"), (None, "2", "2", "0"), quantity=Decimal(800)),
         sold("percentage", percentage=Decimal("1.3")),
         "550 × 0.013 + 2 × 2.00 = 11.15 USD", "1.3 % of 550.00 USD plus 2.00 USD for each of 2 events"),
        (priced(83, (None, "25", "0.0333", "0"), quantity=Decimal(25)), sold("per_unit"),
         "25 × 0.0333 = 0.8325, rounded to 0.83 USD", "25 at 0.0333 USD each"),
        (priced(500, (None, "1", "1", "0")), sold("per_unit", minimum_amount=Decimal(5)),
         "1 × 1.00 = 1.00; at least 5.00 USD", "1 at 1.00 USD each, but at least the minimum of 5.00 USD"),
        (priced(400, (None, "9", "1", "0"), quantity=Decimal(9)), sold("per_unit", maximum_amount=Decimal(4)),
         "9 × 1.00 = 9.00; at most 4.00 USD", "9 at 1.00 USD each, but at most 4.00 USD"),
        (priced(8700, (None, "1", "29", "0"), times=3), sold("flat"),
         "1 × 29.00 = 29.00 USD; × 3 = 87.00 USD", "29.00 USD, 3 times"),
    ],
)  # fmt: skip
def test_every_model_is_told(line: NewLine, its: Sold, calculation: str, reason: str) -> None:
    story = told(line, its)
    assert story.calculation == calculation
    assert story.sentence.endswith(f": {reason}.")


def test_nothing_used_is_said_so() -> None:
    story = told(NewLine(
        description="Pro", quantity=Decimal(0), unit_amount=None, amount_minor=0, kind="usage",
        basis=Basis(price_id=PRICE, quantity=Decimal(0)),
    ), sold("per_unit"))  # fmt: skip
    assert (story.calculation, story.sentence) == (
        "0 = 0.00 USD", "You were charged 0.00 USD for 0 API calls (Pro): nothing was used.",
    )  # fmt: skip


def test_the_share_of_a_clipped_period_is_told_in_days() -> None:
    line = priced(-6667, (None, "1", "100", "0"), share=Fraction(2, 3), sign=-1, days=20)
    story = told(line, sold("flat"))
    assert story.calculation == (
        "1 × 100.00 = 100.00 USD; 20 of 30 days = 66.666666…, rounded to 66.67 USD; given back: -66.67 USD"
    )
    assert story.sentence == (
        "You were given back 66.67 USD for Pro from January 15 to February 4, 2026: 20 of 30 days of 100.00 USD."
    )


def test_days_that_the_interval_cannot_have_are_not_named() -> None:
    line = priced(6667, (None, "1", "100", "0"), share=Fraction(2, 3), days=30)
    assert "2/3 of the period" in told(line, sold("flat")).calculation


def test_a_share_of_seconds_is_told_as_a_percentage() -> None:
    line = priced(6673, (None, "1", "100", "0"), share=Fraction(123457, 185000), days=30)
    assert "66.73 % of the period = 66.733513…, rounded to 66.73 USD" in told(line, sold("flat")).calculation


def test_a_credit_says_that_no_more_was_paid() -> None:
    line = priced(-5000, (None, "1", "100", "0"), share=Fraction(2, 3), sign=-1, cap_minor=5000)
    story = told(line, sold("flat"))
    assert "; no more than 50.00 USD; given back: -50.00 USD" in story.calculation
    assert story.sentence.endswith("but no more than was paid for it.")


def test_an_item_of_its_own_is_so_many_at_so_much() -> None:
    line = NewLine(
        description="Consulting", quantity=Decimal("2.5"), unit_amount=Decimal(1000), amount_minor=250000,
        kind="one_off",
    )  # fmt: skip
    story = told(line, None)
    assert story.calculation == "2.5 × 1,000.00 = 2,500.00 USD"
    assert story.sentence == "You were charged 2,500.00 USD for 2.5 × Consulting: 2.5 at 1,000.00 USD each."


def test_an_amount_of_its_own_is_only_told() -> None:
    line = NewLine(description="Goodwill", quantity=Decimal(1), unit_amount=None, amount_minor=-300)
    assert told(line, None).sentence == "You were given back 3.00 USD for Goodwill."


def test_amounts_are_written_in_the_places_of_their_currency() -> None:
    yen = priced(1234, (None, "2", "617", "0"), quantity=Decimal(2))
    dinar = priced(1234, (None, "2", "0.617", "0"), quantity=Decimal(2))
    assert told(yen, sold("per_unit"), "JPY").calculation == "2 × 617 = 1,234 JPY"
    assert told(dinar, sold("per_unit"), "KWD").calculation == "2 × 0.617 = 1.234 KWD"


def test_what_has_not_happened_is_told_as_something_to_come() -> None:
    line = NewLine(description="Setup", quantity=Decimal(1), unit_amount=None, amount_minor=300)
    story = explaining.story(line, None, currency="USD", zone=UTC, is_final=False)
    assert story.sentence == "You will be charged 3.00 USD for Setup."


@given(
    st.decimals("0", "1000000", places=6), st.decimals("0", "10000", places=8), st.integers(1, 36),
    st.fractions(0, 1), st.sampled_from(["USD", "JPY", "KWD"]),
)  # fmt: skip
def test_the_computation_told_is_the_one_that_prices(
    quantity: Decimal, unit: Decimal, times: int, share: Fraction, currency: str
) -> None:
    line = priced(0, (None, f"{quantity:f}", f"{unit:f}", "0"), quantity=quantity, times=times, share=share)
    done = explaining.work(line, sold("per_unit"), currency)
    assert done is not None
    scale = {"USD": 100, "JPY": 1, "KWD": 1000}[currency]
    rated = round_half_up(Fraction(quantity) * Fraction(unit) * scale)
    assert (done.rated_minor, done.amount_minor) == (rated, round_half_up(rated * times * share))


def document(**known: Any) -> DocumentStory:
    """An invoice of 100.00 in two lines, unless told otherwise."""
    fields: dict[str, Any] = {
        "state": "open", "currency": "USD", "is_inclusive": False, "subtotal_minor": 10000, "discount_minor": 0,
        "tax_minor": 0, "total_minor": 10000, "credit_applied_minor": 0, "wallet_applied_minor": 0, "due_minor": 10000,
        "lines": ("One.", "Two."),
    }  # fmt: skip
    return DocumentStory(**fields | known)


def test_an_invoice_is_told_in_the_order_in_which_it_is_worked_out() -> None:
    story = document(
        discount_minor=1000, tax_minor=653, total_minor=9653, wallet_applied_minor=500, due_minor=0, state="paid",
        discounts=(DiscountStory(description="Launch", amount_minor=1000, left_minor=9000, is_scoped=False),),
        taxes=(TaxStory(
            code="ca", name="Sales tax", country="US", percentage=Decimal("7.250000"), base_minor=9000, tax_minor=653,
            is_reverse_charge=False,
        ),),
        moved=(
            Moved(kind="wallet", id="lot_1", name="given as Welcome", amount_minor=500, at=AT),
            Moved(kind="payment", id="pay_1", name="", amount_minor=9153, at=AT),
            Moved(kind="credit_note", id="crn_1", name="CN-1", amount_minor=2000, at=AT,
                  parts=(("due", 0), ("refund", 1500), ("wallet", 500), ("out_of_band", 0))),
        ),
    )  # fmt: skip
    assert explaining.sentences(story, UTC) == (
        "One.",
        "Two.",
        "Together that was 100.00 USD.",
        "The coupon Launch took 10.00 USD off, which left 90.00 USD.",
        "Sales tax of 7.25 % on 90.00 USD is 6.53 USD.",
        "The invoice comes to 96.53 USD.",
        "5.00 USD of it was paid from your wallet: 5.00 USD given as Welcome.",
        "91.53 USD was paid on January 15, 2026.",
        "The credit note CN-1 of January 15, 2026 took 20.00 USD back: 15.00 USD refunded and 5.00 USD into your "
        "wallet.",
        "Nothing is due any more.",
    )


@pytest.mark.parametrize(
    ("known", "last"),
    [
        ({"due_at": AT}, "100.00 USD is due by January 15, 2026."),
        ({"state": "draft"}, "This is a draft and can still change."),
        ({"state": "quote"}, "You would have to pay 100.00 USD."),
        ({"state": "void", "due_minor": 0}, "The invoice was taken back; nothing is due."),
        ({"state": "uncollectible"}, "100.00 USD was never paid and has been given up."),
    ],
)
def test_the_last_sentence_says_how_it_stands(known: dict[str, Any], last: str) -> None:
    assert explaining.sentences(document(**known), UTC)[-1] == last


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        ({"is_inclusive": True}, "Of 12.00 USD, 2.00 USD is VAT (20 %), which the prices include."),
        ({}, "VAT of 20 % on 12.00 USD is 2.00 USD."),
    ],
)
def test_taxes_inside_and_on_top_are_told_apart(known: dict[str, Any], sentence: str) -> None:
    tax = TaxStory(
        code="vat", name="VAT", country="DE", percentage=Decimal(20), base_minor=1200, tax_minor=200,
        is_reverse_charge=False,
    )  # fmt: skip
    assert sentence in explaining.sentences(document(taxes=(tax,), **known), UTC)


def test_the_reverse_charge_is_told() -> None:
    tax = TaxStory(
        code="vat", name="VAT", country="DE", percentage=Decimal(0), base_minor=1200, tax_minor=0,
        is_reverse_charge=True,
    )  # fmt: skip
    said = explaining.sentences(document(taxes=(tax,)), UTC)
    assert "No tax is charged on 12.00 USD (VAT): you account for it yourself." in said
