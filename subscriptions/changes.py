"""What changing an agreement inside a paid period charges and gives back, and where these lines go.

Every advance price that falls away is credited for the rest of the period, and every one that is new is charged for it,
each line rounded once. A credit never exceeds what was charged and paid for the line less what was given back already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from billing.internal import Basis, NewLine, priced_line
from core.periods import Period
from subscriptions.lines import Item, Span, advance_lines
from subscriptions.proration import Behavior


class Destination(StrEnum):
    """Where the lines of a change go: nowhere, to the next invoice, on one of their own, or on a new period's first."""

    NOWHERE = "nowhere"
    PENDING = "pending"
    INVOICE = "invoice"
    NEW_ANCHOR = "new_anchor"


DESTINATIONS = {
    Behavior.NONE: Destination.NOWHERE,
    Behavior.NEXT_INVOICE: Destination.PENDING,
    Behavior.INVOICE_NOW: Destination.INVOICE,
    Behavior.FULL_CHARGE_RESET_ANCHOR: Destination.NEW_ANCHOR,
}


@dataclass(frozen=True, kw_only=True)
class Charged:
    """What a price was charged with in the current period, in minor units.

    `billed_minor` is before discounts, `paid_minor` after them: paid, or still owed. `credited_minor` was given back.
    `standing` is for how many units, and how many times over, the rest of the period was charged and not credited; None
    where that is not known any more.
    """

    billed_minor: int = 0
    paid_minor: int = 0
    credited_minor: int = 0
    standing: tuple[tuple[Decimal, int], ...] | None = None

    @property
    def room_minor(self) -> int:
        """This function will answer the most that can still be given back."""
        return max(0, self.paid_minor - self.credited_minor)

    @property
    def paid_share(self) -> Fraction:
        """This function will answer which part of the price was left to pay after discounts."""
        return Fraction(self.paid_minor, self.billed_minor) if self.billed_minor > 0 else Fraction(1)


NOTHING = Charged()


@dataclass(frozen=True, kw_only=True)
class Change:
    """The lines of a change and where they go. `net_minor` is what they come to before discounts and taxes."""

    lines: tuple[NewLine, ...]
    destination: Destination

    @property
    def net_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)

    @property
    def moves_anchor(self) -> bool:
        return self.destination is Destination.NEW_ANCHOR


def change(
    before: Sequence[Item],
    after: Sequence[Item],
    *,
    charged: Mapping[str, Charged],
    span: Span,
    at: datetime,
    behavior: Behavior,
    next_period: Period | None = None,
    next_share: Fraction = Fraction(1),
) -> Change:
    """What going from some prices to others at an instant of the current period comes to.

    `charged` is what was charged for the prices of `before`, by public id. `next_period` is the first one of the new
    anchor, and `next_share` which part of a whole one it is. This function will credit and charge nothing for what
    stays as it is, unless the anchor moves: then all that is left is credited, and the new period is charged.

    :raises ValueError: if the instant is outside the period, or a new anchor has no period.
    """
    destination = DESTINATIONS[behavior]
    if destination is Destination.NOWHERE:
        return Change(lines=(), destination=destination)
    rest = span.left_at(at)
    if destination is Destination.NEW_ANCHOR:
        if next_period is None:
            raise ValueError("a new anchor begins a period")
        begun = advance_lines(after, period=next_period, share=next_share)
        lines = [*_credits(before, charged, rest, span, at), *begun]
        return Change(lines=tuple(_that_count(lines, also_nothing=True)), destination=destination)
    gone, fresh = _without(before, after), _without(after, before)
    lines = [*_credits(gone, charged, rest, span, at), *_charges(fresh, rest, span, at)]
    return Change(lines=tuple(_that_count(lines)), destination=destination)


# Only what is charged before a period can have been charged for its rest.
def _credits(
    items: Sequence[Item], charged: Mapping[str, Charged], rest: Fraction, span: Span, at: datetime
) -> list[NewLine]:
    moved = [item for item in items if item.is_in_advance]
    return [_credit(item, charged.get(item.terms.public_id, NOTHING), rest, span, at) for item in moved]


def _credit(item: Item, known: Charged, rest: Fraction, span: Span, at: datetime) -> NewLine:
    basis = Basis(
        price_id=item.terms.price_id, quantity=item.quantity, times=item.times, share=rest * known.paid_share, sign=-1,
        cap_minor=known.room_minor,
    )  # fmt: skip
    return priced_line(
        item.terms, basis, description=f"Unused: {item.description}", kind="proration", period=_rest(span, at)
    )


def _charges(items: Sequence[Item], rest: Fraction, span: Span, at: datetime) -> list[NewLine]:
    return [
        priced_line(
            item.terms, Basis(price_id=item.terms.price_id, quantity=item.quantity, times=item.times, share=rest),
            description=item.description, kind="proration", period=_rest(span, at),
        )
        for item in items
        if item.is_in_advance
    ]  # fmt: skip


def _rest(span: Span, at: datetime) -> Period:
    # At the very end nothing is left, and its lines are shown for the period that is over.
    return Period(at, span.whole.ends_at) if at < span.whole.ends_at else span.period


def _without(items: Sequence[Item], others: Sequence[Item]) -> list[Item]:
    stays = {(other.terms.price_id, other.quantity, other.times) for other in others}
    return [item for item in items if (item.terms.price_id, item.quantity, item.times) not in stays]


def _that_count(lines: Sequence[NewLine], *, also_nothing: bool = False) -> list[NewLine]:
    """A credit of nothing says nothing; a period that costs nothing is still shown where one begins."""
    return [line for line in lines if line.amount_minor or (also_nothing and line.basis and line.basis.sign > 0)]
