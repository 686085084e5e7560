"""Billing periods: half-open, stored in UTC, counted in the customer's zone from the original anchor.

Boundary n is the anchor plus n intervals in local time, clamped to the last day of the month. It is never the previous
boundary plus one interval, because that would drift: from a 31st to the 28th, and for ever.
"""

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Final, Self
from zoneinfo import ZoneInfo, available_timezones

from core import errors

MAX_INTERVAL_COUNT: Final = 36


class Interval(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


class Alignment(StrEnum):
    ANNIVERSARY = "anniversary"
    CALENDAR = "calendar"


_DAYS: Final = {Interval.DAY: 1, Interval.WEEK: 7}
_MONTHS: Final = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.HALF_YEAR: 6, Interval.YEAR: 12}


class UnknownTimezone(errors.Invalid):
    code = "unknown_timezone"
    title = "The timezone is not in the IANA database."


class InvalidInterval(errors.Invalid):
    code = "invalid_interval"
    title = f"An interval is counted from 1 to {MAX_INTERVAL_COUNT}."


class AnchorTooFar(errors.Invalid):
    code = "anchor_too_far"
    title = "The anchor is more than one period after the start."


@dataclass(frozen=True)
class Period:
    """The half-open span `[starts_at, ends_at)`; both are aware, `starts_at < ends_at`."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        """This function will refuse an empty or backward span with ValueError."""
        if not _utc(self.starts_at) < _utc(self.ends_at):
            raise ValueError("a period ends after it starts")

    def __contains__(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at

    @property
    def length(self) -> timedelta:
        """This function will answer the true length in elapsed time, also over a change of the clocks."""
        return _utc(self.ends_at) - _utc(self.starts_at)


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """The endless row of boundaries of one agreement.

    `anchor` is boundary 0 (aware); `interval_count` intervals make one period; `timezone` is the IANA zone in which
    days and months are counted. With calendar alignment every boundary is a local midnight and `anchor` must be one:
    see `calendar`.
    """

    anchor: datetime
    interval: Interval
    interval_count: int = 1
    timezone: str = "UTC"
    alignment: Alignment = Alignment.ANNIVERSARY

    def __post_init__(self) -> None:
        """This function will refuse what no calendar knows.

        :raises InvalidInterval: the count is below 1 or above 36.
        :raises UnknownTimezone: the zone is not in the IANA database.
        :raises ValueError: the anchor is naive, or the interval is none of `Interval`.
        """
        object.__setattr__(self, "interval", Interval(self.interval))
        object.__setattr__(self, "anchor", _utc(self.anchor))
        if not 1 <= self.interval_count <= MAX_INTERVAL_COUNT:
            raise InvalidInterval(interval_count=self.interval_count)
        zone(self.timezone)

    @classmethod
    def calendar(
        cls, *, starts_at: datetime, interval: Interval, interval_count: int = 1, timezone: str = "UTC"
    ) -> Self:
        """The cycle that begins with the next calendar unit.

        This function will anchor at the start of the next day, Monday, month, quarter, half-year or year after
        `starts_at`, or at `starts_at` itself when it is such a start. From there a period is `interval_count` units.

        :raises InvalidInterval, UnknownTimezone, ValueError: see `Cycle`.
        """
        anchor = calendar_anchor(starts_at, Interval(interval), timezone)
        return cls(
            anchor=anchor,
            interval=interval,
            interval_count=interval_count,
            timezone=timezone,
            alignment=Alignment.CALENDAR,
        )

    def boundary(self, n: int) -> datetime:
        """The start of period n. This function will answer a UTC instant; n may be negative.

        A local time that does not exist moves forward by the gap, one that exists twice is the first.
        """
        if n == 0:
            return self.anchor  # as given, also when it is the second of two equal local times
        return _to_utc(self._shifted(n * self.interval_count), self.timezone)

    def index(self, at: datetime) -> int:
        """The number of the period that contains a moment.

        This function will answer the largest n with `boundary(n) <= at`: a moment that is a boundary belongs to the
        period that it starts. `at` is aware, before or after the anchor.
        """
        at = _utc(at)
        n = self._estimate(at)
        while self.boundary(n) > at:
            n -= 1
        while self.boundary(n + 1) <= at:
            n += 1
        return n

    def period_of(self, at: datetime) -> Period:
        """The period that contains a moment. This function will answer it in UTC."""
        n = self.index(at)
        return Period(self.boundary(n), self.boundary(n + 1))

    def first_period(self, starts_at: datetime) -> Period:
        """The first period of an agreement that starts at `starts_at`.

        This function will answer the span from the start to the first boundary after it: a whole period when the start
        is a boundary, otherwise a short one.

        :raises AnchorTooFar: the anchor lies more than one period after the start.
        """
        starts_at = _utc(starts_at)
        if self.anchor > replace(self, anchor=starts_at, alignment=Alignment.ANNIVERSARY).boundary(1):
            raise AnchorTooFar(anchor=self.anchor.isoformat(), starts_at=starts_at.isoformat())
        return Period(starts_at, self.period_of(starts_at).ends_at)

    def boundaries(self, starts_at: datetime, count: int) -> list[datetime]:
        """The start and the ends of the next `count` periods. This function will answer `count + 1` rising instants.

        :raises AnchorTooFar: see `first_period`.
        """
        instants = [_utc(starts_at), self.first_period(starts_at).ends_at]
        while len(instants) <= count:
            instants.append(self.period_of(instants[-1]).ends_at)
        return instants[: count + 1]

    def moved_to(self, timezone: str) -> Self:
        """The same cycle in another zone. This function will keep the local date and clock of the anchor.

        :raises UnknownTimezone: the zone is not in the IANA database.
        """
        return replace(self, anchor=_to_utc(self._wall, timezone), timezone=timezone)

    def period_after_move(self, ends_at: datetime, timezone: str) -> Period:
        """The period in which a changed zone takes effect.

        `ends_at` is the end of the last period in the old zone. This function will answer the period that starts there,
        without hole or overlap, and ends at the boundary of the same number in the new zone; from then on the cycle
        `moved_to(timezone)` is the one to ask.

        :raises UnknownTimezone: the zone is not in the IANA database.
        """
        n, moved = self.index(ends_at) + 1, self.moved_to(timezone)
        while moved.boundary(n) <= _utc(ends_at):
            n += 1  # a day can be over in the new zone before it is over in the old one
        return Period(_utc(ends_at), moved.boundary(n))

    @cached_property
    def _wall(self) -> datetime:
        """The anchor's local date and clock, without a zone."""
        wall = self.anchor.astimezone(zone(self.timezone)).replace(tzinfo=None, fold=0)
        # A midnight that was skipped is an hour late in the anchor, but not on the other days.
        return datetime.combine(wall.date(), time()) if self.alignment is Alignment.CALENDAR else wall

    def _shifted(self, steps: int) -> datetime:
        if self.interval in _DAYS:
            return self._wall + timedelta(days=_DAYS[self.interval] * steps)
        months = self._wall.year * 12 + self._wall.month - 1 + _MONTHS[self.interval] * steps
        year, month = months // 12, months % 12 + 1
        return self._wall.replace(year=year, month=month, day=min(self._wall.day, monthrange(year, month)[1]))

    def _estimate(self, at: datetime) -> int:
        """A period at most a few away from the one that contains `at`."""
        local = at.astimezone(zone(self.timezone))
        if self.interval in _DAYS:
            return (local.date() - self._wall.date()).days // (_DAYS[self.interval] * self.interval_count)
        months = (local.year - self._wall.year) * 12 + local.month - self._wall.month
        return months // (_MONTHS[self.interval] * self.interval_count)


