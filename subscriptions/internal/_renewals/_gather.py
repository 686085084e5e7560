"""Locking many subscriptions, and asking once for everything that decides about their next periods."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from accounts.internal import lock_customers
from billing.selectors import ForeverCoupon, list_forever
from catalog.selectors import PlanTerms, PriceTerms, list_prices, list_terms
from subscriptions.internal._history import Holding
from subscriptions.internal._items import Held
from subscriptions.internal._rows import with_customer
from subscriptions.models import (
    ALL_LOCKED,
    APPLIED,
    KEPT_ADDONS,
    Extension,
    ScheduledChange,
    Subscription,
    SubscriptionAddOn,
)

Row = TypeVar("Row", SubscriptionAddOn, Extension)


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What decides about many subscriptions: terms by version, prices of add-ons, the rest by subscription.

    `coupons` are those without an end, by the subscription's public id; `changing` is for whom a change waits.
    """

    terms: Mapping[UUID, PlanTerms]
    prices: Mapping[UUID, PriceTerms]
    addons: Mapping[UUID, Sequence[SubscriptionAddOn]]
    extensions: Mapping[UUID, Sequence[Extension]]
    coupons: Mapping[str, tuple[ForeverCoupon, ...]]
    changing: frozenset[UUID]

    def held_by(self, subscription: Subscription) -> Held:
        """This function will return what a subscription has beside its plan, as its current period says."""
        number = subscription.period_index
        covering = (one for one in self.extensions.get(subscription.pk, ()) if one.covers(number))
        addons = tuple(self.addons.get(subscription.pk, ()))
        return Held(addons=addons, extension=next(covering, None), prices=self.prices)

    def holding_of(self, subscription: Subscription) -> Holding:
        """This function will return what decides what a subscription is worth."""
        return Holding(
            terms=self.terms[subscription.plan_version_id], held=self.held_by(subscription),
            coupons=self.coupons.get(subscription.public_id, ()),
        )  # fmt: skip


def lock_many(subscription_ids: Collection[UUID]) -> list[Subscription]:
    """This function will lock subscriptions after their customers, in the order of locks, the longest due first."""
    found = Subscription.objects.filter(pk__in=subscription_ids).values_list("customer_id", flat=True)
    customers = lock_customers(set(found))
    rows = [with_customer(row, customers[row.customer_id]) for row in ALL_LOCKED.all(list(subscription_ids))]
    return sorted(rows, key=lambda row: (row.renews_at or row.created_at, row.pk))


def gather(subscriptions: Sequence[Subscription]) -> Gathered:
    """This function will ask for what locked subscriptions are charged with."""
    keys = [row.pk for row in subscriptions]
    addons, extensions = KEPT_ADDONS.all(keys), APPLIED.all(keys)
    waiting = ScheduledChange.objects.pending().filter(subscription__in=subscriptions)
    return Gathered(
        terms=list_terms({row.plan_version_id for row in subscriptions}),
        prices=list_prices({row.price_id for row in addons}) if addons else {}, addons=_by_owner(addons),
        extensions=_by_owner(extensions), coupons=list_forever([row.public_id for row in subscriptions]),
        changing=frozenset(waiting.values_list("subscription_id", flat=True)),
    )  # fmt: skip


def _by_owner(rows: Sequence[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row.subscription_id, []).append(row)
    return found
