"""What the rest of a period was really paid with, where a change without proration has put something else in force."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from subscriptions.changes import NOTHING
from subscriptions.internal._changes import Known
from subscriptions.lines import Item, paid_item


def as_paid(
    items: Sequence[Item], after: Sequence[Item], known: Known, *, is_broken_off: bool = False
) -> tuple[Item, ...]:
    """This function will return what is to be credited for the rest of a period when what is in force gives way.

    That is the same, unless a change has charged and credited nothing: then what was paid before it stays paid, in the
    quantity in which it was. What stays in force is left alone, unless the period is broken off. What was bought ahead
    is told as it is in force.
    """
    if known.extension is not None:
        return tuple(items)
    stays = set() if is_broken_off else {_signature(item) for item in after}
    going = [item for item in items if _signature(item) not in stays]
    kept = [item if _signature(item) in stays else _paid(item, known) for item in items]
    found = [item for item in kept if item is not None]
    coming = {item.terms.public_id for item in after}
    plan_goes = is_broken_off or any(_is_of_plan(item) for item in going)
    others = [
        other for other in _others({item.terms.public_id for item in items}, known)
        if is_broken_off or other.terms.public_id in coming or (plan_goes and _is_of_plan(other))
    ]  # fmt: skip
    return (*found, *others)


def _signature(item: Item) -> tuple[UUID, Decimal, int]:
    return item.terms.price_id, item.quantity, item.times


def _paid(item: Item, known: Known) -> Item | None:
    """What is in force, as it was paid; None if all that was charged for it was credited before it came back."""
    standing = known.charged.get(item.terms.public_id, NOTHING).standing
    if standing is None or not item.is_in_advance or (item.quantity, item.times) in standing:
        return item
    return replace(item, quantity=standing[-1][0], times=standing[-1][1]) if standing else None


def _others(in_force: Iterable[str], known: Known) -> Iterator[Item]:
    """What was paid and is not in force any more."""
    for price, charged in known.charged.items():
        terms = known.terms.get(price)
        if price not in in_force and terms is not None and charged.standing and charged.room_minor:
            item = paid_item(terms, *charged.standing[-1])
            if item.is_in_advance:
                yield item


def _is_of_plan(item: Item) -> bool:
    return item.terms.addon_id is None
