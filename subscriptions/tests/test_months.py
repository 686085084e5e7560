"""Calendar months: asked for, counted, and refused where they make no sense."""

from datetime import UTC, date, datetime

import pytest

from subscriptions.months import MOST, Months, MonthsInvalid, month_after

NOW = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)


def test_the_last_twelve_months_are_usual() -> None:
    months = list(Months.asked(None, None, now=NOW))
    assert (months[0], months[-1], len(months)) == (date(2025, 4, 1), date(2026, 3, 1), 12)


def test_a_range_holds_its_first_and_its_last_month() -> None:
    months = Months.asked("2025-12", "2026-02", now=NOW)
    assert list(months) == [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    assert (months.starts_at, months.ends_at) == (datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))


def test_one_end_is_enough() -> None:
    assert Months.asked("2026-01", None, now=NOW) == Months(first=date(2026, 1, 1), last=date(2026, 3, 1))
    assert Months.asked(None, "2025-02", now=NOW) == Months(first=date(2024, 3, 1), last=date(2025, 2, 1))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-1", None), ("2026-13", None), ("2026-00", None), ("0000-01", None), ("2026-01-01", None), ("", None),
        ("２０２６-01", None), ("2026-04", "2026-03"), ("2021-03", "2026-03"), ("2026-01 ", None), (None, "0001-05"),
    ],
)  # fmt: skip
def test_what_is_no_range_of_months_is_refused(first: str | None, last: str | None) -> None:
    with pytest.raises(MonthsInvalid):
        Months.asked(first, last, now=NOW)


def test_the_longest_range_is_five_years() -> None:
    assert len(list(Months.asked("2021-04", "2026-03", now=NOW))) == MOST


def test_months_are_counted_over_years() -> None:
    assert month_after(date(2026, 1, 1), -1) == date(2025, 12, 1)
    assert month_after(date(2025, 12, 1), 14) == date(2027, 2, 1)
    with pytest.raises(MonthsInvalid):
        month_after(date(9998, 12, 1), 13)
