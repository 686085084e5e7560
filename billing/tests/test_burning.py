"""Which lots pay."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from billing.burning import Burn, Lot, burn
from core.conformance import Case
from tests.conformance import cases, check

AT = datetime(2025, 6, 1, tzinfo=UTC)
# Few of each, so that lots are often equal in all but the last of what orders them.
MOMENTS = st.sampled_from([AT + timedelta(days=days) for days in (-2, -1, 0, 1, 2)])
AMOUNTS = st.integers(0, 10**12)
LOTS = st.lists(
    st.builds(
        Lot,
        id=st.sampled_from("abcdefgh"),
        amount_minor=AMOUNTS,
        effective_at=MOMENTS,
        priority=st.integers(1, 2),
        expires_at=st.none() | MOMENTS,
        is_promotional=st.booleans(),
    ),
    unique_by=lambda lot: lot.id,
)


@pytest.mark.parametrize("case", cases("wallet"))
def test_a_burn(case: Case) -> None:
    check("wallet", case)


@generated(lots=LOTS, amount=AMOUNTS)
def test_lots_pay_what_they_have_and_no_more(lots: list[Lot], amount: int) -> None:
    found = burn(lots, amount, at=AT)
    usable = sum(lot.amount_minor for lot in lots if lot.is_usable(AT))
    assert sum(minor for _, minor in found.funded) == min(amount, usable)
    assert found.shortfall_minor == max(0, amount - usable)
    assert all(left >= 0 for left in found.left.values())


@generated(lots=LOTS, amount=AMOUNTS)
def test_what_a_lot_paid_is_what_it_no_longer_has(lots: list[Lot], amount: int) -> None:
    found = burn(lots, amount, at=AT)
    paid = dict(found.funded)
    assert all(minor > 0 for minor in paid.values())
    assert found.left == {lot.id: lot.amount_minor - paid.get(lot.id, 0) for lot in lots}
    assert not paid.keys() & {lot.id for lot in lots if not lot.is_usable(AT)}


@generated(lots=LOTS, amount=AMOUNTS, data=st.data())
def test_the_order_in_which_lots_are_given_does_not_matter(lots: list[Lot], amount: int, data: st.DataObject) -> None:
    assert burn(data.draw(st.permutations(lots)), amount, at=AT) == burn(lots, amount, at=AT)


@generated(lots=LOTS, first=AMOUNTS, second=AMOUNTS)
def test_two_burns_in_a_row_take_what_one_takes(lots: list[Lot], first: int, second: int) -> None:
    once = burn(lots, first + second, at=AT)
    before = burn(lots, first, at=AT)
    after = burn([_with_left(lot, before.left[lot.id]) for lot in lots], second, at=AT)
    assert after.left == once.left
    assert before.shortfall_minor + after.shortfall_minor == once.shortfall_minor


@generated(lots=LOTS, amount=AMOUNTS)
def test_a_later_lot_pays_only_when_the_earlier_are_empty(lots: list[Lot], amount: int) -> None:
    found = burn(lots, amount, at=AT)
    assert all(found.left[name] == 0 for name, _ in found.funded[:-1])


def test_lots_pay_in_this_order() -> None:
    soon, later = AT + timedelta(days=1), AT + timedelta(days=2)
    early, late = AT - timedelta(days=2), AT - timedelta(days=1)
    lots = [
        Lot(id="1", amount_minor=1, effective_at=late, priority=1),
        Lot(id="2", amount_minor=1, effective_at=late, priority=2, expires_at=soon),
        Lot(id="3", amount_minor=1, effective_at=early, priority=2, expires_at=later),
        Lot(id="4", amount_minor=1, effective_at=late, priority=2, is_promotional=True),
        Lot(id="5", amount_minor=1, effective_at=early, priority=2),
        Lot(id="6", amount_minor=1, effective_at=late, priority=2),
        Lot(id="7", amount_minor=1, effective_at=late, priority=2),
    ]
    assert [name for name, _ in burn(lots[::-1], 7, at=AT).funded] == ["1", "2", "3", "4", "5", "6", "7"]


def test_nothing_negative_is_burned() -> None:
    lot = Lot(id="a", amount_minor=1, effective_at=AT)
    with pytest.raises(ValueError, match="negative"):
        burn([lot], -1, at=AT)
    with pytest.raises(ValueError, match="negative"):
        burn([_with_left(lot, -1)], 1, at=AT)
    with pytest.raises(ValueError, match="distinct"):
        burn([lot, lot], 1, at=AT)
    assert burn([lot], 1, at=AT) == Burn(funded=(("a", 1),), left={"a": 0}, shortfall_minor=0)


def _with_left(lot: Lot, amount_minor: int) -> Lot:
    return replace(lot, amount_minor=amount_minor)