def calendar_anchor(starts_at: datetime, interval: Interval, timezone: str) -> datetime:
    """The first start of a calendar unit at or after a moment.

    This function will answer, in UTC, the local midnight of the day, Monday, first of the month, quarter, half-year or
    year that `starts_at` (aware) is or that comes next after it.

    :raises UnknownTimezone: the zone is not in the IANA database.
    """
    starts_at = _utc(starts_at)
    today = starts_at.astimezone(zone(timezone)).date()
    current = _to_utc(datetime.combine(_unit_start(today, interval), time()), timezone)
    if current >= starts_at:
        return current
    return _to_utc(datetime.combine(_next_unit(today, interval), time()), timezone)


def local_date(at: datetime, timezone: str) -> date:
    """The date on the customer's wall. This function will answer the date of an aware moment in an IANA zone.

    :raises UnknownTimezone: the zone is not in the IANA database.
    """
    return _utc(at).astimezone(zone(timezone)).date()


def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. This function will accept exactly the names of the IANA database, in their own case.

    :raises UnknownTimezone: there is no such zone.
    """
    if name not in _zone_names():
        raise UnknownTimezone(timezone=str(name)[:64])
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def _unit_start(day: date, interval: Interval) -> date:
    if interval is Interval.DAY:
        return day
    if interval is Interval.WEEK:
        return day - timedelta(days=day.weekday())
    months = _MONTHS[interval]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _next_unit(day: date, interval: Interval) -> date:
    first = _unit_start(day, interval)
    if interval in _DAYS:
        return first + timedelta(days=_DAYS[interval])
    months = first.year * 12 + first.month - 1 + _MONTHS[interval]
    return date(months // 12, months % 12 + 1, 1)


def _to_utc(wall: datetime, timezone: str) -> datetime:
    # fold=0 is the first of two equal local times, and for a time that does not exist the offset from before the gap.
    return wall.replace(tzinfo=zone(timezone), fold=0).astimezone(UTC)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        raise ValueError("a moment needs an offset")
    return at.astimezone(UTC)
