"""Revenue and cash by month, from the books."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date
from typing import Final

from django.db.models import Min

from billing.selectors import MonthFlows, find_first_booking, list_flows
from subscriptions.models import MrrMovement
from subscriptions.months import Months

_AMOUNTS: Final = tuple(field.name for field in fields(MonthFlows) if field.name.endswith("_minor"))


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The months of one currency, also those in which nothing was booked, and all of them together."""

    currency: str
    months: tuple[MonthFlows, ...]

    @property
    def total(self) -> MonthFlows:
        """All months as if they were one."""
        sums = {name: sum(getattr(one, name) for one in self.months) for name in _AMOUNTS}
        return MonthFlows(currency=self.currency, month=self.months[0].month, **sums)


def list_ledgers(months: Months, currency: str | None = None) -> tuple[Ledger, ...]:
    """This function will return what was booked in each month, by currency, in one query."""
    found = list_flows(starts_at=months.starts_at, ends_at=months.ends_at, currency=currency)
    return tuple(_ledger(one, found, months) for one in sorted({flow.currency for flow in found}))


def find_first_month() -> date | None:
    """This function will return the first month of which something is known, in two queries; None without any."""
    moved = MrrMovement.objects.aggregate(first=Min("at"))["first"]
    begun = [at for at in (moved, find_first_booking()) if at is not None]
    return min(begun).astimezone(UTC).date().replace(day=1) if begun else None


def _ledger(currency: str, found: Sequence[MonthFlows], months: Months) -> Ledger:
    booked = {one.month: one for one in found if one.currency == currency}
    return Ledger(
        currency=currency,
        months=tuple(booked.get(month) or MonthFlows(currency=currency, month=month) for month in months),
    )
