"""Answers about the dunning of declined invoices."""

from dataclasses import dataclass
from datetime import UTC, date
from typing import Final

from django.db.models import Sum
from django.db.models.functions import TruncMonth

from billing.models import DunningCase

State = DunningCase.State
_LOST: Final = (State.EXHAUSTED, State.WRITTEN_OFF)


@dataclass(frozen=True, kw_only=True)
class RecoveryFigures:
    """What dunning brought and what it did not, in minor units of `currency`; `month` is its first day, in UTC."""

    month: date
    currency: str
    recovered_minor: int
    lost_minor: int


def is_grace_over(reference: str) -> bool:
    """This function will tell whether what is billed by a reference may no longer be used, as it is not paid for."""
    unpaid = DunningCase.objects.about(reference).filter(state__in=(State.OPEN, *_LOST))
    return unpaid.filter(grace_ended_at__isnull=False).exists()


def list_recoveries() -> tuple[RecoveryFigures, ...]:
    """This function will return, per month and currency, what was recovered and what was lost in it."""
    rows = (
        DunningCase.objects.filter(state__in=(State.RECOVERED, *_LOST))
        .annotate(month=TruncMonth("closed_at", tzinfo=UTC))
        .order_by("month", "currency")
        .values_list("month", "currency", "state")
        .annotate(Sum("closed_minor"))
    )
    sums: dict[tuple[date, str], list[int]] = {}
    for month, currency, state, minor in rows:
        sums.setdefault((month.date(), currency), [0, 0])[state in _LOST] += int(minor)
    return tuple(
        RecoveryFigures(month=month, currency=currency, recovered_minor=recovered, lost_minor=lost)
        for (month, currency), (recovered, lost) in sorted(sums.items())
    )
