"""Revenue and cash by month, from the books."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

from billing.selectors import MonthFlows, list_flows
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


def _ledger(currency: str, found: Sequence[MonthFlows], months: Months) -> Ledger:
    booked = {one.month: one for one in found if one.currency == currency}
    return Ledger(
        currency=currency,
        months=tuple(booked.get(month) or MonthFlows(currency=currency, month=month) for month in months),
    )
