"""What is read to show subscriptions: the rows, and what they hold."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from billing.selectors import HOLDS_COUPONS, list_redemptions
from core import ids
from core.actor import Actor
from core.tenancy.prepared import Prepared
from subscriptions.api.own_bodies import OwnSubscriptionBody
from subscriptions.api.serializers import SubscriptionBody
from subscriptions.models import KEPT_ADDONS, Subscription, SubscriptionAddOn, SubscriptionEvent

_HAS_ADDONS = """
    EXISTS (SELECT 1 FROM subscriptions_subscriptionaddon addon
             WHERE addon.environment_id = subscriptions_subscription.environment_id
               AND addon.subscription_id = subscriptions_subscription.id AND addon.removed_at IS NULL)
"""
# By its public id and its id. Most have neither add-on nor coupon, so that nobody has to look further.
_ONE: Final = Prepared(
    Subscription, "id = %s",
    told={"has_addons": _HAS_ADDONS, "has_coupons": HOLDS_COUPONS.format(table="subscriptions_subscription")},
)  # fmt: skip


def find(public_id: str) -> Subscription | None:
    """This function will return a subscription, which says beside its columns whether it has add-ons and coupons.

    `has_addons` and `has_coupons` are as they were when it was read.

    :raises core.errors.NotFound: for what is no public id of a subscription.
    """
    return _ONE.first(public_id, ids.decode(Subscription.prefix, public_id))


def body_for(asker: Actor) -> type[SubscriptionBody]:
    """This function will return what somebody reads of subscriptions: a customer, or who acts for the seller."""
    return OwnSubscriptionBody if asker.is_customer else SubscriptionBody


def shown(row: Subscription, asker: Actor) -> Any:
    """This function will return a subscription as it is answered to somebody after a verb."""
    return body_for(asker).of(row, **holdings([row]), **comments([row], asker))


def with_holdings(serializer: Callable[..., Any], asker: Actor, *arguments: Any, **options: Any) -> Any:
    """This function will return the writer of a list or of one row for somebody, with what they hold."""
    made = serializer(*arguments, **options)
    rows = arguments[0] if arguments else []
    found = rows if isinstance(rows, Sequence) else [rows]
    made.context.update(holdings(found), **comments(found, asker))
    return made


def comments(rows: Sequence[Subscription], asker: Actor) -> dict[str, Any]:
    """This function will return which comments of subscriptions a customer made himself. Without any it asks nothing.

    Who acts for the seller reads all of them.
    """
    keys = [row.pk for row in rows if row.comment] if asker.is_customer else []
    said = SubscriptionEvent.objects.filter(subscription_id__in=keys, actor=asker.label).exclude(comment="")
    return {"own_comments": frozenset(said.values_list("subscription_id", "comment")) if keys else frozenset()}


def holdings(rows: Sequence[Subscription]) -> dict[str, Any]:
    """This function will return the add-ons and coupons of subscriptions, by a query for either however many they are.

    A row that said when it was read that it has none is not asked about.
    """
    addons: dict[UUID, list[SubscriptionAddOn]] = {}
    keys = [row.pk for row in rows if getattr(row, "has_addons", True)]
    for addon in KEPT_ADDONS.all(keys) if keys else ():
        addons.setdefault(addon.subscription_id, []).append(addon)
    references = [row.public_id for row in rows if getattr(row, "has_coupons", True)]
    return {"addons": addons, "coupons": list_redemptions(references) if references else {}}
