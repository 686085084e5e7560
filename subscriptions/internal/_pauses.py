"""How a subscription begins to rest, and how it goes on."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.selectors import InvoiceView
from catalog.selectors import get_terms
from core import errors, events
from core.actor import Actor
from core.periods import Period
from payments.selectors import has_payment_method
from subscriptions import states
from subscriptions.internal._charges import charge, closing_lines, open_period, opening_lines
from subscriptions.internal._entitlements import grant, revoke
from subscriptions.internal._items import held_by
from subscriptions.internal._owing import fall_behind
from subscriptions.internal._pause_rows import close_pause, open_pause
from subscriptions.internal._renew import catch_up
from subscriptions.internal._rows import locked, parties, record
from subscriptions.internal._scheduled import begin_with_changes, do_due
from subscriptions.internal._unused import give_back
from subscriptions.internal._versions import take_next_version
from subscriptions.models import Subscription, SubscriptionPause
from subscriptions.proration import Refund
from subscriptions.signals import SubscriptionPaused, SubscriptionResumed

ASKED = "asked"
UNTIL = "until"


class PaymentMethodMissing(errors.Conflict):
    code = "payment_method_missing"
    title = "There is no means of payment for what would be charged."


def begin_pause(
    subscription: Subscription, pause: SubscriptionPause, *, refund: Refund, actor: Actor, now: datetime
) -> None:
    """This function will let a locked subscription rest from the beginning of a pause on.

    A pause that ends the period, because it follows it or billing restarts after it, charges what is due in arrears.
    """
    at, old_status = pause.starts_at, subscription.status
    terms = get_terms(subscription.plan_version_id)
    ends_period = not pause.gives_back or at >= subscription.period.ends_at
    lines = closing_lines(subscription, terms, until=at, now=now) if ends_period else []
    billed_from = subscription.arrears_from_at or subscription.period.starts_at
    subscription.rest(at=at, until=pause.until_at)
    if ends_period:
        subscription.arrears_from_at = at
    pause.began_at, pause.interrupted = now, old_status
    pause.save()
    record(subscription, "paused", old_status=old_status, actor=actor, now=now, effective_at=at, reason=pause.reason)
    if lines:
        charge(
            subscription, lines, name=f"pause-{subscription.version}", actor=actor, now=now,
            period=Period(billed_from, at),
        )  # fmt: skip
    if refund is not Refund.NONE:
        give_back(subscription, terms, at=at, refund=refund, also_ahead=False, actor=actor, now=now)
    revoke(subscription, now=now)
    say_paused(subscription, pause, actor=actor, now=now)


def drop_pause(subscription: Subscription, *, at: datetime, actor: Actor, now: datetime) -> None:
    """This function will withdraw the pause of a locked subscription that has not begun."""
    close_pause(subscription, at=at, actor=actor, now=now)
    subscription.drop_pause()
    record(
        subscription, "pause_withdrawn", old_status=subscription.status, actor=actor, now=now, effective_at=at
    )  # fmt: skip


def say_paused(subscription: Subscription, pause: SubscriptionPause, *, actor: Actor, now: datetime) -> None:
    """This function will publish that a subscription rests."""
    events.publish(
        SubscriptionPaused(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            paused_at=pause.starts_at, resumes_at=pause.until_at, policy=pause.policy, reason=pause.reason,
        )
    )  # fmt: skip


def go_on(subscription: Subscription, *, at: datetime, how: str, actor: Actor, now: datetime) -> None:
    """This function will let a locked subscription that rests go on from an instant.

    :raises PaymentMethodMissing: if it rests since its trial and nothing could be charged.
    """
    pause = open_pause(subscription)
    if pause is None:
        raise ValueError(f"{subscription.public_id} rests without a pause")
    pause.resume(at=at)
    pause.save()
    if subscription.period_index is None:
        invoice = _begin(subscription, at, how, actor=actor, now=now)
    elif pause.gives_back:
        invoice = None
        subscription.go_on(at=at)
        _record(subscription, at, how, actor=actor, now=now)
    else:
        invoice = _restart(subscription, at, how, actor=actor, now=now)
    grant(subscription, get_terms(subscription.plan_version_id), now=now)
    events.publish(
        SubscriptionResumed(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), resumed_at=at,
            policy=pause.policy, period_ends_at=subscription.period.ends_at,
            invoice=invoice.public_id if invoice else None,
        )
    )  # fmt: skip
    if pause.interrupted == states.PAST_DUE:
        fall_behind(subscription, actor=actor, now=now)
    catch_up(subscription, actor=actor, now=now)


def _begin(subscription: Subscription, at: datetime, how: str, *, actor: Actor, now: datetime) -> InvoiceView | None:
    """The first paid period, of what rests since its trial."""
    begin_with_changes(subscription, at=at, actor=actor, now=now)
    terms = take_next_version(subscription, get_terms(subscription.plan_version_id), actor=actor, now=now)
    subscription.wake()
    subscription.anchor(at=at)
    held = held_by(subscription)
    lines = opening_lines(subscription, terms, held)
    if any(line.amount_minor for line in lines) and not has_payment_method(subscription.customer_id):
        raise PaymentMethodMissing
    _record(subscription, at, how, actor=actor, now=now)
    return open_period(subscription, lines, extension=held.extension, actor=actor, now=now)


def _restart(subscription: Subscription, at: datetime, how: str, *, actor: Actor, now: datetime) -> InvoiceView | None:
    """A new period at a new anchor, charged in full."""
    begin_with_changes(subscription, at=at, actor=actor, now=now)
    terms = take_next_version(subscription, get_terms(subscription.plan_version_id), actor=actor, now=now)
    subscription.wake()
    subscription.restart(at=at)
    _record(subscription, at, how, actor=actor, now=now)
    held = held_by(subscription)
    lines = opening_lines(subscription, terms, held)
    return open_period(subscription, lines, extension=held.extension, actor=actor, now=now)


def _record(subscription: Subscription, at: datetime, how: str, *, actor: Actor, now: datetime) -> None:
    record(subscription, "resumed", old_status=states.PAUSED, actor=actor, now=now, effective_at=at, reason=how)


@transaction.atomic
def pause_due(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription | None:
    """This function will begin the pause that was asked for and whose time has come; None if none is due.

    What was due before comes first, and may have moved the period's end, and the pause with it. One that would be over
    before it begins falls away.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    due, pause = subscription.pauses_at, open_pause(subscription)
    if due is None or pause is None or due > now or subscription.status not in states.RENEWING:
        return None
    do_due(subscription, actor=actor, now=due)
    if subscription.pauses_at != due:
        return pause_due(subscription_id=subscription_id, actor=actor, now=now)
    if pause.until_at is not None and pause.until_at <= due:
        drop_pause(subscription, at=due, actor=actor, now=now)
        catch_up(subscription, actor=actor, now=now)
        return subscription
    # A new anchor has moved the end of the period.
    pause.starts_at, pause.period_number = due, subscription.period_index
    begin_pause(subscription, pause, refund=Refund.NONE, actor=actor, now=now)
    return subscription


@transaction.atomic
def resume_due(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription | None:
    """This function will let a subscription go on whose pause was to last until now; None if it is not due.

    It goes on from the instant that was agreed, however late that is noticed.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    due = subscription.resumes_at
    if subscription.status != states.PAUSED or due is None or due > now:
        return None
    do_due(subscription, actor=actor, now=due)
    go_on(subscription, at=due, how=UNTIL, actor=actor, now=now)
    return subscription
