"""What becomes of a subscription whose invoice cannot be collected: its access, and in the end itself."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from billing.internal import give_up_dunning_of
from billing.selectors import find_end_action, get_invoice, is_grace_over
from catalog.selectors import get_terms
from core import events
from core.actor import SYSTEM, Actor
from subscriptions import states
from subscriptions.internal._end import Farewell, cancel
from subscriptions.internal._entitlements import grant, revoke
from subscriptions.internal._owing import owes
from subscriptions.internal._pause_rows import close_pause, open_pause
from subscriptions.internal._pauses import begin_pause, go_on
from subscriptions.internal._renew import catch_up
from subscriptions.internal._rows import locked, parties, record
from subscriptions.models import Subscription, SubscriptionEvent, SubscriptionPause
from subscriptions.proration import Refund
from subscriptions.reasons import CancelReason
from subscriptions.signals import SubscriptionAccessRestored, SubscriptionAccessSuspended

PAYMENT_FAILED: Final = CancelReason.PAYMENT_FAILED.value
CANCEL, PAUSE = "cancel", "pause"
# Why what could not be collected goes on after all.
NOTHING_OWED: Final = "nothing_owed"
PAUSED: Final = "paused"
_UNPAID: Final = ("open", "uncollectible")


@transaction.atomic
def follow_access(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription:
    """This function will take or give back what a subscription grants, by whether the grace for what it owes is over.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    settle_access(subscription, actor=actor, now=now)
    return subscription


def settle_access(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """This function will do so with a locked subscription."""
    is_past_due = subscription.status == states.PAST_DUE
    if not is_past_due and subscription.suspended_at is None:
        return
    is_over = is_past_due and is_grace_over(subscription.public_id)
    if is_over and subscription.suspended_at is None:
        _suspend(subscription, actor=actor, now=now)
    elif not is_over and subscription.suspended_at is not None and not subscription.is_terminal:
        _restore(subscription, actor=actor, now=now)


@transaction.atomic
def follow_past_due(*, subscription_id: UUID, invoice_id: UUID, actor: Actor, now: datetime) -> Subscription:
    """This function will see to it that what became past due is treated as what it owes, which may be old.

    What went on after a pause may owe something whose grace is over, or that was given up meanwhile.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = follow_access(subscription_id=subscription_id, actor=actor, now=now)
    end_action = find_end_action(invoice_id)
    if end_action is not None:
        end_unpaid(
            subscription_id=subscription_id, invoice_id=invoice_id, end_action=end_action, actor=actor, now=now
        )  # fmt: skip
    return subscription


@transaction.atomic
def end_unpaid(
    *, subscription_id: UUID, invoice_id: UUID, end_action: str, actor: Actor, now: datetime
) -> Subscription | None:
    """This function will deal with a past due subscription whose invoice was given up: cancel, pause or leave it.

    Where it is canceled, its other unpaid invoices are given up with it. None if that changes nothing: it is not
    past due any more, or the money has come after all.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    if subscription.status != states.PAST_DUE or get_invoice(invoice_id).state not in _UNPAID:
        return None
    if end_action == CANCEL:
        catch_up(subscription, actor=actor, now=now)
        cancel(subscription, Farewell(reason=PAYMENT_FAILED), at=now, actor=actor, now=now)
        give_up_dunning_of(subscription.public_id, actor=actor, now=now)
    elif end_action == PAUSE:
        _pause(subscription, actor=actor, now=now)
    else:
        return None
    return subscription


def go_on_when_settled(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """This function will let a locked subscription go on that rests because of what it owed, once it owes nothing."""
    pause = open_pause(subscription)
    if pause is not None and _is_for_debt(pause) and not owes(subscription):
        go_on(subscription, at=now, how=NOTHING_OWED, actor=actor, now=now)


def _is_for_debt(pause: SubscriptionPause) -> bool:
    """Whether the house began a pause by itself, as its line of history says; people's own have words of their own."""
    lines = SubscriptionEvent.objects.filter(subscription_id=pause.subscription_id, type=PAUSED, at=pause.created_at)
    return lines.filter(actor=SYSTEM.label, reason=PAYMENT_FAILED).exists()


def ended_unpaid(subscription: Subscription) -> bool:
    """This function will tell whether dunning has canceled a subscription."""
    return subscription.status == states.CANCELED and subscription.reason == PAYMENT_FAILED


def _pause(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """Nothing more is billed and nothing granted until what it owes is paid."""
    catch_up(subscription, actor=actor, now=now)
    pause = SubscriptionPause(
        subscription=subscription, policy=SubscriptionPause.Policy.GIVE_BACK, interrupted=subscription.status,
        period_number=subscription.period_index, starts_at=now, reason=PAYMENT_FAILED, created_at=now,
    )  # fmt: skip
    close_pause(subscription, at=now, actor=actor, now=now)
    begin_pause(subscription, pause, refund=Refund.NONE, actor=actor, now=now)


def _suspend(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    subscription.suspended_at = now
    record(subscription, "access_suspended", old_status=subscription.status, actor=actor, now=now)
    revoke(subscription, now=now)
    events.publish(
        SubscriptionAccessSuspended(subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription))
    )


def _restore(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    subscription.suspended_at = None
    record(subscription, "access_restored", old_status=subscription.status, actor=actor, now=now)
    grant(subscription, get_terms(subscription.plan_version_id), now=now)
    events.publish(
        SubscriptionAccessRestored(subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription))
    )
