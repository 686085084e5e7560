"""Canceling, now, at a date or at the end of what is paid, and taking that back; and ending outright."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from core import errors, events
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._end import Farewell, cancel, expire
from subscriptions.internal._extensions import paid_until, withdraw_pending
from subscriptions.internal._pause_rows import close_pause
from subscriptions.internal._policy import CANCEL as CUSTOMERS_CANCEL
from subscriptions.internal._policy import check_customer, check_customer_cancel, current_settings
from subscriptions.internal._renew import catch_up
from subscriptions.internal._rows import locked, parties, record
from subscriptions.internal._scheduled import withdraw
from subscriptions.internal._seller import refuse_undoing_of_seller
from subscriptions.models import CancellationScheduled, ScheduledChange, Subscription
from subscriptions.proration import Behavior, Refund
from subscriptions.reasons import ENDED, SUBSCRIPTION_ENDS
from subscriptions.services._schedule import try_change
from subscriptions.signals import SubscriptionCancellationScheduled, SubscriptionCancellationUndone
from subscriptions.wanted import from_content

NOW: Final = "now"
PERIOD_END: Final = "period_end"
DATE: Final = "date"


class CancelInThePast(errors.Invalid):
    code = "cancel_in_the_past"
    title = "A cancellation takes effect now or later."


@transaction.atomic
def cancel_subscription(
    *,
    subscription_id: UUID,
    at: str | datetime = PERIOD_END,
    reason: str = "",
    comment: str = "",
    refund: Refund | None = None,
    actor: Actor,
    now: datetime,
) -> Subscription:
    """This function will cancel a subscription `now`, at an instant, or at `period_end`: when what is paid is used up.

    `reason` is one of `CancelReason`, `comment` somebody's own words. Where it ends inside a paid period, `refund` says
    what becomes of the rest; None is nothing, or for a customer what the environment has decided. What was bought ahead
    and never begins is given back in any case. Usage is charged up to the end.

    :raises core.errors.NotFound: if there is no such subscription.
    :raises subscriptions.internal.NotAllowed: if a customer asks who may not.
    :raises AlreadyCanceled: if it is canceled.
    :raises CancellationScheduled: if it was to be scheduled and is already.
    :raises CancelInThePast: if the instant has passed.
    :raises InvalidTransition: if its state does not allow it.
    """
    subscription = locked(subscription_id)
    check_customer_cancel(actor, DATE if isinstance(at, datetime) else at)
    how = Farewell(reason=reason, comment=comment, refund=_refund(refund, actor))
    if at == NOW:
        _refuse_unless(subscription, "cancel")
        catch_up(subscription, actor=actor, now=now)
        cancel(subscription, how, at=now, actor=actor, now=now)
        return subscription
    subscription.refuse_unless_cancelable_later()
    catch_up(subscription, actor=actor, now=now)
    ends_at = at if isinstance(at, datetime) else paid_until(subscription) or subscription.period.ends_at
    if isinstance(at, datetime) and at < now:
        raise CancelInThePast(at=at.isoformat())
    if subscription.status == states.PAUSED and ends_at <= now:
        # What rests longer than its period has none to run out.
        cancel(subscription, how, at=now, actor=actor, now=now)
        return subscription
    _schedule(subscription, how, ends_at, actor=actor, now=now)
    return subscription


def _refuse_unless(subscription: Subscription, verb: str) -> None:
    subscription.refuse_if_canceled()
    states.refuse_verb(verb, subscription.status)


def _refund(asked: Refund | None, actor: Actor) -> Refund:
    """How much comes back is not a customer's to say."""
    return Refund(current_settings().customer_refund) if actor.is_customer else asked or Refund.NONE


def _schedule(subscription: Subscription, how: Farewell, at: datetime, *, actor: Actor, now: datetime) -> None:
    if subscription.pauses_at is not None:
        close_pause(subscription, at=now, actor=actor, now=now)
        subscription.drop_pause()
    subscription.schedule_cancellation(at=at, reason=how.reason, comment=how.comment, refund=how.refund)
    record(
        subscription, "cancellation_scheduled", old_status=subscription.status, actor=actor, now=now,
        effective_at=at, reason=how.reason, comment=how.comment,
    )  # fmt: skip
    withdraw_pending(subscription, actor=actor, now=now)
    _withdraw_impossible(subscription, at, actor=actor, now=now)
    events.publish(
        SubscriptionCancellationScheduled(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), cancel_at=at,
            reason=how.reason, comment=how.comment, refund=how.refund.value,
        )
    )  # fmt: skip


def _withdraw_impossible(subscription: Subscription, end: datetime, *, actor: Actor, now: datetime) -> None:
    """What would come with the end, or later, never comes; nor does what could no longer be asked for."""
    for row in ScheduledChange.objects.select_for_update().of(subscription).pending():
        row.subscription = subscription
        if row.takes_effect_at >= end or _moves_an_end(row, actor=actor, now=now):
            withdraw(row, reason=SUBSCRIPTION_ENDS, actor=actor, now=now)


def _moves_an_end(row: ScheduledChange, *, actor: Actor, now: datetime) -> bool:
    behavior = Behavior(row.behavior) if row.behavior else None
    try:
        try_change(
            row.subscription, from_content(row.wanted), at=row.effective_at, behavior=behavior, actor=actor, now=now
        )  # fmt: skip
    except CancellationScheduled:
        return True
    except errors.Refusal:
        # Whether it can be done is seen when its time comes.
        return False
    return False


@transaction.atomic
def undo_cancellation(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription:
    """This function will let a subscription go on whose cancellation has not taken effect.

    :raises core.errors.NotFound: if there is no such subscription.
    :raises subscriptions.internal.NotAllowed: if a customer asks who may not cancel.
    :raises subscriptions.internal.CancellationOfTheSeller: if a customer asks, and it was not he who scheduled it.
    :raises subscriptions.internal.ChangeOfTheSeller, subscriptions.internal.PauseOfTheSeller: if a customer asks whose
    cancellation has withdrawn that.
    :raises AlreadyCanceled: if it has taken effect.
    :raises InvalidTransition: if it has expired.
    :raises NoCancellationScheduled: if there is none.
    """
    subscription = locked(subscription_id)
    check_customer(actor, CUSTOMERS_CANCEL)
    subscription.undo_cancellation()
    refuse_undoing_of_seller(subscription, actor=actor)
    record(subscription, "cancellation_undone", old_status=subscription.status, actor=actor, now=now)
    events.publish(
        SubscriptionCancellationUndone(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription)
        )
    )
    return subscription


@transaction.atomic
def end_subscription(
    *, subscription_id: UUID, comment: str = "", refund: Refund = Refund.NONE, actor: Actor, now: datetime
) -> Subscription:
    """This function will end a subscription at once as if its term were over, with a last invoice for what is open.

    :raises core.errors.NotFound: if there is no such subscription.
    :raises InvalidTransition: if it has not begun, or is over.
    """
    subscription = locked(subscription_id)
    states.refuse_verb("end", subscription.status)
    catch_up(subscription, actor=actor, now=now)
    how = Farewell(reason=ENDED, comment=comment, refund=refund)
    expire(subscription, how, at=now, actor=actor, now=now)
    return subscription
