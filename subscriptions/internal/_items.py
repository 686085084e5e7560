"""What a subscription is charged with: its plan's prices and its add-ons'."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from catalog.selectors import PlanTerms, list_prices
from subscriptions.lines import Item, Span, addon_item, items_of
from subscriptions.models import Extension, Subscription, SubscriptionAddOn
from subscriptions.proration import Basis


def plan_items(subscription: Subscription, terms: PlanTerms) -> tuple[Item, ...]:
    """This function will return what a version of the plan would charge the subscription with.

    :raises catalog.selectors.CurrencyNotOffered: if it has no prices in the subscription's currency.
    """
    return items_of(terms, currency=subscription.currency, quantity=subscription.quantity)


def recurring_items(subscription: Subscription) -> tuple[Item, ...]:
    """This function will return what the add-ons that are not removed charge every period with."""
    return _items(list(SubscriptionAddOn.objects.of(subscription).kept().recurring()))


def waiting_items(subscription: Subscription) -> tuple[Item, ...]:
    """This function will return what the add-ons charge that are charged once and have not been."""
    rows = _items(list(SubscriptionAddOn.objects.of(subscription).waiting()))
    return tuple(replace(item, kind="one_off") for item in rows)


def all_items(subscription: Subscription, terms: PlanTerms) -> tuple[Item, ...]:
    """This function will return everything that every period is charged with."""
    return (*plan_items(subscription, terms), *recurring_items(subscription))


def uncovered(items: Iterable[Item], extension: Extension | None) -> tuple[Item, ...]:
    """This function will leave out what was bought ahead.

    That is the plan, and unless somebody else gave it, what was taken beside it when it was bought.
    """
    if extension is None:
        return tuple(items)
    return tuple(
        item
        for item in items
        if item.since is not None and (extension.source is not None or item.since > extension.created_at)
    )


def span_of(subscription: Subscription, terms: PlanTerms) -> Span:
    """This function will return the current period as shares of it are measured."""
    return Span(
        whole=subscription.whole_period, starts_at=subscription.period.starts_at, clock=Basis(terms.proration_basis),
        timezone=subscription.timezone,
    )  # fmt: skip


def _items(rows: Sequence[SubscriptionAddOn]) -> tuple[Item, ...]:
    if not rows:
        return ()
    prices = list_prices({row.price_id for row in rows})
    return tuple(addon_item(prices[row.price_id], quantity=row.quantity, since=row.added_at) for row in rows)
