"""Following a customer to another timezone."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.internal import lock_customer
from core import events
from core.actor import Actor
from subscriptions.internal._rows import parties, record
from subscriptions.models import Subscription
from subscriptions.signals import SubscriptionTimezoneChanged


@transaction.atomic
def follow_timezone(*, customer_id: UUID, actor: Actor, now: datetime) -> int:
    """This function will let the customer's present zone count for his subscriptions from their next boundary on.

    It may be repeated. How many of them that changed is returned.

    :raises core.errors.NotFound: if there is no such customer.
    """
    timezone = lock_customer(customer_id).timezone
    rows = Subscription.objects.select_for_update().live().filter(customer_id=customer_id).order_by("id")
    moved = [row for row in rows if row.note_timezone(timezone)]
    for row in moved:
        at = _effective_at(row, now)
        record(row, "timezone_changed", old_status=row.status, actor=actor, now=now, effective_at=at)
        events.publish(
            SubscriptionTimezoneChanged(
                subject=row.public_id, actor=actor.label, at=now, **parties(row), timezone=timezone, effective_at=at
            )
        )
    return len(moved)


def _effective_at(subscription: Subscription, now: datetime) -> datetime:
    return subscription.period.ends_at if subscription.next_timezone else now
