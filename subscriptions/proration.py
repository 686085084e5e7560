"""Changing a line inside a period that is paid: a credit for the rest of the old, a charge for the rest of the new."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from core.money import round_half_up
from core.periods import Period, local_date


class Basis(StrEnum):
    SECOND = "second"
    DAY = "day"


class Behavior(StrEnum):
    """What a change inside a paid period charges, and when."""

    NONE = "none"
    NEXT_INVOICE = "next_invoice"
    INVOICE_NOW = "invoice_now"
    FULL_CHARGE_RESET_ANCHOR = "full_charge_reset_anchor"


class Refund(StrEnum):
    """What becomes of the rest of a paid period that is broken off: nothing, value in the wallet, or money."""

    NONE = "none"
    CREDIT = "prorated_credit"
    REFUND = "prorated_refund"


@dataclass(frozen=True, kw_only=True)
class Proration:
    """Signed minor units: `credit_minor` is zero or negative, `charge_minor` zero or positive."""

    credit_minor: int
    charge_minor: int

    @property
    def net_minor(self) -> int:
        """This function will answer what the change costs; negative is in the customer's favor."""
        return self.credit_minor + self.charge_minor


def prorate(
    *,
    old_minor: int,
    new_minor: int,
    period: Period,
    at: datetime,
    basis: Basis = Basis.SECOND,
    timezone: str = "UTC",
    credited_minor: int = 0,
    paid_minor: int | None = None,
) -> Proration:
    """The credit and the charge of one line that changes at a moment.

    `old_minor` and `new_minor` are what the line costs for the whole true `period`, also when the customer's own first
    period was clipped; `at` is inside the period or its end. `paid_minor` is what was paid for the old line (None: all
    of it) and `credited_minor` what was already given back: the credit never exceeds the difference. This function will
    compute old x remaining / total and new x remaining / total and round each once, half away from zero.

    :raises ValueError: an amount is negative, or the moment is outside the period.
    :raises UnknownTimezone: the zone is not in the IANA database (day basis).
    """
    if min(old_minor, new_minor, credited_minor, paid_minor or 0) < 0:
        raise ValueError("amounts are not negative")
    left = remaining_share(period, at, Basis(basis), timezone)
    room = max(0, (old_minor if paid_minor is None else paid_minor) - credited_minor)
    credit = min(round_half_up(old_minor * left), room)
    return Proration(credit_minor=-credit, charge_minor=round_half_up(new_minor * left))


def remaining_share(period: Period, at: datetime, basis: Basis, timezone: str) -> Fraction:
    """Which part of a period is left at a moment.

    This function will answer an exact share from 1 (at the start) to 0 (at the end): of the elapsed time, or of the
    local dates, where the date of the moment counts as left whatever the hour, and the date of the end does not.

    :raises ValueError: the moment is outside the period.
    :raises UnknownTimezone: the zone is not in the IANA database (day basis).
    """
    if not (at in period or at == period.ends_at):
        raise ValueError("the moment is outside the period")
    if basis is Basis.DAY:
        first, today, last = (local_date(moment, timezone) for moment in (period.starts_at, at, period.ends_at))
        if first != last:
            return Fraction((last - today).days, (last - first).days)
    # Also for a period that begins and ends on one date, which no count of dates can divide.
    tick = timedelta.resolution
    return Fraction((period.ends_at - at) // tick, period.length // tick)
