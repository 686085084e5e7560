"""How a subscription begins: with a trial, with a first payment, or at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.internal import NewLine
from billing.selectors import InvoiceView
from catalog.selectors import PlanTerms, get_terms
from core import events
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._charges import open_period, opening_lines
from subscriptions.internal._create import trial_end
from subscriptions.internal._entitlements import grant
from subscriptions.internal._items import Held, held_by
from subscriptions.internal._rows import locked, parties, record
from subscriptions.internal._scheduled import begin_with_changes
from subscriptions.internal._trial_uses import has_trial_left, note_trial
from subscriptions.internal._versions import take_next_version
from subscriptions.models import Extension, Subscription
from subscriptions.signals import (
    SubscriptionActivated,
    SubscriptionAwaitsPayment,
    SubscriptionTrialStarted,
)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """The state in which a subscription begins, and what its first period costs at once."""

    status: str
    lines: tuple[NewLine, ...] = ()
    extension: Extension | None = None


def opening(
    subscription: Subscription, terms: PlanTerms, held: Held, *, has_trial: bool, at: datetime, now: datetime
) -> Opening:
    """This function will set the clock of a subscription that begins at `at` and return how it begins.

    Whether with a trial is the caller's to say, and to have looked up once: between two looks somebody else with the
    same mailbox may have had it, and who asked for a trial would be charged at once.
    """
    if has_trial:
        subscription.begin_trial(at=at, until=trial_end(subscription, at=at))
        return Opening(status=states.TRIALING)
    subscription.anchor(at=at)
    lines = opening_lines(subscription, terms, held)
    return Opening(status=await_payment_for(subscription, lines, now=now), lines=tuple(lines), extension=held.extension)


def await_payment_for(subscription: Subscription, lines: Iterable[NewLine], *, now: datetime) -> str:
    """This function will set the deadline of a first payment if there is one, and return the state that follows."""
    if any(line.amount_minor for line in lines):
        subscription.await_payment(at=now)
        return states.INCOMPLETE
    return states.ACTIVE


def open_first(
    subscription: Subscription,
    terms: PlanTerms,
    begun: Opening,
    *,
    actor: Actor,
    now: datetime,
    numbered_last: bool = False,
) -> InvoiceView | None:
    """This function will do what the state in which a saved subscription begins asks for, and say so.

    `numbered_last` is for whoever does not look at the invoice.
    """
    if subscription.is_in_trial:
        note_trial(subscription, now=now)
        grant(subscription, terms, now=now)
        events.publish(
            SubscriptionTrialStarted(
                subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
                trial_ends_at=subscription.period.ends_at,
            )
        )  # fmt: skip
        return None
    invoice = open_period(
        subscription, begun.lines, extension=begun.extension, actor=actor, now=now, numbered_last=numbered_last
    )
    if subscription.status == states.ACTIVE:
        say_activated(subscription, terms, actor=actor, now=now)
    return invoice


def say_activated(subscription: Subscription, terms: PlanTerms, *, actor: Actor, now: datetime) -> None:
    """This function will grant an active subscription's features and publish that it is active."""
    grant(subscription, terms, now=now)
    events.publish(
        SubscriptionActivated(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            period_starts_at=subscription.period.starts_at, period_ends_at=subscription.period.ends_at,
        )
    )  # fmt: skip


@transaction.atomic
def start(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription | None:
    """This function will begin a scheduled subscription whose start has come; None if it is not due.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    if subscription.status != states.SCHEDULED or subscription.starts_at > now:
        return None
    begin_with_changes(subscription, at=subscription.starts_at, actor=actor, now=now)
    terms = take_next_version(subscription, get_terms(subscription.plan_version_id), actor=actor, now=now)
    begun = opening(
        subscription, terms, held_by(subscription), has_trial=has_trial_left(subscription), at=subscription.starts_at,
        now=now,
    )  # fmt: skip
    subscription.move_to(begun.status)
    record(
        subscription, "started", old_status=states.SCHEDULED, actor=actor, now=now,
        effective_at=subscription.starts_at,
    )  # fmt: skip
    invoice = open_first(subscription, terms, begun, actor=actor, now=now)
    if subscription.unpaid_deadline_at is not None and subscription.status == states.INCOMPLETE:
        events.publish(
            SubscriptionAwaitsPayment(
                subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
                invoice=invoice.public_id if invoice else None, unpaid_deadline_at=subscription.unpaid_deadline_at,
            )
        )  # fmt: skip
    return subscription
