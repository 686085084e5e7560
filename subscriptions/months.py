"""Whole calendar months in UTC, by which figures are told."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from core import errors

MOST: Final = 60
USUAL: Final = 12
_SHAPE: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)


class MonthsInvalid(errors.Invalid):
    code = "months_invalid"
    title = f"Months are written such as 2026-01; a range begins before it ends and has at most {MOST}."


@dataclass(frozen=True, kw_only=True)
class Months:
    """The months from the one that holds `first` to the one that holds `last`; both are the first day of theirs."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """This function will refuse a range that is backward or too long.

        :raises MonthsInvalid: so.
        """
        if not 0 <= _number(self.last) - _number(self.first) < MOST:
            raise MonthsInvalid

    @classmethod
    def asked(cls, first: str | None, last: str | None, *, now: datetime) -> "Months":
        """This function will return the months from one to another; the last twelve where nothing is asked for.

        :raises MonthsInvalid: if a text is no month, or the range is backward or too long.
        """
        end = _parsed(last) if last is not None else now.astimezone(UTC).date().replace(day=1)
        return cls(first=_parsed(first) if first is not None else month_after(end, 1 - USUAL), last=end)

    @property
    def starts_at(self) -> datetime:
        return _instant(self.first)

    @property
    def ends_at(self) -> datetime:
        """The instant after the last of them."""
        return _instant(month_after(self.last, 1))

    def asking(self, currency: str | None, *, environment: UUID) -> dict[str, Any]:
        """This function will return the parameters of a query about these months."""
        return {
            "environment": environment, "starts_at": self.starts_at, "ends_at": self.ends_at, "currency": currency
        }  # fmt: skip

    def __iter__(self) -> Iterator[date]:
        return (month_after(self.first, number) for number in range(_number(self.last) - _number(self.first) + 1))


def month_after(month: date, number: int) -> date:
    """This function will return the month that is so many after another, or before it."""
    place = _number(month) + number
    if not 12 <= place < 12 * 9999:
        raise MonthsInvalid
    return date(place // 12, place % 12 + 1, 1)


def _number(month: date) -> int:
    return month.year * 12 + month.month - 1


def _instant(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def _parsed(text: str) -> date:
    if not _SHAPE.fullmatch(text) or text.startswith("0000"):
        raise MonthsInvalid
    return date.fromisoformat(f"{text}-01")
