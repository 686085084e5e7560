"""What the rest of a period was really paid with, where a change without proration has put something else in force."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from subscriptions.changes import NOTHING
from subscriptions.internal._changes import Known
from subscriptions.lines import Item, paid_item


def as_paid(items: Sequence[Item], known: Known, *, also_addons: bool) -> tuple[Item, ...]:
    """This function will return what is to be credited for the rest of a period, given what is in force.

    That is the same, unless a change has charged and credited nothing: then what was paid before it stays paid, in the
    quantity in which it was. Without `also_addons` only the plan is looked at. What was bought ahead stays as it is.
    """
    if known.extension is not None:
        return tuple(items)
    kept = [
        paid for item in items
        if (paid := _paid(item, known) if also_addons or _is_of_plan(item) else item) is not None
    ]  # fmt: skip
    others = _others({item.terms.public_id for item in items}, known)
    return (*kept, *(item for item in others if also_addons or _is_of_plan(item)))


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
