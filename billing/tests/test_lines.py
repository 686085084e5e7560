"""Lines are written down and read back exactly; credits that nothing can bear wait, to the cent."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.lines import Basis, NewLine, from_content, postponed, to_content

AT = datetime(2026, 1, 1, tzinfo=UTC)
BASIS = Basis(
    price_id=UUID(int=7), quantity=Decimal("12.500000000001"), meter_id=UUID(int=8), starts_at=AT,
    ends_at=datetime(2026, 2, 1, tzinfo=UTC), measured_at=datetime(2026, 2, 1, 0, 0, 1, 5, tzinfo=UTC), events=41,
    times=3, share=Fraction(17, 31), sign=-1, cap_minor=999,
)  # fmt: skip


def line(amount_minor: int, **known: Any) -> NewLine:
    fields: dict[str, Any] = {
        "description": "Seats", "quantity": Decimal(2), "unit_amount": Decimal("1.25"), "amount_minor": amount_minor,
    }  # fmt: skip
    return NewLine(**fields | known)


@pytest.mark.parametrize(
    "written",
    [
        line(250),
        line(-17, unit_amount=None, price="prc_1", plan="pln_1", tax_code="reduced", kind="proration", basis=BASIS),
        line(0, period_starts_at=AT, period_ends_at=datetime(2026, 2, 1, tzinfo=UTC), steps=({"tier": 1},)),
        line(1, basis=Basis(price_id=UUID(int=1), quantity=Decimal("1E+3"))),
    ],
)
def test_a_line_is_read_back_as_it_was_written(written: NewLine) -> None:
    assert from_content(to_content(written)) == written


def test_the_last_credits_wait_first_and_one_may_be_divided() -> None:
    lines = [line(1000), line(-700, basis=BASIS), line(-600)]
    borne, waiting = postponed(lines, 800)
    assert [one.amount_minor for one in borne] == [1000, -500]
    assert [one.amount_minor for one in waiting] == [-200, -600]
    # A part of a credit is no longer what its basis comes to.
    assert borne[1].basis is None
    assert waiting[1] == lines[2]


@given(st.lists(st.integers(-5000, 5000), max_size=12), st.integers(0, 20_000))
def test_postponing_moves_exactly_what_was_asked_for_and_touches_no_charge(amounts: list[int], minor: int) -> None:
    lines = [line(amount) for amount in amounts]
    borne, waiting = postponed(lines, minor)
    owed = -sum(amount for amount in amounts if amount < 0)
    assert -sum(one.amount_minor for one in waiting) == min(minor, owed)
    assert sum(one.amount_minor for one in [*borne, *waiting]) == sum(amounts)
    assert [one for one in borne if one.amount_minor >= 0] == [one for one in lines if one.amount_minor >= 0]
    assert all(one.amount_minor < 0 for one in waiting)
