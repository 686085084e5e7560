"""Periods bought ahead: put in force when they are paid for, withdrawn when the subscription ends first."""

from datetime import datetime
from uuid import UUID

from django.db.models import F, Max

from billing.internal import void
from billing.selectors import get_invoice
from core import errors, events, problems
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._rows import parties, record
from subscriptions.models import Extension, Subscription
from subscriptions.signals import SubscriptionExtended


class RenewalPending(errors.Conflict):
    code = "renewal_pending"
    title = "A renewal waits for its payment already."


problems.constraint("subscriptions_extension_one_pending", RenewalPending)


def refuse_if_ordered(subscription: Subscription) -> None:
    """This function will raise RenewalPending while periods ahead are ordered and not paid for."""
    if Extension.objects.pending().filter(subscription=subscription).exists():
        raise RenewalPending


def next_unpaid(subscription: Subscription) -> int:
    """This function will return the number of the first period that a further extension would cover."""
    if subscription.term_intervals is not None:
        return subscription.term_intervals
    following = 0 if subscription.period_index is None else subscription.period_index + 1
    applied = Extension.objects.applied().filter(subscription=subscription)
    last: int | None = applied.aggregate(end=Max(F("first_period") + F("intervals")))["end"]
    return max(following, last or 0)


def paid_until(subscription: Subscription) -> datetime | None:
    """This function will return the end of the last period bought ahead, None if the current one is the last paid."""
    if subscription.period_index is None:
        return None
    number = subscription.period_index
    while Extension.objects.filter(subscription=subscription).covering(number + 1).exists():
        number += 1
    return subscription.end_of(number) if number > subscription.period_index else None


def apply(subscription: Subscription, extension: Extension, *, actor: Actor, now: datetime) -> None:
    """This function will put a locked subscription's extension in force: fixed terms grow, open ends are paid ahead."""
    extension.apply(first_period=next_unpaid(subscription), at=now)
    extension.save(update_fields=["first_period", "applied_at"])
    if subscription.term_intervals is not None:
        subscription.term_intervals += extension.intervals
    if subscription.period_index is not None:
        subscription.set_ends()
    record(subscription, "extended", old_status=subscription.status, actor=actor, now=now)
    say_extended(subscription, extension, actor=actor, now=now)


def say_extended(subscription: Subscription, extension: Extension, *, actor: Actor, now: datetime) -> None:
    """This function will publish that periods ahead are paid for."""
    events.publish(
        SubscriptionExtended(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            intervals=extension.intervals, ends_at=subscription.ends_at, source=extension.source,
        )
    )  # fmt: skip


def withdraw_pending(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """This function will take back what was ordered and not paid for, its invoice with it."""
    pending = Extension.objects.pending().filter(subscription=subscription).first()
    if pending is None:
        return
    pending.withdrawn_at = now
    pending.save(update_fields=["withdrawn_at"])
    if pending.invoice_id is not None and get_invoice(pending.invoice_id).state == "open":
        void(pending.invoice_id, reason="subscription_ended", actor=actor, now=now)


def extension_of(invoice_id: UUID) -> Extension | None:
    """This function will return the extension that an invoice charges for."""
    return Extension.objects.filter(invoice_id=invoice_id).first()


def can_apply(subscription: Subscription, extension: Extension) -> bool:
    """This function will tell whether a paid extension still has something to extend."""
    is_pending = extension.applied_at is None and extension.withdrawn_at is None
    return is_pending and subscription.status in (states.TRIALING, states.PAUSED, *states.RENEWING)
