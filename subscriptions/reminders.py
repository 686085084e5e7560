"""How many days before something comes a customer is told of it."""

from datetime import timedelta
from fractions import Fraction

from django.conf import settings

from core.money import round_half_up
from core.periods import Period

_DAY = timedelta(days=1)
_TICK = timedelta.resolution


def before_trial_end(trial: Period) -> tuple[int, ...]:
    """This function will return when to tell of a trial's end: 3 days before, 1 day of a short one, or never."""
    days = round_half_up(Fraction(trial.length // _TICK, _DAY // _TICK))
    if days >= 3:
        return (3,)
    return (1,) if days >= 1 else ()


def before_renewal(period: Period) -> tuple[int, ...]:
    """This function will return when to tell of a renewal, the most days first; never before the period begins."""
    return tuple(
        sorted((day for day in settings.RENEWAL_REMINDER_DAYS if day * _DAY < period.length), reverse=True)
    )  # fmt: skip
