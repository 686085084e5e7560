"""Proration."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from core.conformance import Case
from core.periods import Period
from subscriptions.proration import Basis, prorate, remaining_share
from tests.conformance import cases, check

AMOUNTS = st.integers(0, 10**12)
JUNE = Period(datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
MOMENTS = st.datetimes(
    datetime.fromisoformat("2025-06-01"), datetime.fromisoformat("2025-07-01"), timezones=st.just(UTC)
)
BASES = st.sampled_from(Basis)


@pytest.mark.parametrize("case", cases("proration"))
def test_a_change_inside_a_paid_period(case: Case) -> None:
    check("proration", case)


@generated(first=AMOUNTS, second=AMOUNTS, at=MOMENTS, basis=BASES)
def test_there_and_back_at_one_instant_nets_to_zero(first: int, second: int, at: datetime, basis: Basis) -> None:
    there = prorate(old_minor=first, new_minor=second, period=JUNE, at=at, basis=basis)
    back = prorate(old_minor=second, new_minor=first, period=JUNE, at=at, basis=basis, paid_minor=there.charge_minor)
    assert there.net_minor + back.net_minor == 0
    assert there.charge_minor + back.credit_minor == 0


@generated(old=AMOUNTS, paid=AMOUNTS, credited=AMOUNTS, at=MOMENTS, basis=BASES)
def test_a_credit_never_exceeds_what_was_paid_and_not_yet_credited(
    old: int, paid: int, credited: int, at: datetime, basis: Basis
) -> None:
    found = prorate(
        old_minor=old, new_minor=0, period=JUNE, at=at, basis=basis, paid_minor=paid, credited_minor=credited
    )
    assert 0 <= -found.credit_minor <= max(0, paid - credited)
    assert found.charge_minor == 0


@generated(new=AMOUNTS, first=MOMENTS, second=MOMENTS, basis=BASES)
def test_a_later_change_never_costs_more(new: int, first: datetime, second: datetime, basis: Basis) -> None:
    early, late = (
        prorate(old_minor=0, new_minor=new, period=JUNE, at=at, basis=basis) for at in sorted((first, second))
    )
    assert 0 <= late.charge_minor <= early.charge_minor <= new


def test_at_the_end_nothing_is_left() -> None:
    for basis in Basis:
        found = prorate(old_minor=1000, new_minor=2000, period=JUNE, at=JUNE.ends_at, basis=basis)
        assert (found.credit_minor, found.charge_minor) == (0, 0)


def test_a_period_inside_one_date_is_divided_by_time() -> None:
    start = datetime(2025, 6, 1, 8, tzinfo=UTC)
    hours = Period(start, start + timedelta(hours=4))
    assert remaining_share(hours, start + timedelta(hours=1), Basis.DAY, "UTC") == Fraction(3, 4)


@pytest.mark.parametrize("at", [JUNE.starts_at - timedelta.resolution, JUNE.ends_at + timedelta.resolution])
def test_a_moment_outside_the_period_is_refused(at: datetime) -> None:
    with pytest.raises(ValueError, match="outside"):
        prorate(old_minor=1, new_minor=1, period=JUNE, at=at)


@pytest.mark.parametrize("name", ["old_minor", "new_minor", "credited_minor", "paid_minor"])
def test_a_negative_amount_is_refused(name: str) -> None:
    amounts: dict[str, Any] = {"old_minor": 1, "new_minor": 1, name: -1}
    with pytest.raises(ValueError, match="negative"):
        prorate(period=JUNE, at=JUNE.starts_at, **amounts)
