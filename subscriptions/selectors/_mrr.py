"""Recurring revenue over time: what there was, what moved it, who came and who went. From the movements alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django.db import connection

from core import tenancy
from subscriptions import mrr, reasons, states
from subscriptions.months import Months
from subscriptions.mrr import Movement
from subscriptions.selectors._kept import NOTHING, Kept, list_kept

MOST_REASONS: Final = 20
# What moved in each month; what moved before the first of them has none.
_MOVED: Final = """
SELECT currency, CASE WHEN at >= %(starts_at)s THEN date_trunc('month', at AT TIME ZONE 'UTC')::date END, kind,
  sum(amount), count(*)
FROM subscriptions_mrrmovement
WHERE environment_id = %(environment)s AND at < %(ends_at)s AND (%(currency)s::text IS NULL OR currency = %(currency)s)
GROUP BY 1, 2, 3
"""
_REASONS: Final = """
SELECT currency, reason, customers, amount FROM (
  SELECT m.currency, w.reason, count(*) AS customers, -sum(m.amount) AS amount,
    row_number() OVER (PARTITION BY m.currency ORDER BY sum(m.amount), w.reason) AS place
  FROM subscriptions_mrrmovement m JOIN subscriptions_subscriptionevent e ON e.id = m.event_id
  CROSS JOIN LATERAL (
    SELECT CASE WHEN e.reason = '' OR e.reason = ANY(%(known)s::text[]) THEN e.reason ELSE %(other)s::text END AS reason
  ) w
  WHERE m.environment_id = %(environment)s AND m.at >= %(starts_at)s AND m.at < %(ends_at)s AND m.kind = 'churn'
    AND e.new_status = ANY(%(ended)s::text[])
    AND (%(currency)s::text IS NULL OR m.currency = %(currency)s)
  GROUP BY m.currency, w.reason
) found WHERE place <= %(most)s ORDER BY currency, place
"""
# What somebody has said in his own words is another reason.
_WORDS: Final[dict[str, Any]] = {
    "known": list(reasons.ENDINGS), "other": reasons.CancelReason.OTHER.value, "ended": list(states.TERMINAL),
}  # fmt: skip
_Sums = dict[Movement, tuple[Decimal, int]]


@dataclass(frozen=True, kw_only=True)
class MonthMrr:
    """A month of one currency, or several: start + new + reactivation + expansion − contraction − churn = end."""

    month: date
    start_minor: int
    new_minor: int
    reactivation_minor: int
    expansion_minor: int
    contraction_minor: int
    churn_minor: int
    end_minor: int
    customers_start: int
    customers_new: int
    customers_reactivated: int
    customers_churned: int
    customers_end: int
    kept: Kept = NOTHING

    @property
    def customers_lost(self) -> int:
        """How many of those who were there at the start are worth nothing at the end."""
        return self.kept.customers_lost

    @property
    def lost_minor(self) -> int:
        """By how much those of the start who are worth less at the end are worth less."""
        return mrr.shown(self.kept.lost)

    @property
    def kept_minor(self) -> int:
        """What those of the start are worth at the end."""
        return self.start_minor + mrr.shown(self.kept.change)

    @property
    def customer_churn_rate(self) -> Decimal | None:
        """Those who are gone, of those who were there at the start."""
        return mrr.rate(self.customers_lost, self.customers_start)

    @property
    def gross_churn_rate(self) -> Decimal | None:
        """What was lost of what there was at the start."""
        return mrr.rate(self.lost_minor, self.start_minor)

    @property
    def net_retention_rate(self) -> Decimal | None:
        """What those who were there at the start are worth at the end, of what they were worth."""
        return mrr.rate(self.kept_minor, self.start_minor)


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why subscriptions were ended, by a word of ours; `other` is every other text, and empty is unknown."""

    reason: str
    customers: int
    mrr_minor: int


