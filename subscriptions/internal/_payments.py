"""What a paid, declined or voided invoice means for its subscription."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.internal import begin_dunning
from catalog.selectors import get_terms
from core import events
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._begin import say_activated
from subscriptions.internal._dunning import ended_unpaid, go_on_when_settled, settle_access
from subscriptions.internal._extensions import apply, can_apply, extension_of
from subscriptions.internal._owing import note_past_due, owed_for, owes
from subscriptions.internal._rows import locked, parties, record
from subscriptions.models import Extension, Subscription
from subscriptions.signals import SubscriptionRecovered


@transaction.atomic
def settle(*, subscription_id: UUID, invoice_id: UUID, actor: Actor, now: datetime) -> Subscription:
    """This function will draw the consequence of a paid invoice: an extension in force, active, recovered, or resumed.

    It may be repeated: what has been drawn is not drawn again.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    extension = extension_of(invoice_id)
    if extension is not None:
        if can_apply(subscription, extension):
            apply(subscription, extension, actor=actor, now=now)
    elif subscription.status == states.INCOMPLETE:
        activate(subscription, actor=actor, now=now)
    elif subscription.status == states.PAST_DUE:
        recover(subscription, actor=actor, now=now)
    elif subscription.status == states.PAUSED:
        go_on_when_settled(subscription, actor=actor, now=now)
    settle_access(subscription, actor=actor, now=now)
    return subscription


def activate(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """This function will make a locked subscription active whose first payment has arrived."""
    if owes(subscription):
        return
    subscription.move_to(states.ACTIVE)
    subscription.unpaid_deadline_at = None
    record(subscription, "activated", old_status=states.INCOMPLETE, actor=actor, now=now)
    say_activated(subscription, get_terms(subscription.plan_version_id), actor=actor, now=now)


def recover(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """This function will make a locked subscription active again, unless another of its invoices is still open."""
    if owes(subscription):
        return
    subscription.move_to(states.ACTIVE)
    record(subscription, "recovered", old_status=states.PAST_DUE, actor=actor, now=now)
    events.publish(
        SubscriptionRecovered(subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription))
    )


@transaction.atomic
def mark_past_due(
    *,
    subscription_id: UUID,
    invoice_id: UUID,
    code: str,
    actor: Actor,
    now: datetime,
    failed_at: datetime | None = None,
) -> Subscription | None:
    """This function will mark an active subscription past due whose payment was declined; None if that changes nothing.

    What was ordered ahead may stay unpaid, and so may what has been paid in the meantime. Everything else that is owed
    is followed up by the plan's dunning policy, from `failed_at` on; what was never paid for lapses by itself, and of
    what dunning has canceled nothing more is tried.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    if subscription.status in states.UNPAID or ended_unpaid(subscription) or invoice_id not in owed_for(subscription):
        return None
    begin_dunning(
        invoice_id=invoice_id, plan=parties(subscription)["plan"], failed_at=failed_at or now, actor=actor, now=now
    )
    if subscription.status != states.ACTIVE:
        return None
    note_past_due(subscription, invoice_id, code, actor=actor, now=now)
    return subscription


@transaction.atomic
def forgive(*, subscription_id: UUID, invoice_id: UUID, actor: Actor, now: datetime) -> Subscription:
    """This function will draw the consequence of a voided invoice: nothing is owed, or nothing was ordered.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    Extension.objects.pending().filter(invoice_id=invoice_id).update(withdrawn_at=now)
    if subscription.status == states.PAST_DUE:
        recover(subscription, actor=actor, now=now)
    elif subscription.status == states.PAUSED:
        go_on_when_settled(subscription, actor=actor, now=now)
    settle_access(subscription, actor=actor, now=now)
    return subscription
