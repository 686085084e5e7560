"""What a change inside a paid period charges and gives back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import Model, Price
from catalog.selectors import PriceTerms
from core import ids
from core.money import round_half_up
from core.periods import Period
from subscriptions.changes import Change, Charged, Destination, change
from subscriptions.lines import Item, Span
from subscriptions.proration import Basis, Behavior

JUNE = Period(datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
WHOLE = Span(whole=JUNE, starts_at=JUNE.starts_at)
HALF = datetime(2025, 6, 16, tzinfo=UTC)


def item(amount: str, *, code: str = "", billed: str = "advance", kind: str = "fixed", quantity: int = 1) -> Item:
    terms = PriceTerms(
        price_id=ids.new(), public_id=code or f"prc_{ids.new()}", name="Seats", currency="USD", kind=kind,
        billed=billed, interval="month", interval_count=1, meter_id=None,
        price=Price(model=Model.PER_UNIT, currency="USD", unit_amount=Decimal(amount)),
    )  # fmt: skip
    return Item(terms=terms, quantity=Decimal(quantity), description="Seats")


def paid(one: Item, *, credited: int = 0) -> dict[str, Charged]:
    """The item was charged for the whole period."""
    amount = one.amount_minor
    return {one.terms.public_id: Charged(billed_minor=amount, paid_minor=amount, credited_minor=credited)}


def changed(before: Sequence[Item], after: Sequence[Item], **known: Any) -> Change:
    fields: dict[str, Any] = {
        "charged": {}, "span": WHOLE, "at": HALF, "behavior": Behavior.INVOICE_NOW,
    }  # fmt: skip
    return change(before, after, **fields | known)


def amounts(worked_out: Change) -> list[int]:
    return [line.amount_minor for line in worked_out.lines]


@pytest.mark.parametrize(
    ("old", "new", "at", "lines"),
    [
        ("10", "20", HALF, [-500, 1000]),
        ("5", "20", JUNE.starts_at + timedelta(days=1), [-483, 1933]),
        ("100", "300", datetime(2025, 6, 11, tzinfo=UTC), [-6667, 20000]),
    ],
)
def test_the_rest_of_the_old_is_credited_and_the_rest_of_the_new_charged(
    old: str, new: str, at: datetime, lines: list[int]
) -> None:
    before = item(old)
    assert amounts(changed([before], [item(new)], charged=paid(before), at=at)) == lines


def test_days_are_counted_where_the_plan_says_so() -> None:
    before, span = item("50"), Span(whole=JUNE, starts_at=JUNE.starts_at, clock=Basis.DAY)
    tenth = datetime(2025, 6, 11, 15, tzinfo=UTC)
    assert amounts(changed([before], [item("100")], charged=paid(before), span=span, at=tenth)) == [-3333, 6667]


@pytest.mark.parametrize(
    ("behavior", "destination", "lines"),
    [
        (Behavior.NONE, Destination.NOWHERE, []),
        (Behavior.NEXT_INVOICE, Destination.PENDING, [-500, 1000]),
        (Behavior.INVOICE_NOW, Destination.INVOICE, [-500, 1000]),
        (Behavior.FULL_CHARGE_RESET_ANCHOR, Destination.NEW_ANCHOR, [-500, 2000]),
    ],
)
def test_the_behavior_says_what_and_where(behavior: Behavior, destination: Destination, lines: list[int]) -> None:
    before, next_period = item("10"), Period(HALF, HALF + timedelta(days=30))
    worked_out = changed([before], [item("20")], charged=paid(before), behavior=behavior, next_period=next_period)
    assert (worked_out.destination, amounts(worked_out)) == (destination, lines)


def test_what_stays_is_left_alone_unless_the_anchor_moves() -> None:
    stays, goes = item("10"), item("4")
    charged = paid(stays) | paid(goes)
    assert amounts(changed([stays, goes], [stays], charged=charged)) == [-200]
    again = changed(
        [stays, goes], [stays], charged=charged, behavior=Behavior.FULL_CHARGE_RESET_ANCHOR,
        next_period=Period(HALF, HALF + timedelta(days=30)),
    )  # fmt: skip
    assert amounts(again) == [-500, -200, 1000]


def test_another_quantity_is_another_line() -> None:
    before = item("10", quantity=2)
    after = Item(terms=before.terms, quantity=Decimal(3), description="Seats")
    assert amounts(changed([before], [after], charged=paid(before))) == [-1000, 1500]


def test_only_what_is_charged_in_advance_can_be_charged_for_a_rest() -> None:
    later, usage = item("10", billed="arrears"), item("1", billed="arrears", kind="usage")
    assert amounts(changed([later, usage], [item("3", billed="arrears")])) == []


def test_a_credit_is_at_most_what_was_paid_less_what_was_credited() -> None:
    before = item("10")
    assert amounts(changed([before], [], charged=paid(before, credited=700))) == [-300]
    assert amounts(changed([before], [], charged=paid(before, credited=1000))) == []
    assert amounts(changed([before], [])) == []


def test_a_credit_gives_back_a_share_of_what_was_left_after_the_discount() -> None:
    before = item("20")
    half_price = {before.terms.public_id: Charged(billed_minor=2000, paid_minor=1000)}
    (line,) = changed([before], [], charged=half_price).lines
    assert line.amount_minor == -500
    assert line.basis is not None
    assert (line.basis.sign, line.basis.share, line.basis.cap_minor) == (-1, Fraction(1, 4), 1000)


def test_the_length_is_the_true_one_also_of_a_short_first_period() -> None:
    """From the 11th: 20 of 30 days were charged; on the 16th 15 of them are left."""
    before, span = item("30"), Span(whole=JUNE, starts_at=datetime(2025, 6, 11, tzinfo=UTC))
    charged = {before.terms.public_id: Charged(billed_minor=2000, paid_minor=2000)}
    assert amounts(changed([before], [item("60")], charged=charged, span=span)) == [-1500, 3000]


def test_a_new_anchor_needs_its_period() -> None:
    with pytest.raises(ValueError, match="period"):
        changed([], [item("10")], behavior=Behavior.FULL_CHARGE_RESET_ANCHOR)


prices = st.integers(min_value=0, max_value=10**7).map(lambda minor: f"{Decimal(minor) / 100}")
moments = st.integers(min_value=0, max_value=int(JUNE.length.total_seconds())).map(
    lambda seconds: JUNE.starts_at + timedelta(seconds=seconds)
)
shares = st.fractions(min_value=0, max_value=1, max_denominator=100)


class Account:
    """What was charged so far, as billing would answer."""

    def __init__(self, discount: Fraction) -> None:
        self.discount, self.sums, self.net = discount, dict[str, Charged](), 0

    def book(self, price: str | None, amount: int) -> None:
        known = self.sums.get(price or "", Charged())
        taken = round_half_up(amount * self.discount) if amount > 0 else 0
        self.net += amount - taken
        self.sums[price or ""] = Charged(
            billed_minor=known.billed_minor + max(amount, 0),
            paid_minor=known.paid_minor + (amount - taken if amount > 0 else 0),
            credited_minor=known.credited_minor + max(-amount, 0),
        )

    def change(self, before: Item, after: Item, at: datetime, basis: Basis) -> None:
        span = Span(whole=JUNE, starts_at=JUNE.starts_at, clock=basis)
        for line in changed([before], [after], charged=self.sums, at=at, span=span).lines:
            self.book(line.price, line.amount_minor)


@given(one=prices, other=prices, at=moments, times=st.integers(1, 4), basis=st.sampled_from(Basis))
def test_there_and_back_at_one_instant_costs_nothing_and_leaves_no_credit(
    one: str, other: str, at: datetime, times: int, basis: Basis
) -> None:
    account, a, b = Account(Fraction(0)), item(one), item(other)
    account.book(a.terms.public_id, a.amount_minor)
    for _ in range(times):
        account.change(a, b, at, basis)
        account.change(b, a, at, basis)
    assert account.net == a.amount_minor


@given(
    first=prices, steps=st.lists(st.tuples(prices, moments), min_size=1, max_size=6), discount=shares,
    basis=st.sampled_from(Basis),
)  # fmt: skip
def test_no_chain_of_changes_gives_back_more_than_was_paid(
    first: str, steps: list[tuple[str, datetime]], discount: Fraction, basis: Basis
) -> None:
    account, held = Account(discount), item(first)
    account.book(held.terms.public_id, held.amount_minor)
    for amount, at in sorted(steps, key=lambda step: step[1]):
        following = item(amount)
        account.change(held, following, at, basis)
        held = following
    assert account.net >= 0
    for sums in account.sums.values():
        assert sums.credited_minor <= sums.paid_minor


@given(old=prices, new=prices, at=moments, basis=st.sampled_from(Basis))
def test_each_line_is_rounded_once(old: str, new: str, at: datetime, basis: Basis) -> None:
    before, after = item(old), item(new)
    span = Span(whole=JUNE, starts_at=JUNE.starts_at, clock=basis)
    lines = changed([before], [after], charged=paid(before), at=at, span=span).lines
    left = span.left_at(at)
    expected = [-round_half_up(before.amount_minor * left), round_half_up(after.amount_minor * left)]
    assert [line.amount_minor for line in lines] == [one for one in expected if one]
