"""What is taken beside the plan."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from billing.selectors import InvoiceView
from catalog.selectors import PlanTerms, PriceTerms, find_addon, get_addon, get_terms
from catalog.services import AddOnArchived
from core import errors, ids, problems
from core.actor import Actor
from core.periods import Period
from subscriptions.internal._changes import known_of, settle, work_out
from subscriptions.internal._charges import charge, closing_lines
from subscriptions.internal._entitlements import grant
from subscriptions.internal._items import plan_items, waiting_items
from subscriptions.internal._rows import record
from subscriptions.internal._standing import as_paid
from subscriptions.internal._versions import check_cycles
from subscriptions.lines import Item, addon_item, once_lines
from subscriptions.models import Subscription, SubscriptionAddOn
from subscriptions.proration import Behavior


class AddOnAlreadyAdded(errors.Conflict):
    code = "addon_already_added"
    title = "The subscription has this add-on already."


class NotChangeable(errors.Conflict):
    """`status` is the state it is in."""

    code = "subscription_not_changeable"
    title = "Only a subscription that runs, is tried or has not begun can be changed."


# The unique index decides; two parallel requests cannot both get past a check in Python.
problems.constraint("subscriptions_subscriptionaddon_once", AddOnAlreadyAdded)


def attach(
    subscription: Subscription, addon_id: UUID, quantity: int, *, at: datetime, now: datetime
) -> SubscriptionAddOn:
    """This function will write that an add-on is taken from an instant on; it charges nothing.

    :raises core.errors.NotFound: if there is no such add-on.
    :raises catalog.services.AddOnArchived: if it is off the offer.
    :raises catalog.selectors.CurrencyNotOffered: if it has no price in the subscription's currency.
    :raises AddOnCycleMismatch: if it is charged more or less often than the subscription's periods begin.
    :raises AddOnAlreadyAdded: if the subscription has it, and it recurs.
    """
    price = _offered(addon_id, subscription.currency)
    _check_cycles(subscription, price)
    kind = SubscriptionAddOn.Kind.RECURRING if price.is_recurring else SubscriptionAddOn.Kind.ONE_OFF
    if price.is_recurring and _has(subscription, addon_id):
        raise AddOnAlreadyAdded(addon=price.addon_public_id)
    return SubscriptionAddOn.objects.create(
        subscription_id=subscription.pk, addon_id=addon_id, price_id=price.price_id, kind=kind, quantity=quantity,
        added_at=at, created_at=now,
    )  # fmt: skip


def bill_once(subscription: Subscription, *, actor: Actor, now: datetime) -> InvoiceView | None:
    """This function will bill what is charged once and waits, on an invoice of its own."""
    lines = once_lines(waiting_items(subscription))
    return charge(
        subscription, lines, name=f"change-{subscription.version}", actor=actor, now=now, kind="subscription_change",
        period=Period(now, subscription.period.ends_at),
    )  # fmt: skip


def rebill(
    subscription: Subscription,
    before: Sequence[Item],
    after: Sequence[Item],
    *,
    behavior: Behavior,
    kind: str,
    actor: Actor,
    now: datetime,
) -> InvoiceView | None:
    """This function will save a subscription in a period whose add-ons have changed, and bill the difference.

    What rests has come no further than to its pause. What recurs and goes is charged up to then where it is charged in
    arrears.

    :raises PeriodBoughtAhead: if the anchor were to move while the period is bought ahead.
    """
    at = subscription.paused_at or now
    terms = get_terms(subscription.plan_version_id)
    plan = plan_items(subscription, terms)
    known = known_of(subscription, [item.terms for item in (*plan, *before)])
    resets = behavior is Behavior.FULL_CHARGE_RESET_ANCHOR
    paid = as_paid((*plan, *before), (*plan, *after), known, is_broken_off=resets)
    worked_out = work_out(subscription, terms, paid, (*plan, *after), known=known, behavior=behavior, at=at)
    ending = [item for item in before if item not in after]
    closing_items = (*plan, *before) if worked_out.moves_anchor else ending
    closing = closing_lines(subscription, terms, until=at, now=now, items=closing_items)
    if worked_out.moves_anchor:
        subscription.restart(at=at)
    record(subscription, kind, old_status=subscription.status, actor=actor, now=now)
    invoice = settle(subscription, worked_out, closing, actor=actor, now=now, at=at)
    _grant_again(subscription, terms, moved=worked_out.moves_anchor, now=now)
    return invoice


def as_item(row: SubscriptionAddOn) -> Item:
    """This function will return what a row charges with."""
    price = get_addon(row.addon_id, row.subscription.currency)
    return addon_item(price, quantity=row.quantity, since=row.added_at)


def _grant_again(subscription: Subscription, terms: PlanTerms, *, moved: bool, now: datetime) -> None:
    if moved:
        grant(subscription, terms, now=now)


def _offered(addon_id: UUID, currency: str) -> PriceTerms:
    price = get_addon(addon_id, currency)
    addon = find_addon(ids.encode("add", addon_id))
    if addon is not None and addon.archived_at is not None:
        raise AddOnArchived(archived_at=addon.archived_at.isoformat())
    return price


def _check_cycles(subscription: Subscription, price: PriceTerms) -> None:
    """It must fit the present version, and the one that waits."""
    item = addon_item(price, quantity=1)
    check_cycles([item], interval=subscription.interval, interval_count=subscription.interval_count)
    if subscription.next_plan_version_id is not None:
        interval, count = get_terms(subscription.next_plan_version_id).cycle(subscription.currency)
        check_cycles([item], interval=interval, interval_count=count)


def _has(subscription: Subscription, addon_id: UUID) -> bool:
    return SubscriptionAddOn.objects.of(subscription).kept().recurring().filter(addon_id=addon_id).exists()
