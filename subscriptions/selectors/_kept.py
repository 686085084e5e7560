"""What is left of those who were there at a start.

Rates are told of them alone: who has come since can neither make up for somebody who went, nor be lost out of what was
there before him.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.db import connection

from core import tenancy
from subscriptions.months import Months

# Each customer's movements by month, those before the range without one; then of every month, and of the range as one
# (without a month), the customers who were worth something at its start.
_KEPT: Final = """
WITH moved AS (
  SELECT currency, customer_id, sum(amount) AS amount,
    CASE WHEN at >= %(starts_at)s THEN date_trunc('month', at AT TIME ZONE 'UTC')::date END AS month
  FROM subscriptions_mrrmovement
  WHERE environment_id = %(environment)s AND at < %(ends_at)s
    AND (%(currency)s::text IS NULL OR currency = %(currency)s)
  GROUP BY 1, 2, 4
), span AS (
  SELECT currency, month, amount AS change,
    sum(amount) OVER (PARTITION BY currency, customer_id ORDER BY month NULLS FIRST) - amount AS start
  FROM moved
  UNION ALL
  SELECT currency, NULL, coalesce(sum(amount) FILTER (WHERE month IS NOT NULL), 0),
    coalesce(sum(amount) FILTER (WHERE month IS NULL), 0)
  FROM moved GROUP BY currency, customer_id
)
SELECT currency, month, sum(change), sum(greatest(-change, 0)), count(*) FILTER (WHERE start + change <= 0)
FROM span WHERE start > 0 GROUP BY 1, 2
"""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Those who were there at a start: how what they are worth has changed until the end, in minor units.

    `lost` is by how much those are worth less who are worth less; `customers_lost` are worth nothing any more.
    """

    change: Decimal = Decimal(0)
    lost: Decimal = Decimal(0)
    customers_lost: int = 0


NOTHING: Final = Kept()


def list_kept(months: Months, currency: str | None = None) -> dict[tuple[str, date | None], Kept]:
    """This function will return what was kept by currency and month; without a month, over all of them as one.

    One query. Where nothing moved nothing is told.
    """
    with connection.cursor() as cursor:
        cursor.execute(_KEPT, months.asking(currency, environment=tenancy.environment_id()))
        rows = cursor.fetchall()
    return {
        (its, month): Kept(change=change, lost=lost, customers_lost=customers)
        for its, month, change, lost, customers in rows
    }
