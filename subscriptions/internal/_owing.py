"""What is owed for a subscription, and that it is past due because of it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from billing.selectors import list_open_invoices
from core import events, ids
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._rows import parties, record
from subscriptions.models import Extension, Subscription
from subscriptions.signals import SubscriptionPastDue

# Why a subscription is past due that has rested and owes what it owed before.
STILL_OWED: Final = "still_owed"


def fall_behind(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """This function will mark a locked subscription past due again that has rested, if it still owes something."""
    owed = owed_for(subscription)
    if owed:
        note_past_due(subscription, min(owed), STILL_OWED, actor=actor, now=now)


def note_past_due(subscription: Subscription, invoice_id: UUID, code: str, *, actor: Actor, now: datetime) -> None:
    """This function will mark a locked active subscription past due because of an invoice, and say so."""
    subscription.move_to(states.PAST_DUE)
    record(subscription, "past_due", old_status=states.ACTIVE, actor=actor, now=now, reason=code)
    events.publish(
        SubscriptionPastDue(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            invoice=ids.encode("inv", invoice_id), code=code,
        )
    )  # fmt: skip


def owes(subscription: Subscription) -> bool:
    """This function will tell whether an invoice of the subscription's own periods is open."""
    return bool(owed_for(subscription))


def owed_for(subscription: Subscription) -> set[UUID]:
    """This function will return the open invoices of the subscription's own periods."""
    ordered = set(
        Extension.objects.filter(subscription=subscription, invoice__isnull=False).values_list("invoice_id", flat=True)
    )
    return {one.id for one in list_open_invoices(subscription.public_id)} - ordered
