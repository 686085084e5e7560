"""Changing what was agreed, now or later, and asking first what it would cost."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from core.actor import Actor
from subscriptions.internal._changing import carry_out
from subscriptions.internal._policy import CHANGE, check_customer
from subscriptions.internal._renew import catch_up
from subscriptions.internal._rows import locked
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.proration import Behavior
from subscriptions.services._schedule import NOW, schedule_change
from subscriptions.wanted import Wanted


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A subscription after somebody asked for a change.

    `invoice` is the public id of the one that bills it, if there was something to bill at once; `change` is what waits,
    if it was asked for later.
    """

    subscription: Subscription
    invoice: str | None = None
    change: ScheduledChange | None = None


@transaction.atomic
def change_subscription(
    *,
    subscription_id: UUID,
    wanted: Wanted,
    when: str | datetime = NOW,
    behavior: Behavior | None = None,
    actor: Actor,
    now: datetime,
) -> Changed:
    """This function will change a subscription, in any combination of respects, as one change with at most one invoice.

    `when` is `now`, `period_end` (with the next paid period), or an instant; see `schedule_change`.

    `behavior` says what the rest of the running period costs: with the next invoice unless told otherwise; a plan of
    another interval, and an anchor that moves, begin a period of their own, which is charged at once. Before the first
    paid period and during a pause nothing is charged. What is so already is left as it is.

    :raises core.errors.NotFound: if there is no such subscription, plan, add-on or payment method.
    :raises subscriptions.internal.NotAllowed: if a customer asks who may not.
    :raises core.errors.Refusal: see `subscriptions.internal._course.course_of`, `add_addon` and
    `billing.internal.redeem_coupon`.
    """
    if when != NOW:
        at = when if isinstance(when, datetime) else None
        row = schedule_change(
            subscription_id=subscription_id, wanted=wanted, at=at, behavior=behavior, actor=actor, now=now
        )
        return Changed(subscription=row.subscription, change=row)
    subscription = locked(subscription_id)
    check_customer(actor, CHANGE)
    catch_up(subscription, actor=actor, now=now)
    done = carry_out(subscription, wanted, behavior=behavior, at=now, actor=actor, now=now)
    return Changed(subscription=subscription, invoice=done.invoice.public_id if done.invoice else None)


@transaction.atomic
def hold_subscription(subscription_id: UUID) -> None:
    """This function will keep a subscription and its customer as they are until the caller's transaction ends.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    locked(subscription_id)
