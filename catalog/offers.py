"""What a version must satisfy before it may be published."""

from collections.abc import Iterable
from typing import Protocol

from core import errors


class PlanHasNoPrices(errors.Invalid):
    code = "plan_has_no_prices"
    title = "A version needs at least one price; a free plan has a price of zero."


class MixedCycles(errors.Invalid):
    """`currency` is the one whose prices disagree, `cycles` what they say, such as `1 month`."""

    code = "mixed_cycles"
    title = "All prices of one currency in a version share one interval and interval count."


class Recurring(Protocol):
    """What is asked of a price here."""

    @property
    def currency(self) -> str: ...
    @property
    def interval(self) -> str | None: ...
    @property
    def interval_count(self) -> int: ...


def check_publishable(prices: Iterable[Recurring]) -> None:
    """This function will refuse prices from which no single cycle per currency follows.

    :raises PlanHasNoPrices: if there are none.
    :raises MixedCycles: if two prices of one currency differ in interval or count.
    """
    cycles: dict[str, set[tuple[int, str]]] = {}
    for price in prices:
        cycles.setdefault(price.currency, set()).add((price.interval_count, price.interval or ""))
    if not cycles:
        raise PlanHasNoPrices
    for currency, found in sorted(cycles.items()):
        if len(found) > 1:
            raise MixedCycles(currency=currency, cycles=[f"{count} {interval}" for count, interval in sorted(found)])
