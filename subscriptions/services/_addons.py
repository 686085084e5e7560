"""Taking something beside the plan, and giving it up."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.selectors import InvoiceView
from core import errors, events, ids
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._addons import as_item, attach, bill_once, rebill
from subscriptions.internal._course import charging_of, refuse_unless_changeable
from subscriptions.internal._items import recurring_items
from subscriptions.internal._renew import catch_up
from subscriptions.internal._rows import locked, parties, record
from subscriptions.lines import Item
from subscriptions.models import Subscription, SubscriptionAddOn
from subscriptions.proration import Behavior
from subscriptions.signals import SubscriptionAddOnAdded, SubscriptionAddOnRemoved

ADDED = "addon_added"
REMOVED = "addon_removed"


@transaction.atomic
def add_addon(
    *,
    subscription_id: UUID,
    addon_id: UUID,
    quantity: int = 1,
    behavior: Behavior = Behavior.NEXT_INVOICE,
    actor: Actor,
    now: datetime,
) -> SubscriptionAddOn:
    """This function will add an add-on to a subscription: one that recurs is charged for the rest of the period.

    `behavior` says when. What is charged once is charged now, unless it waits for the next invoice. Before the first
    paid period nothing is charged yet, and during a pause everything waits, as with `change_subscription`.

    :raises core.errors.NotFound: if there is no such subscription or add-on.
    :raises subscriptions.states.InvalidTransition, NotChangeable: if its state, or its end, does not allow it.
    :raises subscriptions.services.NoPeriodYet: if a period that rests were to be broken off.
    :raises catalog.services.AddOnArchived, AddOnAlreadyAdded, AddOnCycleMismatch, catalog.selectors.CurrencyNotOffered:
    if the add-on does not fit.
    """
    subscription = _changeable(subscription_id, actor=actor, now=now)
    before = recurring_items(subscription)
    row = attach(subscription, addon_id, quantity, at=max(now, subscription.starts_at), now=now)
    invoice = _bill_added(subscription, row, before, behavior, actor=actor, now=now)
    events.publish(
        SubscriptionAddOnAdded(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            addon=ids.encode("add", addon_id), item=row.public_id, quantity=quantity,
            invoice=invoice.public_id if invoice else None,
        )
    )  # fmt: skip
    return row


@transaction.atomic
def remove_addon(
    *,
    subscription_id: UUID,
    item_id: UUID,
    behavior: Behavior = Behavior.NEXT_INVOICE,
    actor: Actor,
    now: datetime,
) -> SubscriptionAddOn:
    """This function will take an add-on off a subscription; the rest of the period is credited as `behavior` says.

    :raises core.errors.NotFound: if there is no such subscription, or it has no such add-on.
    :raises subscriptions.states.InvalidTransition, NotChangeable: if its state, or its end, does not allow it.
    :raises subscriptions.services.NoPeriodYet: if a period that rests were to be broken off.
    :raises subscriptions.models.AddOnRemoved: if it is removed already.
    :raises subscriptions.models.AddOnBilled: if it was charged once.
    """
    subscription = _changeable(subscription_id, actor=actor, now=now)
    row = SubscriptionAddOn.objects.of(subscription).select_related("subscription").filter(pk=item_id).first()
    if row is None:
        raise errors.NotFound
    before = recurring_items(subscription)
    row.remove(at=now)
    row.save(update_fields=["removed_at"])
    invoice, charging = None, charging_of(subscription, behavior)
    if row.is_recurring and charging is not None:
        after = [item for item in before if item != as_item(row)]
        invoice = rebill(subscription, before, after, behavior=charging, kind=REMOVED, actor=actor, now=now)
    else:
        record(subscription, REMOVED, old_status=subscription.status, actor=actor, now=now)
    events.publish(
        SubscriptionAddOnRemoved(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            addon=ids.encode("add", row.addon_id), item=row.public_id,
            invoice=invoice.public_id if invoice else None,
        )
    )  # fmt: skip
    return row


def _changeable(subscription_id: UUID, *, actor: Actor, now: datetime) -> Subscription:
    """The subscription, locked, with every period begun that should have begun."""
    subscription = locked(subscription_id)
    catch_up(subscription, actor=actor, now=now)
    refuse_unless_changeable(subscription, at=now)
    return subscription


def _bill_added(
    subscription: Subscription,
    row: SubscriptionAddOn,
    before: tuple[Item, ...],
    behavior: Behavior,
    *,
    actor: Actor,
    now: datetime,
) -> InvoiceView | None:
    charging = charging_of(subscription, behavior)
    if row.is_recurring and charging is not None:
        after = recurring_items(subscription)
        return rebill(subscription, before, after, behavior=charging, kind=ADDED, actor=actor, now=now)
    record(subscription, ADDED, old_status=subscription.status, actor=actor, now=now)
    if behavior in (Behavior.NONE, Behavior.NEXT_INVOICE) or subscription.status not in states.RENEWING:
        return None
    return bill_once(subscription, actor=actor, now=now)
