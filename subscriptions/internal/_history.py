"""The line of history that a change writes, what the subscription is worth from then on, and what that means."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.db import connection

from billing.selectors import ForeverCoupon, list_forever
from catalog.selectors import PlanTerms, get_terms
from core import tenancy
from subscriptions import mrr, snapshots
from subscriptions.internal._items import Held, plan_items
from subscriptions.lines import Item
from subscriptions.models import KEPT_ADDONS, MrrMovement, Subscription, SubscriptionAddOn, SubscriptionEvent

_CUSTOMERS = """
SELECT count(*), COALESCE(sum(amount), 0) FROM subscriptions_mrrmovement
 WHERE environment_id = %s AND customer_id = %s AND currency = %s
"""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What decides what a subscription is worth, beside its row. `coupons` are those without an end.

    `terms` None is asked for if they are needed: what is not running is worth nothing, whatever it costs.
    """

    terms: PlanTerms | None = None
    held: Held
    coupons: tuple[ForeverCoupon, ...] = ()


def holding_of(subscription: Subscription) -> Holding:
    """This function will ask what a subscription holds."""
    return list_holdings([subscription])[subscription.pk]


def list_holdings(subscriptions: Sequence[Subscription]) -> dict[UUID, Holding]:
    """This function will ask what subscriptions hold, with two queries however many they are."""
    addons: dict[UUID, list[SubscriptionAddOn]] = {}
    for row in KEPT_ADDONS.all([one.pk for one in subscriptions]):
        addons.setdefault(row.subscription_id, []).append(row)
    coupons = list_forever([one.public_id for one in subscriptions if not one.is_terminal])
    return {
        one.pk: Holding(
            held=Held(addons=tuple(addons.get(one.pk, ()))), coupons=coupons.get(one.public_id, ()),
        )
        for one in subscriptions
    }  # fmt: skip


def worth(subscription: Subscription, holding: Holding) -> Decimal:
    """This function will return what a subscription is worth in a month, with 18 places."""
    if subscription.status not in mrr.COUNTED:
        return mrr.kept(Fraction())
    terms = holding.terms or get_terms(subscription.plan_version_id)
    items = (*plan_items(subscription, terms), *holding.held.recurring())
    return worth_of(subscription, items, holding.coupons)


def worth_of(subscription: Subscription, items: Iterable[Item], coupons: Iterable[ForeverCoupon]) -> Decimal:
    """This function will return what a subscription that is charged with these items is worth in a month."""
    exact = mrr.value(
        [_part(item) for item in items if item.terms.is_recurring], [_reduction(one) for one in coupons],
        status=subscription.status, interval=subscription.interval, interval_count=subscription.interval_count,
    )  # fmt: skip
    return mrr.kept(exact)


def complete(subscription: Subscription, event: SubscriptionEvent, holding: Holding) -> MrrMovement | None:
    """This function will complete a line of history, and return the movement that it is, None if it is none.

    The subscription, whose customer is locked, is worth from here on what the line says. Both have to be written.
    """
    before = subscription.mrr
    subscription.mrr = worth(subscription, holding)
    event.snapshot = snapshots.taken(subscription, holding.held.addons, holding.coupons)
    return None if subscription.mrr == before else _movement(subscription, event, before)


def keep(subscription: Subscription, event: SubscriptionEvent, holding: Holding) -> bool:
    """This function will complete a line of history that moves nothing, without a query; False if it does move it."""
    if worth(subscription, holding) != subscription.mrr:
        return False
    event.snapshot = snapshots.taken(subscription, holding.held.addons, holding.coupons)
    return True


def _movement(subscription: Subscription, event: SubscriptionEvent, before: Decimal) -> MrrMovement:
    number, whole = _standing(subscription)
    kind = mrr.movement(
        before=before, after=subscription.mrr, others=mrr.difference(whole, before), is_known=number > 0
    )
    return MrrMovement(
        subscription=subscription, customer_id=subscription.customer_id, event=event, number=number + 1,
        currency=subscription.currency, kind=kind.value, amount=mrr.difference(subscription.mrr, before), at=event.at,
    )  # fmt: skip


def _standing(subscription: Subscription) -> tuple[int, Decimal]:
    """How many movements the customer has made in the currency, and what he is worth in it."""
    with connection.cursor() as cursor:
        cursor.execute(_CUSTOMERS, [tenancy.environment_id(), subscription.customer_id, subscription.currency])
        number, whole = cursor.fetchone()
    return int(number), Decimal(whole)


def _part(item: Item) -> mrr.Part:
    return mrr.Part(
        amount_minor=Fraction(item.amount_minor), plan=item.terms.plan_public_id, price=item.terms.public_id
    )


def _reduction(one: ForeverCoupon) -> mrr.Reduction:
    return mrr.Reduction(percent=one.percent, amount_minor=one.amount_minor, plans=one.plans, prices=one.prices)
