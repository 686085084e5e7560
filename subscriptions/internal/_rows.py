"""Locking a subscription, and writing what became of it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from accounts.internal import LockedCustomer, lock_customer
from core import errors, events, ids
from core.actor import Actor
from core.tenancy.rows import ScopedRow
from core.tenancy.writes import later
from subscriptions.internal._history import Holding, complete, holding_of
from subscriptions.models import MrrMovement, Subscription, SubscriptionEvent
from subscriptions.mrr import plain
from subscriptions.signals import SubscriptionMrrChanged

# What may have changed of a subscription, which is everything but whose it is.
EVERYTHING: Final = tuple(
    field.name for field in Subscription._meta.concrete_fields if field.name not in ("id", "environment")
)


def locked(subscription_id: UUID) -> Subscription:
    """This function will lock a subscription after its customer, who comes first in the order of locks.

    :raises core.errors.NotFound: if the environment has no such subscription.
    """
    customer_id = Subscription.objects.filter(pk=subscription_id).values_list("customer_id", flat=True).first()
    if customer_id is None:
        raise errors.NotFound
    customer = lock_customer(customer_id)
    subscription = Subscription.objects.select_for_update().get(pk=subscription_id)
    return with_customer(subscription, customer)


def with_customer(subscription: Subscription, customer: LockedCustomer) -> Subscription:
    """This function will return a subscription that knows its customer's row, locked in this transaction."""
    subscription.locked_customer = customer
    return subscription


def record(
    subscription: Subscription,
    kind: str,
    *,
    old_status: str,
    actor: Actor,
    now: datetime,
    effective_at: datetime | None = None,
    reason: str = "",
    comment: str = "",
    holding: Holding | None = None,
) -> None:
    """This function will save the subscription as its next version and write the line of history that made it.

    With it goes the movement of monthly recurring revenue that the change is. `holding` is asked for if it is not
    given.
    """
    event = next_version(
        subscription,
        kind,
        old_status=old_status,
        actor=actor,
        now=now,
        effective_at=effective_at,
        reason=reason,
        comment=comment,
    )
    moved = complete(subscription, event, holding or holding_of(subscription))
    lines: list[ScopedRow] = [event] if moved is None else [event, moved]
    if subscription._state.adding:
        later([subscription, *lines])
    else:
        later(lines, [(subscription, EVERYTHING)])
    if moved is not None:
        _say_moved(subscription, moved, actor=actor, now=now)


def next_version(
    subscription: Subscription,
    kind: str,
    *,
    old_status: str,
    actor: Actor,
    now: datetime,
    effective_at: datetime | None = None,
    reason: str = "",
    comment: str = "",
) -> SubscriptionEvent:
    """This function will count the subscription's next version and return the line of history that makes it.

    Whoever calls it writes both.
    """
    subscription.version += 1
    return SubscriptionEvent.fresh(
        subscription_id=subscription.pk, number=subscription.version, type=kind, old_status=old_status,
        new_status=subscription.status, plan_id=subscription.plan_id,
        plan_version_id=subscription.plan_version_id, actor=actor.label, reason=reason, comment=comment,
        effective_at=effective_at or now, at=now,
    )  # fmt: skip


def parties(subscription: Subscription) -> dict[str, str]:
    """This function will return the public ids that every fact about a subscription carries."""
    return {"customer": ids.encode("cus", subscription.customer_id), "plan": ids.encode("pln", subscription.plan_id)}


def _say_moved(subscription: Subscription, moved: MrrMovement, *, actor: Actor, now: datetime) -> None:
    events.publish(
        SubscriptionMrrChanged(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            currency=moved.currency, movement=str(moved.kind), amount=plain(moved.amount), mrr=plain(subscription.mrr),
        )
    )  # fmt: skip
