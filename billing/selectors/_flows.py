"""What the books say of each month: what was earned and given back, what came in and went out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import connection

from core import tenancy

# Debits are positive. The index of journals by their instant narrows the months; each posting knows its account.
_FLOWS: Final = """
SELECT p.currency, date_trunc('month', j.at AT TIME ZONE 'UTC')::date, a.code,
  COALESCE(sum(p.amount_minor) FILTER (WHERE p.amount_minor > 0), 0),
  COALESCE(-sum(p.amount_minor) FILTER (WHERE p.amount_minor < 0), 0)
FROM billing_posting p JOIN billing_journal j ON j.id = p.journal_id JOIN billing_account a ON a.id = p.account_id
WHERE p.environment_id = %(environment)s AND j.at >= %(starts_at)s AND j.at < %(ends_at)s
  AND a.code IN ('revenue', 'cash', 'tax_payable', 'write_offs')
  AND (%(currency)s::text IS NULL OR p.currency = %(currency)s)
GROUP BY 1, 2, 3
"""


_FIRST: Final = "SELECT min(at) FROM billing_journal WHERE environment_id = %s"


@dataclass(frozen=True, kw_only=True)
class MonthFlows:
    """One month of one currency: earned − credited = revenue without tax, received − paid back = cash."""

    currency: str
    month: date
    earned_minor: int = 0
    credited_minor: int = 0
    tax_minor: int = 0
    written_off_minor: int = 0
    received_minor: int = 0
    paid_back_minor: int = 0

    @property
    def revenue_minor(self) -> int:
        """What was earned less what was credited."""
        return self.earned_minor - self.credited_minor

    @property
    def cash_minor(self) -> int:
        """What came in less what went out."""
        return self.received_minor - self.paid_back_minor


def list_flows(*, starts_at: datetime, ends_at: datetime, currency: str | None = None) -> tuple[MonthFlows, ...]:
    """This function will return what was booked in [starts_at, ends_at), by currency and month (UTC), in one query.

    A month in which nothing was booked is left out.
    """
    asked: dict[str, Any] = {
        "environment": tenancy.environment_id(),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "currency": currency,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FLOWS, asked)
        return tuple(_months(cursor.fetchall()))


def find_first_booking() -> datetime | None:
    """This function will return when the books of the environment begin."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [tenancy.environment_id()])
        [found] = cursor.fetchone()
    return found if isinstance(found, datetime) else None


def _months(rows: Iterable[tuple[str, date, str, int, int]]) -> Iterable[MonthFlows]:
    found: dict[tuple[str, date], dict[str, Any]] = {}
    for currency, month, code, debited, credited in rows:
        found.setdefault((currency, month), {}).update(_named(code, int(debited), int(credited)))
    for (currency, month), sums in sorted(found.items()):
        yield MonthFlows(currency=currency, month=month, **sums)


def _named(code: str, debited: int, credited: int) -> dict[str, int]:
    return {
        "revenue": {"earned_minor": credited, "credited_minor": debited},
        "cash": {"received_minor": debited, "paid_back_minor": credited},
        "tax_payable": {"tax_minor": credited - debited},
        "write_offs": {"written_off_minor": debited - credited},
    }[code]
