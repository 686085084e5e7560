"""The end of a trial."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from catalog.selectors import PlanTerms, get_terms
from core import events
from core.actor import Actor
from payments.selectors import has_payment_method
from subscriptions import states
from subscriptions.internal._begin import await_payment_for, say_activated
from subscriptions.internal._charges import open_period, opening_lines
from subscriptions.internal._end import Farewell, cancel
from subscriptions.internal._entitlements import revoke
from subscriptions.internal._items import held_by, plan_items
from subscriptions.internal._pauses import say_paused
from subscriptions.internal._policy import current_settings
from subscriptions.internal._rows import locked, parties, record
from subscriptions.internal._scheduled import begin_with_changes
from subscriptions.internal._versions import take_next_version
from subscriptions.models import Subscription, SubscriptionPause, SubscriptionSettings
from subscriptions.reasons import NO_METHOD
from subscriptions.signals import SubscriptionTrialConverted


@transaction.atomic
def convert_trial(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription | None:
    """This function will begin the paid time of a trial that is over, anchored at the trial's end; None if not due.

    The first invoice is issued and collected. With a means of payment the subscription is active meanwhile; without
    one it becomes what the environment has decided: incomplete until the payment arrives, paused, or canceled.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    ends_at = subscription.trial_ends_at
    if subscription.reminded_of is None or not subscription.is_in_trial or ends_at is None or ends_at > now:
        return None
    begin_paid(subscription, at=ends_at, is_asked=False, actor=actor, now=now)
    return subscription


def begin_paid(subscription: Subscription, *, at: datetime, is_asked: bool, actor: Actor, now: datetime) -> None:
    """This function will begin the paid time of a locked trial at an instant.

    Whoever `is_asked` for it himself waits for the first payment where there is no means of payment.
    """
    begin_with_changes(subscription, at=at, actor=actor, now=now)
    terms = get_terms(subscription.plan_version_id)
    without = SubscriptionSettings.WithoutMethod.INCOMPLETE if is_asked else _without_method(subscription, terms)
    if without == SubscriptionSettings.WithoutMethod.PAUSED:
        _rest(subscription, at, actor=actor, now=now)
    elif without == SubscriptionSettings.WithoutMethod.CANCELED:
        cancel(subscription, Farewell(reason=NO_METHOD), at=at, actor=actor, now=now)
    else:
        terms = take_next_version(subscription, terms, actor=actor, now=now)
        _convert(subscription, terms, at, actor=actor, now=now)


def _without_method(subscription: Subscription, terms: PlanTerms) -> str:
    """What becomes of a trial that costs something from now on and has nothing to pay with; empty if it can go on."""
    if has_payment_method(subscription.customer_id):
        return ""
    policy = current_settings().trial_without_method
    if policy == SubscriptionSettings.WithoutMethod.INCOMPLETE or not _costs(subscription, terms):
        return ""
    return policy


def _costs(subscription: Subscription, terms: PlanTerms) -> bool:
    if subscription.next_plan_version_id is not None:
        terms = get_terms(subscription.next_plan_version_id)
    items = (*plan_items(subscription, terms), *held_by(subscription).recurring())
    return any(item.is_in_advance and item.amount_minor for item in items)


def _rest(subscription: Subscription, at: datetime, *, actor: Actor, now: datetime) -> None:
    subscription.rest(at=at, until=None)
    pause = SubscriptionPause.objects.create(
        subscription=subscription, policy=SubscriptionPause.Policy.RESTART, interrupted=states.TRIALING, starts_at=at,
        began_at=now, reason=NO_METHOD, created_at=now,
    )  # fmt: skip
    record(subscription, "paused", old_status=states.TRIALING, actor=actor, now=now, effective_at=at, reason=NO_METHOD)
    revoke(subscription, now=now)
    say_paused(subscription, pause, actor=actor, now=now)


def _convert(subscription: Subscription, terms: PlanTerms, at: datetime, *, actor: Actor, now: datetime) -> None:
    subscription.anchor(at=at)
    held = held_by(subscription)
    lines = opening_lines(subscription, terms, held)
    status = await_payment_for(subscription, lines, now=now)
    if status == states.INCOMPLETE and has_payment_method(subscription.customer_id):
        status, subscription.unpaid_deadline_at = states.ACTIVE, None
    subscription.move_to(status)
    record(subscription, "trial_converted", old_status=states.TRIALING, actor=actor, now=now, effective_at=at)
    invoice = open_period(subscription, lines, extension=held.extension, actor=actor, now=now)
    events.publish(
        SubscriptionTrialConverted(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), status=status,
            invoice=invoice.public_id if invoice else None,
        )
    )  # fmt: skip
    if status == states.ACTIVE:
        say_activated(subscription, terms, actor=actor, now=now)
