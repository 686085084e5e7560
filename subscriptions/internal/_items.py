"""What a subscription is charged with: its plan's prices and its add-ons'."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from catalog.selectors import PlanTerms, PriceTerms, list_prices
from core.periods import Period
from subscriptions.lines import Item, Span, addon_item, items_of
from subscriptions.models import (
    COVERING,
    KEPT_ADDONS,
    Extension,
    Subscription,
    SubscriptionAddOn,
    SubscriptionPause,
)
from subscriptions.proration import Basis


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a subscription has beside its plan: add-ons that are not removed, and what has paid for the period.

    `prices` are those of the add-ons, where they have been asked for already.
    """

    addons: tuple[SubscriptionAddOn, ...] = ()
    extension: Extension | None = None
    prices: Mapping[UUID, PriceTerms] | None = None

    def recurring(self) -> tuple[Item, ...]:
        """This function will return what the add-ons charge every period with."""
        return _items([row for row in self.addons if row.kind == SubscriptionAddOn.Kind.RECURRING], self.prices)

    def waiting(self) -> tuple[Item, ...]:
        """This function will return what the add-ons charge that are charged once and have not been."""
        return tuple(replace(item, kind="one_off") for item in _items(self.unbilled, self.prices))

    @property
    def unbilled(self) -> list[SubscriptionAddOn]:
        """The add-ons that are charged once and have not been."""
        once = SubscriptionAddOn.Kind.ONE_OFF
        return [row for row in self.addons if row.kind == once and row.billed_at is None]


def held_by(subscription: Subscription) -> Held:
    """This function will return what a subscription has beside its plan."""
    return Held(addons=tuple(KEPT_ADDONS.all([subscription.pk])), extension=covering(subscription))


def covering(subscription: Subscription) -> Extension | None:
    """This function will return the extension that has paid for the current period, if one has."""
    number = subscription.period_index
    return None if number is None else COVERING.first(subscription.pk, number, number)


def plan_items(subscription: Subscription, terms: PlanTerms) -> tuple[Item, ...]:
    """This function will return what a version of the plan would charge the subscription with.

    :raises catalog.selectors.CurrencyNotOffered: if it has no prices in the subscription's currency.
    """
    return items_of(
        terms, currency=subscription.currency, quantity=subscription.quantity, since=subscription.quantity_from_at
    )


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
        timezone=subscription.timezone, rests=_rests(subscription),
    )  # fmt: skip


def _rests(subscription: Subscription) -> tuple[Period, ...]:
    if subscription.given_back is None:
        return ()
    rows = SubscriptionPause.objects.of(subscription).given_back().filter(period_number=subscription.period_index)
    spans = rows.values_list("starts_at", "ended_at")
    return tuple(Period(began, ended) for began, ended in spans if ended is not None and began < ended)


def _items(rows: Sequence[SubscriptionAddOn], known: Mapping[UUID, PriceTerms] | None = None) -> tuple[Item, ...]:
    if not rows:
        return ()
    prices = list_prices({row.price_id for row in rows}) if known is None else known
    return tuple(addon_item(prices[row.price_id], quantity=row.quantity, since=row.added_at) for row in rows)
