"""Which months the analytics page looks at: the last twelve, or those of a year of which something is known."""

from dataclasses import dataclass
from datetime import date, datetime

from subscriptions.months import Months, month_after


@dataclass(frozen=True, kw_only=True)
class Look:
    """The months that are shown, and of which years there are some.

    `year` is empty for the last twelve months, `month` for all of those that are shown. `unknown` is a month that was
    asked for and of which nothing is known.
    """

    months: Months
    years: tuple[str, ...]
    year: str = ""
    month: str = ""
    unknown: str = ""


def look(year: str, month: str, *, since: date | None, now: datetime) -> Look:
    """This function will return what is looked at. A month that is not among the shown brings its year with it."""
    last = Months.asked(None, None, now=now)
    first = min(since or last.first, last.last)
    years = tuple(str(number) for number in range(last.last.year, first.year - 1, -1))
    known = month if _is_among(month, min(first, last.first), last.last) else ""
    chosen = year if year in years else ""
    if known and known not in _names(_of(chosen, last)):
        chosen = known[:4] if known not in _names(last) else ""
    return Look(
        months=_of(chosen, last), years=years, year=chosen, month=known, unknown="" if known else month[:20]
    )  # fmt: skip


def _of(year: str, last: Months) -> Months:
    """The months of a year, as far as it has come."""
    return Months(first=date(int(year), 1, 1), last=min(date(int(year), 12, 1), last.last)) if year else last


def _names(months: Months) -> list[str]:
    return [f"{one:%Y-%m}" for one in months]


def _is_among(text: str, first: date, last: date) -> bool:
    """Whether a text is a month between these, which may be decades apart."""
    count = (last.year - first.year) * 12 + last.month - first.month
    return text in {f"{month_after(first, number):%Y-%m}" for number in range(count + 1)}
