"""The end of a trial."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from catalog.selectors import get_terms
from core import events
from core.actor import Actor
from payments.selectors import has_payment_method
from subscriptions import states
from subscriptions.internal._begin import await_payment_for, say_activated
from subscriptions.internal._charges import open_period, opening_lines
from subscriptions.internal._items import held_by
from subscriptions.internal._rows import locked, parties, record
from subscriptions.internal._versions import take_next_version
from subscriptions.models import Subscription
from subscriptions.signals import SubscriptionTrialConverted


@transaction.atomic
def convert_trial(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription | None:
    """This function will begin the paid time of a trial that is over, anchored at the trial's end; None if not due.

    The first invoice is issued and collected. With a means of payment the subscription is active meanwhile; without
    one it is incomplete until the payment arrives.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    ends_at = subscription.trial_ends_at
    if not subscription.is_in_trial or subscription.cancel_at is not None or ends_at is None or ends_at > now:
        return None
    terms = take_next_version(subscription, get_terms(subscription.plan_version_id), actor=actor, now=now)
    subscription.anchor(at=ends_at)
    held = held_by(subscription)
    lines = opening_lines(subscription, terms, held)
    status = await_payment_for(subscription, lines, now=now)
    if status == states.INCOMPLETE and has_payment_method(subscription.customer_id):
        status, subscription.unpaid_deadline_at = states.ACTIVE, None
    subscription.move_to(status)
    record(subscription, "trial_converted", old_status=states.TRIALING, actor=actor, now=now, effective_at=ends_at)
    invoice = open_period(subscription, lines, extension=held.extension, actor=actor, now=now)
    events.publish(
        SubscriptionTrialConverted(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), status=status,
            invoice=invoice.public_id if invoice else None,
        )
    )  # fmt: skip
    if status == states.ACTIVE:
        say_activated(subscription, terms, actor=actor, now=now)
    return subscription
