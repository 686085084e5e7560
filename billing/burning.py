"""Which lots of a wallet pay, and in which order. Pure: minor units of one currency and instants."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Lot:
    """Stored value that came in at once. `amount_minor` is what it has left; lower priorities pay first."""

    id: str
    amount_minor: int
    effective_at: datetime
    priority: int = 50
    expires_at: datetime | None = None
    is_promotional: bool = False

    def is_usable(self, at: datetime) -> bool:
        """This function will tell whether the lot pays at an instant: effective, and not expired by then."""
        return self.effective_at <= at and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True, kw_only=True)
class Burn:
    """What each lot paid, in the order of use; what every lot has left; what nobody could pay."""

    funded: tuple[tuple[str, int], ...]
    left: Mapping[str, int]
    shortfall_minor: int


def burn(lots: Iterable[Lot], amount_minor: int, *, at: datetime) -> Burn:
    """Pay an amount from lots.

    This function will take from the usable lots by priority, the earlier expiry first and none last, promotional before
    paid, the earlier effective first, then by id. No lot goes below zero; what is missing is the shortfall.

    :raises ValueError: the amount, or what a lot has left, is negative, or two lots have one id.
    """
    known = list(lots)
    left = {lot.id: lot.amount_minor for lot in known}
    if len(left) != len(known) or min(amount_minor, *left.values(), 0) < 0:
        raise ValueError("lots have distinct ids, and nothing negative can be burned")
    funded = []
    for lot in sorted((lot for lot in known if lot.is_usable(at)), key=_order):
        taken = min(amount_minor, lot.amount_minor)
        if taken:
            funded.append((lot.id, taken))
            left[lot.id] -= taken
            amount_minor -= taken
    return Burn(funded=tuple(funded), left=left, shortfall_minor=amount_minor)


def _order(lot: Lot) -> tuple[int, datetime, bool, datetime, str]:
    return lot.priority, lot.expires_at or _NEVER, not lot.is_promotional, lot.effective_at, lot.id
