"""For how long uses of a feature count together."""

from datetime import datetime

from core.periods import Cycle, Interval, Period

SUBSCRIPTION = "subscription"


def window(*, reset: str, period: Period, timezone: str, now: datetime) -> Period:
    """This function will return the period whose count `now` belongs to.

    With reset `subscription` that is the entitlement's own period, also when its renewal is late; otherwise the
    calendar's day, week, month … in the customer's IANA `timezone`.
    """
    if reset == SUBSCRIPTION:
        return period
    return Cycle.calendar(starts_at=now, interval=Interval(reset), timezone=timezone).period_of(now)


def month(*, timezone: str, now: datetime) -> Period:
    """This function will return the calendar month of an instant in an IANA `timezone`."""
    return Cycle.calendar(starts_at=now, interval=Interval.MONTH, timezone=timezone).period_of(now)
