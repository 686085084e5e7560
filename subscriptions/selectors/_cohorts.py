"""Who came together: what is left, month by month, of the customers who were new in one month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django.db import connection

from core import tenancy
from subscriptions import mrr
from subscriptions.months import Months

# What moved in each month, of those who were new in one of the months. A customer's first movement is where he is new.
_MOVED: Final = """
SELECT first.currency, first.month, date_trunc('month', m.at AT TIME ZONE 'UTC')::date, sum(m.amount),
  count(*) FILTER (WHERE m.kind IN ('new', 'reactivation')) - count(*) FILTER (WHERE m.kind = 'churn'),
  count(*) FILTER (WHERE m.kind = 'new'), COALESCE(sum(m.amount) FILTER (WHERE m.kind = 'new'), 0)
FROM (
  SELECT customer_id, currency, date_trunc('month', at AT TIME ZONE 'UTC')::date AS month
  FROM subscriptions_mrrmovement
  WHERE environment_id = %(environment)s AND kind = 'new' AND at >= %(starts_at)s AND at < %(ends_at)s
    AND (%(currency)s::text IS NULL OR currency = %(currency)s)
) first
JOIN subscriptions_mrrmovement m ON m.environment_id = %(environment)s AND m.customer_id = first.customer_id
  AND m.currency = first.currency AND m.at < %(ends_at)s
GROUP BY 1, 2, 3
"""
_Moved = tuple[Fraction, int]


@dataclass(frozen=True, kw_only=True)
class CohortMonth:
    """What is left of a cohort at the end of a month; month 0 is the one in which it came."""

    number: int
    month: date
    customers: int
    mrr_minor: int
    customer_rate: Decimal | None
    mrr_rate: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """The customers of one currency who were new in a month: how many, and what they were worth when they came."""

    currency: str
    month: date
    customers: int
    mrr_minor: int
    months: tuple[CohortMonth, ...]


def list_cohorts(months: Months, currency: str | None = None) -> tuple[Cohort, ...]:
    """This function will return the cohorts of some months with what is left of each until the last one, in one query.

    A month in which nobody came has none.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, months.asking(currency, environment=tenancy.environment_id()))
        rows = cursor.fetchall()
    keys = sorted({(row[0], row[1]) for row in rows})
    return tuple(_cohort(key, [row[2:] for row in rows if row[:2] == key], months) for key in keys)


def _cohort(key: tuple[str, date], rows: list[tuple[Any, ...]], months: Months) -> Cohort:
    currency, month = key
    customers, worth = sum(row[3] for row in rows), sum((Fraction(row[4]) for row in rows), Fraction())
    moved = {row[0]: (Fraction(row[1]), row[2]) for row in rows}
    left = _left(moved, [one for one in months if one >= month])
    shown = tuple(
        CohortMonth(
            number=number, month=one, customers=count, mrr_minor=mrr.shown(value),
            customer_rate=mrr.rate(count, customers), mrr_rate=mrr.rate(value, worth),
        )
        for number, (one, value, count) in enumerate(left)
    )  # fmt: skip
    return Cohort(currency=currency, month=month, customers=customers, mrr_minor=mrr.shown(worth), months=shown)


def _left(moved: dict[date, _Moved], months: Iterable[date]) -> Iterable[tuple[date, Fraction, int]]:
    value, customers = Fraction(), 0
    for month in months:
        amount, count = moved.get(month, (Fraction(), 0))
        value, customers = value + amount, customers + count
        yield month, value, customers
