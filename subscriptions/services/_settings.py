"""Deciding what customers may do to their own subscriptions, and how trials end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from core import errors, events
from core.actor import Actor
from subscriptions.internal._policy import current_settings
from subscriptions.models import CANCEL_TIMES, VERBS, SubscriptionSettings
from subscriptions.signals import SubscriptionSettingsChanged

__all__ = ["SubscriptionSettingsInvalid", "change_subscription_settings", "current_settings"]

_LISTS = {"customer_verbs": VERBS, "customer_cancel_times": CANCEL_TIMES}


class SubscriptionSettingsInvalid(errors.Invalid):
    """`field` is the member that is wrong."""

    code = "subscription_settings_invalid"
    title = "The settings make no sense."


@transaction.atomic
def change_subscription_settings(*, changes: Mapping[str, Any], actor: Actor, now: datetime) -> SubscriptionSettings:
    """This function will change some of the environment's settings and publish it, if anything differs.

    An environment without settings has the defaults.

    :raises SubscriptionSettingsInvalid: naming the member that makes no sense.
    """
    row = _locked(now)
    wanted = {name: _checked(name, value) for name, value in changes.items()}
    changed = sorted(name for name, value in wanted.items() if getattr(row, name) != value)
    if not changed:
        return row
    for name in changed:
        setattr(row, name, wanted[name])
    row.updated_at = now
    row.save(update_fields=[*changed, "updated_at"])
    events.publish(
        SubscriptionSettingsChanged(subject=row.public_id, actor=actor.label, at=now, changed=tuple(changed))
    )
    return row


def _checked(name: str, value: Any) -> Any:
    if name not in _LISTS:
        return value
    if not set(value) <= set(_LISTS[name]):
        raise SubscriptionSettingsInvalid(f"Of {', '.join(_LISTS[name])} only.", field=name)
    return sorted(set(value))


def _locked(now: datetime) -> SubscriptionSettings:
    row = SubscriptionSettings.objects.select_for_update().first()
    if row is None:
        # Two requests may be the first at the same time; whoever comes second finds the first one's row.
        SubscriptionSettings.objects.bulk_create([SubscriptionSettings(updated_at=now)], ignore_conflicts=True)
        row = SubscriptionSettings.objects.select_for_update().get()
    return row
