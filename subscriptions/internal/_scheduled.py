"""Changes that wait: done when their time comes, withdrawn when the subscription ends first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from core import errors, events, problems
from core.actor import Actor
from jobs.services import enqueue
from subscriptions import states
from subscriptions.internal._changing import Outcome, carry_out
from subscriptions.internal._rows import parties
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.proration import Behavior
from subscriptions.signals import SubscriptionChangeFailed, SubscriptionChangeWithdrawn
from subscriptions.wanted import from_content

NOTHING = Outcome(is_changed=False)


@dataclass(frozen=True, kw_only=True)
class ChangeLetter:
    """What a customer is told of a change that could not be done."""

    to: str
    name: str
    plan: str
    subscription: str
    why: str


def list_waiting_changes(subscription: Subscription, *, until: datetime) -> list[ScheduledChange]:
    """This function will return what waits for an instant up to one, and what waits for the next period, in order."""
    waiting = ScheduledChange.objects.of(subscription).pending()
    return list(waiting.filter(Q(effective_at=None) | Q(effective_at__lte=until)))


def do_dated(
    subscription: Subscription, rows: Iterable[ScheduledChange], *, before: datetime, actor: Actor, now: datetime
) -> bool:
    """This function will do what was scheduled for instants before one, each as of its own, and tell whether any was.

    Who slept a while finds them in order; what cannot be done any more fails alone.
    """
    dated = [row for row in rows if row.effective_at is not None and row.effective_at < before]
    for row in dated:
        _do(row, subscription, at=row.effective_at or before, with_period=False, actor=actor, now=now)
    return bool(dated)


def do_with_period(
    subscription: Subscription, rows: Iterable[ScheduledChange], *, at: datetime, actor: Actor, now: datetime
) -> datetime | None:
    """This function will do what was scheduled for the period that begins at an instant.

    The caller prices and begins it. The anchor from which its boundaries are to be counted is returned, if it changes.
    """
    realigns = None
    for row in rows:
        if row.effective_at is None or row.effective_at == at:
            done = _do(row, subscription, at=at, with_period=True, actor=actor, now=now)
            realigns = done.realigns or realigns
    return realigns


def begin_with_changes(subscription: Subscription, *, at: datetime, actor: Actor, now: datetime) -> None:
    """This function will do what was scheduled for the time before the first paid period, and for its beginning."""
    rows = list_waiting_changes(subscription, until=at)
    do_dated(subscription, rows, before=at, actor=actor, now=now)
    do_with_period(subscription, rows, at=at, actor=actor, now=now)


def do_due(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """This function will do what is due of a subscription whose periods are begun.

    What waits for a trial to become paid, a start, or a pause that begins or ends, is left to whoever does that.
    """
    if subscription.is_terminal:
        return
    turns = {
        states.TRIALING: subscription.trial_ends_at, states.SCHEDULED: subscription.starts_at,
        states.PAUSED: subscription.resumes_at,
    }  # fmt: skip
    until = min(now, turns.get(subscription.status) or subscription.pauses_at or now)
    rows = ScheduledChange.objects.of(subscription).dated().filter(effective_at__lte=until)
    if subscription.status in states.RENEWING:
        # Whatever comes at the end of the period comes with the next one, if there is one.
        rows = rows.filter(effective_at__lt=subscription.period.ends_at)
    for row in rows:
        if row.effective_at is not None and (row.effective_at < until or until == now):
            _do(row, subscription, at=row.effective_at, with_period=False, actor=actor, now=now)


def withdraw_changes(subscription: Subscription, *, reason: str, actor: Actor, now: datetime) -> None:
    """This function will take back everything that waits, for a subscription that ends or will end."""
    for row in ScheduledChange.objects.select_for_update().of(subscription).pending():
        withdraw(row, reason=reason, actor=actor, now=now)


def withdraw(row: ScheduledChange, *, reason: str, actor: Actor, now: datetime) -> None:
    """This function will take back a locked change that waits, and say so.

    :raises subscriptions.models.ScheduledChangeOver: if it does not wait any more.
    """
    row.settle(ScheduledChange.State.WITHDRAWN, at=now, why=reason)
    row.save(update_fields=["state", "settled_at", "error"])
    events.publish(
        SubscriptionChangeWithdrawn(
            subject=row.subscription.public_id, actor=actor.label, at=now, **parties(row.subscription),
            change=row.public_id, reason=reason,
        )
    )  # fmt: skip


@transaction.atomic
def write_change_letter(change_id: UUID) -> ChangeLetter | None:
    """This function will return what the customer is told of a change that failed; None if it did not."""
    rows = ScheduledChange.objects.select_related("subscription__customer", "subscription__plan")
    row = rows.filter(pk=change_id, state=ScheduledChange.State.FAILED).first()
    if row is None:
        return None
    subscription = row.subscription
    return ChangeLetter(
        to=subscription.customer.email, name=subscription.customer.name, plan=subscription.plan.name,
        subscription=subscription.public_id, why=row.error.partition(": ")[2],
    )  # fmt: skip


def _do(
    row: ScheduledChange,
    subscription: Subscription,
    *,
    at: datetime,
    with_period: bool,
    actor: Actor,
    now: datetime,
) -> Outcome:
    try:
        with transaction.atomic():
            done = carry_out(
                subscription, from_content(row.wanted), behavior=Behavior(row.behavior) if row.behavior else None,
                at=at, actor=actor, now=now, with_period=with_period, source=row.public_id,
            )  # fmt: skip
            row.settle(ScheduledChange.State.APPLIED, at=now)
            row.invoice_id = done.invoice.id if done.invoice else None
            row.save(update_fields=["state", "settled_at", "error", "invoice"])
    except (errors.Refusal, IntegrityError) as failure:
        # What the attempt did to the row in hand never happened.
        subscription.refresh_from_db()
        _note_failure(row, subscription, problems.as_refusal(failure) or errors.Refusal(), actor=actor, now=now)
        return NOTHING
    return done


def _note_failure(
    row: ScheduledChange, subscription: Subscription, refusal: errors.Refusal, *, actor: Actor, now: datetime
) -> None:
    row.refresh_from_db()
    row.settle(ScheduledChange.State.FAILED, at=now, why=f"{refusal.code}: {refusal.detail}")
    row.save(update_fields=["state", "settled_at", "error"])
    events.publish(
        SubscriptionChangeFailed(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), change=row.public_id,
            code=refusal.code, detail=refusal.detail,
        )
    )  # fmt: skip
    enqueue("subscriptions.tell_change_failed", payload={"id": str(row.pk)}, key=str(row.pk))