# What is added up over months; the rest is what there was at their start or at their end.
_MOVES: Final = (
    "new_minor", "reactivation_minor", "expansion_minor", "contraction_minor", "churn_minor", "customers_new",
    "customers_reactivated", "customers_churned",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Waterfall:
    """The months of one currency, one after the other, and all of them together."""

    currency: str
    months: tuple[MonthMrr, ...]
    reasons: tuple[Reason, ...] = ()
    kept: Kept = NOTHING

    @property
    def total(self) -> MonthMrr:
        """All months as if they were one."""
        first, last = self.months[0], self.months[-1]
        sums = {name: sum(getattr(one, name) for one in self.months) for name in _MOVES}
        return MonthMrr(
            month=first.month, start_minor=first.start_minor, end_minor=last.end_minor,
            customers_start=first.customers_start, customers_end=last.customers_end, kept=self.kept, **sums,
        )  # fmt: skip


def list_waterfalls(months: Months, currency: str | None = None) -> tuple[Waterfall, ...]:
    """This function will return what moved the recurring revenue of each currency, in one query.

    A currency in which nobody ever was worth anything is left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, months.asking(currency, environment=tenancy.environment_id()))
        moved = _by_month(cursor.fetchall())
    return tuple(Waterfall(currency=one, months=tuple(_months(moved[one], months))) for one in sorted(moved))


def list_churn(months: Months, currency: str | None = None) -> tuple[Waterfall, ...]:
    """This function will return the same with what was kept, and why subscriptions were ended, what cost most first.

    Three queries.
    """
    found, kept = list_waterfalls(months, currency), list_kept(months, currency)
    with connection.cursor() as cursor:
        asked = months.asking(currency, environment=tenancy.environment_id())
        cursor.execute(_REASONS, {**asked, **_WORDS, "most": MOST_REASONS})
        rows = cursor.fetchall()
    return tuple(
        Waterfall(
            currency=one.currency, reasons=_reasons(rows, one.currency), kept=kept.get((one.currency, None), NOTHING),
            months=tuple(replace(each, kept=kept.get((one.currency, each.month), NOTHING)) for each in one.months),
        )
        for one in found
    )  # fmt: skip


def _reasons(rows: Iterable[tuple[str, str, int, Decimal]], currency: str) -> tuple[Reason, ...]:
    return tuple(
        Reason(reason=reason, customers=customers, mrr_minor=mrr.shown(amount))
        for its, reason, customers, amount in rows
        if its == currency
    )


def _by_month(rows: Iterable[tuple[str, date | None, str, Decimal, int]]) -> dict[str, dict[date | None, _Sums]]:
    found: dict[str, dict[date | None, _Sums]] = {}
    for currency, month, kind, amount, count in rows:
        found.setdefault(currency, {}).setdefault(month, {})[Movement(kind)] = (amount, count)
    return found


def _months(moved: Mapping[date | None, _Sums], months: Months) -> Iterable[MonthMrr]:
    before = moved.get(None, {})
    start = sum((Fraction(amount) for amount, _ in before.values()), Fraction())
    customers = _there(before)
    for month in months:
        sums = moved.get(month, {})
        yield _month(month, start, sums, customers)
        start += sum((Fraction(amount) for amount, _ in sums.values()), Fraction())
        customers += _there(sums)


def _month(month: date, start: Fraction, sums: _Sums, customers: int) -> MonthMrr:
    nothing = (Decimal(0), 0)
    first, parts, last = mrr.shown_parts(start, [sums.get(kind, nothing)[0] for kind in Movement])
    shown = {f"{kind.value}_minor": abs(part) for kind, part in zip(Movement, parts, strict=True)}
    counts = {kind: sums.get(kind, nothing)[1] for kind in Movement}
    return MonthMrr(
        month=month, start_minor=first, end_minor=last, customers_start=customers, kept=NOTHING, **shown,
        customers_new=counts[Movement.NEW], customers_reactivated=counts[Movement.REACTIVATION],
        customers_churned=counts[Movement.CHURN], customers_end=customers + _there(sums),
    )  # fmt: skip


def _there(sums: _Sums) -> int:
    """How many customers more there are after what moved."""
    count = {kind: number for kind, (_, number) in sums.items()}
    return count.get(Movement.NEW, 0) + count.get(Movement.REACTIVATION, 0) - count.get(Movement.CHURN, 0)
