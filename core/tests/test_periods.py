"""Periods: anchors, alignment, zones."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from core.conformance import Case
from core.periods import (
    Alignment,
    AnchorTooFar,
    Cycle,
    Interval,
    InvalidInterval,
    Period,
    UnknownTimezone,
    calendar_anchor,
    local_date,
)
from tests.conformance import cases, check

INSTANTS = st.datetimes(
    min_value=datetime.fromisoformat("1985-01-01"),
    max_value=datetime.fromisoformat("2060-01-01"),
    timezones=st.just(UTC),
)
ZONES = st.sampled_from(sorted(available_timezones()))


@st.composite
def cycles(draw: st.DrawFn) -> Cycle:
    common: dict[str, Any] = {
        "interval": draw(st.sampled_from(Interval)),
        "interval_count": draw(st.integers(1, 36)),
        "timezone": draw(ZONES),
    }
    if draw(st.booleans()):
        return Cycle.calendar(starts_at=draw(INSTANTS), **common)
    return Cycle(anchor=draw(INSTANTS), **common)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("case", cases("period"))
def test_boundaries_follow_the_original_anchor(case: Case) -> None:
    check("period", case)


@generated(cycle=cycles(), n=st.integers(-30, 60))
def test_boundaries_never_go_back(cycle: Cycle, n: int) -> None:
    assert cycle.boundary(n) <= cycle.boundary(n + 1)


@generated(cycle=cycles(), at=INSTANTS)
def test_the_period_of_a_moment_contains_it(cycle: Cycle, at: datetime) -> None:
    period = cycle.period_of(at)
    assert at in period
    assert period.length > timedelta()


@generated(cycle=cycles(), at=INSTANTS)
def test_consecutive_periods_touch(cycle: Cycle, at: datetime) -> None:
    period = cycle.period_of(at)
    assert cycle.period_of(period.ends_at).starts_at == period.ends_at
    assert cycle.period_of(period.ends_at - timedelta.resolution) == period


@generated(cycle=cycles(), n=st.integers(1, 24))
def test_a_boundary_does_not_depend_on_the_path(cycle: Cycle, n: int) -> None:
    assert set(cycle.boundaries(cycle.anchor, n)) <= {cycle.boundary(step) for step in range(2 * n + 2)}


@generated(cycle=cycles(), at=INSTANTS, timezone=ZONES)
def test_a_changed_zone_leaves_no_hole_and_no_overlap(cycle: Cycle, at: datetime, timezone: str) -> None:
    before, moved = cycle.period_of(at), cycle.moved_to(timezone)
    crossing = cycle.period_after_move(before.ends_at, timezone)
    assert crossing.starts_at == before.ends_at
    assert moved.period_of(crossing.ends_at).starts_at == crossing.ends_at


@generated(starts_at=INSTANTS, interval=st.sampled_from(Interval), timezone=ZONES)
def test_a_calendar_anchor_is_the_next_start_of_a_unit(starts_at: datetime, interval: Interval, timezone: str) -> None:
    anchor = calendar_anchor(starts_at, interval, timezone)
    assert starts_at <= anchor <= starts_at + timedelta(days=368)
    assert calendar_anchor(anchor, interval, timezone) == anchor


def test_a_zone_further_west_gets_no_period_of_hours() -> None:
    cycle = Cycle(anchor=_at("2024-02-01T05:00:00Z"), interval=Interval.MONTH, timezone="America/New_York")
    crossing = cycle.period_after_move(_at("2024-03-01T05:00:00Z"), "Pacific/Honolulu")
    assert crossing.ends_at == _at("2024-04-01T10:00:00Z")


def test_days_that_are_over_in_the_new_zone_are_not_billed_twice() -> None:
    cycle = Cycle(anchor=_at("2024-02-01T11:00:00Z"), interval=Interval.DAY, timezone="Pacific/Pago_Pago")
    crossing = cycle.period_after_move(_at("2024-02-03T11:00:00Z"), "Pacific/Kiritimati")
    assert crossing == Period(_at("2024-02-03T11:00:00Z"), _at("2024-02-04T10:00:00Z"))


def test_a_day_that_a_zone_skipped_is_no_period() -> None:
    cycle = Cycle(anchor=_at("2011-12-29T10:00:00Z"), interval=Interval.DAY, timezone="Pacific/Apia")
    listed = cycle.boundaries(_at("2011-12-29T10:00:00Z"), 2)
    assert listed == [_at("2011-12-29T10:00:00Z"), _at("2011-12-30T10:00:00Z"), _at("2011-12-31T10:00:00Z")]


def test_a_skipped_midnight_does_not_move_the_others() -> None:
    cycle = Cycle.calendar(starts_at=_at("2018-11-03T12:00:00Z"), interval=Interval.DAY, timezone="America/Sao_Paulo")
    assert cycle.anchor == _at("2018-11-04T03:00:00Z")
    assert cycle.boundary(1) == _at("2018-11-05T02:00:00Z")


def test_the_second_of_two_equal_local_times_can_be_an_anchor() -> None:
    cycle = Cycle(anchor=_at("2026-10-25T01:30:00Z"), interval=Interval.MONTH, timezone="Europe/Berlin")
    assert cycle.period_of(cycle.anchor) == Period(_at("2026-10-25T01:30:00Z"), _at("2026-11-25T01:30:00Z"))


def test_calendar_quarters_by_two_start_at_the_next_quarter() -> None:
    start = _at("2024-02-15T00:00:00Z")
    cycle = Cycle.calendar(starts_at=start, interval=Interval.QUARTER, interval_count=2)
    listed = cycle.boundaries(start, 2)
    assert [instant.date() for instant in listed] == [date(2024, 2, 15), date(2024, 4, 1), date(2024, 10, 1)]
    assert cycle.alignment is Alignment.CALENDAR


def test_an_anchor_more_than_one_period_ahead_is_refused() -> None:
    start = _at("2024-04-01T00:00:00Z")
    last = Cycle(anchor=_at("2024-05-01T00:00:00Z"), interval=Interval.MONTH)
    assert last.first_period(start) == Period(start, last.anchor)
    with pytest.raises(AnchorTooFar):
        Cycle(anchor=_at("2024-05-01T00:00:01Z"), interval=Interval.MONTH).first_period(start)


@pytest.mark.parametrize("name", ["Mars/Phobos", "", "../../etc/passwd", "europe/berlin", "UTC+1", "x" * 5000])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimezone):
        Cycle(anchor=_at("2024-01-01T00:00:00Z"), interval=Interval.MONTH, timezone=name)


@pytest.mark.parametrize("count", [0, -1, 37])
def test_an_interval_count_outside_1_to_36_is_refused(count: int) -> None:
    with pytest.raises(InvalidInterval):
        Cycle(anchor=_at("2024-01-01T00:00:00Z"), interval=Interval.MONTH, interval_count=count)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        Cycle(anchor=datetime.fromisoformat("2024-01-01"), interval=Interval.MONTH)


def test_a_period_ends_after_it_starts() -> None:
    at = _at("2024-01-01T00:00:00Z")
    with pytest.raises(ValueError, match="ends"):
        Period(at, at)
    assert at + timedelta(days=1) not in Period(at, at + timedelta(days=1))


def test_the_local_date_is_the_customers() -> None:
    assert local_date(_at("2024-03-16T03:00:00Z"), "America/New_York") == date(2024, 3, 15)
