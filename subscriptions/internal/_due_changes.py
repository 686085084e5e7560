"""A scheduled change whose instant has come."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from core.actor import Actor
from subscriptions import states
from subscriptions.internal._begin import start
from subscriptions.internal._pauses import pause_due, resume_due
from subscriptions.internal._renew import catch_up
from subscriptions.internal._rows import locked
from subscriptions.internal._trial import convert_trial
from subscriptions.models import ScheduledChange, Subscription


@transaction.atomic
def apply_change(*, change_id: UUID, actor: Actor, now: datetime) -> ScheduledChange | None:
    """This function will do a scheduled change that is due, after all that was due before it; None if it is not.

    A trial that was to become paid before, a start, a pause and the periods between come first.

    :raises core.errors.NotFound: if there is no such change.
    """
    waiting = ScheduledChange.objects.dated().filter(pk=change_id, effective_at__lte=now)
    subscription_id = waiting.values_list("subscription_id", flat=True).first()
    if subscription_id is None:
        return None
    subscription = locked(subscription_id)
    _bring_to(subscription, actor=actor, now=now)
    subscription = locked(subscription_id)
    catch_up(subscription, actor=actor, now=now)
    return ScheduledChange.objects.get(pk=change_id)


def _bring_to(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """What was to become of the subscription by itself before the change, and each asks again whether it is due."""
    how: dict[str, Any] = {"subscription_id": subscription.pk, "actor": actor, "now": now}
    if subscription.is_in_trial:
        convert_trial(**how)
    elif subscription.status == states.SCHEDULED:
        start(**how)
    elif subscription.status == states.PAUSED:
        resume_due(**how)
    elif subscription.pauses_at is not None and subscription.pauses_at <= now:
        pause_due(**how)
        resume_due(**how)
