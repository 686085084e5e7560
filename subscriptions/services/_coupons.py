"""Reducing what a running subscription costs."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing import internal as billing
from core import ids
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._policy import CHANGE, check_customer
from subscriptions.internal._rows import locked, record
from subscriptions.models import Subscription


@transaction.atomic
def redeem_coupon(*, subscription_id: UUID, code: str, actor: Actor, now: datetime) -> Subscription:
    """This function will redeem a coupon for a subscription: it reduces its invoices from the next one on.

    :raises core.errors.NotFound: if there is no such subscription.
    :raises subscriptions.internal.NotAllowed: if a customer asks who may not change what he has.
    :raises subscriptions.states.InvalidTransition: if it is over.
    :raises core.errors.Refusal: if the coupon cannot be redeemed, each limit with a code of its own.
    """
    subscription = locked(subscription_id)
    check_customer(actor, CHANGE)
    if subscription.is_terminal:
        raise states.unchangeable(subscription.status)
    billing.redeem_coupon(
        code, customer_id=subscription.customer_id, reference=subscription.public_id, currency=subscription.currency,
        plan=ids.encode("pln", subscription.plan_id), actor=actor, now=now,
    )  # fmt: skip
    record(subscription, "coupon_redeemed", old_status=subscription.status, actor=actor, now=now)
    return subscription
