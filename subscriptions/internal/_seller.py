"""What the seller has decided about a subscription: customers take back only what they have asked for themselves."""

from datetime import datetime
from typing import Final
from uuid import UUID

from core import errors
from core.actor import SYSTEM, Actor
from subscriptions.internal._pause_rows import open_pause
from subscriptions.models import ScheduledChange, Subscription, SubscriptionEvent, SubscriptionPause
from subscriptions.reasons import SUBSCRIPTION_ENDS

CANCELED: Final = "cancellation_scheduled"
PAUSED: Final = ("pause_scheduled", "paused")


class ChangeOfTheSeller(errors.Forbidden):
    code = "change_of_the_seller"
    title = "The change was scheduled by the seller, who alone replaces or withdraws it."


class CancellationOfTheSeller(errors.Forbidden):
    code = "cancellation_of_the_seller"
    title = "The cancellation was scheduled by the seller, who alone takes it back."


class PauseOfTheSeller(errors.Forbidden):
    code = "pause_of_the_seller"
    title = "The pause was decided by the seller, who alone ends or withdraws it."


def refuse_change_of_seller(row: ScheduledChange, *, actor: Actor) -> None:
    """This function will refuse a customer a scheduled change that is not his own.

    :raises ChangeOfTheSeller: naming it.
    """
    if actor.is_customer and row.created_by != actor.label:
        raise ChangeOfTheSeller(change=row.public_id)


def refuse_undoing_of_seller(subscription: Subscription, *, actor: Actor) -> None:
    """This function will refuse a customer to take back a scheduled cancellation that is not his own.

    His own he takes back unless it has withdrawn what the seller had planned, which would so be out of the way.

    :raises CancellationOfTheSeller: if he has not asked for it.
    :raises ChangeOfTheSeller, PauseOfTheSeller: if that was withdrawn for it.
    """
    if not actor.is_customer:
        return
    asked = _newest(subscription.pk, CANCELED)
    if asked is None or asked.actor != actor.label:
        raise CancellationOfTheSeller
    for row in ScheduledChange.objects.of(subscription).withdrawn(at=asked.at, why=SUBSCRIPTION_ENDS):
        refuse_change_of_seller(row, actor=actor)
    for pause in SubscriptionPause.objects.of(subscription).filter(withdrawn_at=asked.at):
        _refuse_pause(pause, actor)


def refuse_resuming_of_seller(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """This function will refuse a customer to end or withdraw a pause that the seller has decided and that is not over.

    One that the house began by itself, for want of money or of a means of payment, he ends.

    :raises PauseOfTheSeller: if it is not his.
    """
    if not actor.is_customer or (subscription.resumes_at is not None and subscription.resumes_at <= now):
        return
    pause = open_pause(subscription)
    if pause is not None:
        _refuse_pause(pause, actor)


def _refuse_pause(pause: SubscriptionPause, actor: Actor) -> None:
    """The line of history that was written with a pause knows who asked for it."""
    asked = _newest(pause.subscription_id, *PAUSED, at=pause.created_at)
    if asked is None or asked.actor not in (actor.label, SYSTEM.label):
        raise PauseOfTheSeller


def _newest(subscription_id: UUID, *types: str, **particulars: datetime) -> SubscriptionEvent | None:
    lines = SubscriptionEvent.objects.filter(subscription_id=subscription_id, type__in=types, **particulars)
    return lines.order_by("-number").first()
