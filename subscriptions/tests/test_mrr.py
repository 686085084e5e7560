"""What a month of an agreement is worth, and what a change of that means."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conformance import Case
from core.periods import Interval
from subscriptions import mrr, states
from subscriptions.mrr import Movement, Part, Reduction
from tests.conformance import cases, check

INTERVALS = [one.value for one in Interval]
amounts = st.decimals(min_value=0, max_value=10**12, places=mrr.PLACES)
signed = st.decimals(min_value=-(10**12), max_value=10**12, places=mrr.PLACES)


def worth(*parts: Part, coupons: tuple[Reduction, ...] = (), **how: Any) -> Fraction:
    return mrr.value(parts, coupons, **{"status": "active", "interval": "month", "interval_count": 1} | how)


def part(minor: int, **whose: Any) -> Part:
    return Part(amount_minor=Fraction(minor), **whose)


@pytest.mark.parametrize("case", cases("mrr"))
def test_conformance(case: Case) -> None:
    check("mrr", case)


@pytest.mark.parametrize(
    ("interval", "count", "expected"),
    [
        ("day", 1, Fraction(365 * 1200, 12)), ("day", 30, Fraction(365 * 1200, 12 * 30)), ("week", 1, 5200),
        ("month", 1, 1200), ("month", 36, Fraction(1200, 36)), ("quarter", 1, 400), ("half_year", 1, 200),
        ("year", 1, 100), ("year", 3, Fraction(100, 3)),
    ],
)  # fmt: skip
def test_each_interval_is_normalized_to_a_month(interval: str, count: int, expected: Fraction) -> None:
    assert worth(part(1200), interval=interval, interval_count=count) == expected


@pytest.mark.parametrize("status", states.STATES)
def test_only_what_runs_is_worth_something(status: str) -> None:
    assert worth(part(1000), status=status) == (1000 if status in ("active", "past_due") else 0)


def test_coupons_follow_each_other_those_for_lines_first() -> None:
    # 80.00 of the plan at 25 % is 60.00; with 20.00 beside it 80.00; 10.00 off is 70.00, and half of it is 35.00.
    held = (
        Reduction(amount_minor=1000), Reduction(percent=Decimal(50)),
        Reduction(percent=Decimal(25), plans=frozenset({"pln_1"})),
    )  # fmt: skip
    assert worth(part(8000, plan="pln_1", price="prc_1"), part(2000, price="prc_2"), coupons=held) == 3500


def test_a_coupon_for_a_price_reduces_that_price_alone() -> None:
    held = (Reduction(amount_minor=500, prices=frozenset({"prc_2"})),)
    assert worth(part(8000, plan="pln_1", price="prc_1"), part(2000, price="prc_2"), coupons=held) == 9500


def test_a_coupon_never_takes_more_than_there_is() -> None:
    assert worth(part(300), part(200), coupons=(Reduction(amount_minor=501),)) == 0
    assert worth(coupons=(Reduction(amount_minor=501),)) == 0


def test_a_yearly_amount_is_reduced_before_it_is_normalized() -> None:
    assert worth(part(12000), coupons=(Reduction(amount_minor=2400),), interval="year") == 800


@pytest.mark.parametrize(
    ("before", "after", "others", "is_known", "expected"),
    [
        (0, 100, 0, False, Movement.NEW),
        (0, 100, 0, True, Movement.REACTIVATION),
        (0, 100, 50, True, Movement.EXPANSION),
        (100, 150, 0, True, Movement.EXPANSION),
        (150, 100, 0, True, Movement.CONTRACTION),
        (100, 0, 0, True, Movement.CHURN),
        (100, 0, 50, True, Movement.CONTRACTION),
    ],
)
def test_a_change_is_what_it_is_to_the_customer(
    before: int, after: int, others: int, is_known: bool, expected: Movement
) -> None:
    how = {"before": Decimal(before), "after": Decimal(after), "others": Decimal(others)}
    assert mrr.movement(**how, is_known=is_known) == expected


def test_what_is_worth_the_same_has_not_moved() -> None:
    with pytest.raises(ValueError, match="not moved"):
        mrr.movement(before=Decimal(5), after=Decimal("5.0"), others=Decimal(0), is_known=True)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.sampled_from(INTERVALS), st.integers(1, 36)), max_size=40))
def test_stored_values_sum_to_what_exact_ones_sum_to(given_rows: list[tuple[int, str, int]]) -> None:
    exact = [mrr.monthly(minor, interval, count) for minor, interval, count in given_rows]
    assert mrr.shown(sum((Fraction(mrr.kept(one)) for one in exact), Fraction())) == mrr.shown(sum(exact, Fraction()))


@pytest.mark.parametrize(("share", "whole"), [(Fraction(1, 6), 1), (Fraction(5, 6), 3), (Fraction(-5, 6), -3)])
def test_three_kept_parts_are_a_half_where_they_make_one(share: Fraction, whole: int) -> None:
    assert mrr.shown(sum((Fraction(mrr.kept(share)) for _ in range(3)), Fraction())) == whole


@given(amounts, st.lists(signed, max_size=6))
def test_shown_parts_always_lead_from_the_start_to_the_end(start: Decimal, changes: list[Decimal]) -> None:
    first, parts, last = mrr.shown_parts(start, changes)
    assert (first + sum(parts), first) == (last, mrr.shown(start))
    assert last == mrr.shown(Fraction(start) + sum((Fraction(one) for one in changes), Fraction()))
    assert all(abs(shown - Fraction(exact)) < 1 for shown, exact in zip(parts, changes, strict=True))


@given(signed)
def test_a_stored_value_is_written_without_zeros_and_loses_nothing(amount: Decimal) -> None:
    text = mrr.plain(amount)
    assert Fraction(text) == Fraction(amount)
    assert "." not in text or not text.endswith("0")


@given(signed, signed)
def test_a_difference_is_exact(one: Decimal, other: Decimal) -> None:
    assert Fraction(mrr.difference(one, other)) == Fraction(one) - Fraction(other)
