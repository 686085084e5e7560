"""How a customer stands with a metered feature."""

from dataclasses import dataclass
from datetime import datetime

from core.periods import Period
from usage.models import Entitlement
from usage.windows import window


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What was used of a feature in the current period, in whole units.

    `limit` and `remaining` are None where there is no limit; `overage` is what a soft limit let pass beyond it.
    """

    feature: str
    name: str
    current_usage: int
    limit: int | None
    limit_kind: str
    remaining: int | None
    overage: int
    reset: str
    period_starts_at: datetime
    reset_at: datetime


def period_of(entitlement: Entitlement, *, timezone: str, now: datetime) -> Period:
    """This function will return the period in which uses of an entitlement count together at an instant."""
    own = Period(entitlement.period_starts_at, entitlement.period_ends_at)
    return window(reset=entitlement.reset, period=own, timezone=timezone, now=now)


def allowance(entitlement: Entitlement, period: Period, used: int) -> Allowance:
    """This function will return the standing after `used` units in a period."""
    limit = entitlement.limit
    return Allowance(
        feature=entitlement.code, name=entitlement.name, current_usage=used, limit=limit,
        limit_kind=entitlement.limit_kind, remaining=None if limit is None else max(0, limit - used),
        overage=0 if limit is None else max(0, used - limit), reset=entitlement.reset,
        period_starts_at=period.starts_at, reset_at=period.ends_at,
    )  # fmt: skip
