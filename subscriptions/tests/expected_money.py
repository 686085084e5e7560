"""What a subscriber expects to pay: prices of a month and shares of it. It knows nothing of the house."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

# Minor units per unit and month.
PRICES = {"small": 1000, "big": 2599, "support": 433}


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A plan with so many seats, and so many units of an add-on."""

    plan: str = "small"
    seats: int = 1
    support: int = 0

    def costs(self) -> dict[str, int]:
        """This function will return what a month costs, by price."""
        units = {self.plan: self.seats, "support": self.support}
        return {price: PRICES[price] * count for price, count in units.items() if count}


def rounded(exact: Fraction) -> int:
    """This function will round half away from zero."""
    size = abs(exact) * 2 + 1
    return int(size // 2) * (1 if exact >= 0 else -1)


@dataclass(kw_only=True)
class Period:
    """A month, what was charged for it and given back by price, and by how much pauses have lengthened it.

    `paid_as` is what its rest was paid for, where something else has come into force for nothing.
    """

    starts_at: datetime
    ends_at: datetime
    rested: float = 0.0
    charged: dict[str, int] = field(default_factory=dict)
    credited: dict[str, int] = field(default_factory=dict)
    paid_as: Mapping[str, int] | None = None

    def left_at(self, at: datetime) -> Fraction:
        """This function will return the part of the month's running time that is left at an instant."""
        left = Fraction((self.ends_at - at).total_seconds())
        return left / (Fraction((self.ends_at - self.starts_at).total_seconds()) - Fraction(self.rested))

    def opened(self, costs: Mapping[str, int]) -> int:
        """This function will charge the whole month, and return what it costs."""
        self.charged = dict(costs)
        return sum(costs.values())

    def changed(self, old: Mapping[str, int], new: Mapping[str, int], at: datetime) -> list[int]:
        """This function will credit what falls away for the rest of the month and charge what comes, and return both.

        Never is more given back for a price than was charged for it.
        """
        left, lines = self.left_at(at), []
        moved = [price for price in sorted({*old, *new}) if old.get(price) != new.get(price)]
        paid, plans = self.paid_as or old, {*PRICES} - {"support"}
        moved += [one for one in paid if one not in {*old, *new} and one in plans and plans & {*moved}]
        known = dict(new) | dict(paid)
        self.paid_as = {one: new.get(one, 0) if one in moved else cost for one, cost in known.items()}
        old = paid
        room = {price: self.charged.get(price, 0) - self.credited.get(price, 0) for price in moved}
        for price in moved:
            back = min(rounded(old.get(price, 0) * left), max(0, room[price]))
            due = rounded(new.get(price, 0) * left)
            self.credited[price] = self.credited.get(price, 0) + back
            self.charged[price] = self.charged.get(price, 0) + due
            lines += [-back, due]
        return [line for line in lines if line]
