"""Another version of the plan: with the next period, or at once with what that charges and gives back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.internal import NewLine
from billing.selectors import InvoiceView
from catalog.selectors import PlanTerms, get_terms
from core import errors, events, ids
from core.actor import Actor
from subscriptions import states
from subscriptions.changes import Change
from subscriptions.internal._changes import Known, known_of, settle, work_out
from subscriptions.internal._charges import closing_lines
from subscriptions.internal._entitlements import grant
from subscriptions.internal._items import plan_items
from subscriptions.internal._rows import parties, record
from subscriptions.internal._standing import as_paid
from subscriptions.lines import Item, period_minor
from subscriptions.models import Subscription
from subscriptions.proration import Behavior
from subscriptions.signals import SubscriptionVersionChanged

NOW = "now"
RENEWAL = "renewal"


class CycleDiffers(errors.Invalid):
    """`interval` and `interval_count` are those of the version."""

    code = "cycle_differs"
    title = "Periods of another length can only begin with a renewal, or with a new anchor."


class AddOnCycleMismatch(errors.Invalid):
    """`interval` and `interval_count` are those of the subscription, `addon` is the one that has others."""

    code = "addon_cycle_mismatch"
    title = "An add-on is charged as often as its subscription."


@dataclass(frozen=True, kw_only=True)
class Move:
    """What another version means for one subscription. Amounts are minor units of a whole period, usage left out.

    `when` is renewal also where now was asked for and the state does not let it. `change` is what happens at once, to
    which `closing` adds what was used and is charged in arrears.
    """

    when: str
    before_minor: int
    after_minor: int
    change: Change | None = None
    closing: tuple[NewLine, ...] = ()

    @property
    def now_minor(self) -> int:
        """What it charges at once, or with the next invoice, before discounts and taxes; credits count negative."""
        lines = (*self.closing, *(self.change.lines if self.change else ()))
        return sum(line.amount_minor for line in lines)


def work_out_move(
    subscription: Subscription,
    old: PlanTerms,
    new: PlanTerms,
    *,
    known: Known,
    when: str,
    behavior: Behavior,
    at: datetime,
) -> Move:
    """This function will return what a version means for a subscription, and write nothing.

    :raises catalog.selectors.CurrencyNotOffered: if the version has no prices in the subscription's currency.
    :raises CycleDiffers: if its periods are of another length, which only a renewal or a new anchor can begin.
    :raises AddOnCycleMismatch: if the subscription has add-ons that would no longer fit.
    :raises PeriodBoughtAhead: if the anchor were to move while the period is bought ahead.
    """
    before = (*plan_items(subscription, old), *known.addons)
    after = (*plan_items(subscription, new), *known.addons)
    interval, count = new.cycle(subscription.currency)
    check_cycles(known.addons, interval=interval, interval_count=count)
    when = NOW if when == NOW and _can_change_at(subscription, at) else RENEWAL
    worked_out, closing = None, list[NewLine]()
    if when == NOW and subscription.status in states.RENEWING:
        if behavior is not Behavior.FULL_CHARGE_RESET_ANCHOR and (interval, count) != _cycle(subscription):
            raise CycleDiffers(interval=interval, interval_count=count)
        paid = as_paid(before, after, known, is_broken_off=behavior is Behavior.FULL_CHARGE_RESET_ANCHOR)
        worked_out = work_out(
            subscription, old, paid, after, known=known, behavior=behavior, at=at, interval=interval,
            interval_count=count,
        )  # fmt: skip
        closing = closing_lines(subscription, old, until=at, now=at, items=before)
    return Move(
        when=when, before_minor=period_minor(before), after_minor=period_minor(after), change=worked_out,
        closing=tuple(closing),
    )  # fmt: skip


def move(
    subscription: Subscription,
    new: PlanTerms,
    *,
    when: str,
    behavior: Behavior,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Move:
    """This function will bring a locked subscription, up to date with its periods, to another version.

    :raises core.errors.Refusal: see `work_out_move`.
    """
    old = get_terms(subscription.plan_version_id)
    known = known_of(subscription, old.prices_in(subscription.currency))
    worked_out = work_out_move(subscription, old, new, known=known, when=when, behavior=behavior, at=now)
    if worked_out.when == RENEWAL:
        subscription.next_plan_version_id = new.version_id
        record(
            subscription, "version_change_scheduled", old_status=subscription.status, actor=actor, now=now,
            effective_at=subscription.renews_at or now, reason=reason,
        )  # fmt: skip
        return worked_out
    _switch(subscription, old, new, worked_out, reason=reason, actor=actor, now=now)
    return worked_out


def take_next_version(subscription: Subscription, terms: PlanTerms, *, actor: Actor, now: datetime) -> PlanTerms:
    """This function will put the version in force that waits for the next period, and return the terms that hold.

    The caller enters the period and saves the row.
    """
    if subscription.next_plan_version_id is None:
        return terms
    new = get_terms(subscription.next_plan_version_id)
    _put_in_force(subscription, new)
    _say_changed(subscription, terms.version_id, invoice=None, actor=actor, now=now)
    return new


def check_cycles(addons: Sequence[Item], *, interval: str, interval_count: int) -> None:
    """This function will refuse add-ons that are charged more or less often than a subscription's periods begin.

    :raises AddOnCycleMismatch: naming the first of them.
    """
    for item in addons:
        if item.terms.is_recurring and (item.terms.interval, item.terms.interval_count) != (interval, interval_count):
            raise AddOnCycleMismatch(addon=item.terms.addon_public_id, interval=interval, interval_count=interval_count)


def _switch(
    subscription: Subscription,
    old: PlanTerms,
    new: PlanTerms,
    worked_out: Move,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    change = worked_out.change
    _put_in_force(subscription, new)
    if change is not None and change.moves_anchor:
        subscription.restart(at=now)
    elif change is not None:
        subscription.arrears_from_at = now
    record(subscription, "version_changed", old_status=subscription.status, actor=actor, now=now, reason=reason)
    invoice = settle(subscription, change, worked_out.closing, actor=actor, now=now) if change else None
    if subscription.is_in_trial or subscription.status in states.RENEWING:
        grant(subscription, new, now=now)
    _say_changed(subscription, old.version_id, invoice=invoice, actor=actor, now=now)


def _put_in_force(subscription: Subscription, new: PlanTerms) -> None:
    interval, count = new.cycle(subscription.currency)
    subscription.take_version(new.version_id, interval=interval, interval_count=count)


def _can_change_at(subscription: Subscription, at: datetime) -> bool:
    """An unpaid beginning and a pause wait for the next period; so does an end that is being carried out."""
    if subscription.status in states.RENEWING:
        return at < subscription.period.ends_at
    return subscription.status in (states.SCHEDULED, states.TRIALING)


def _cycle(subscription: Subscription) -> tuple[str, int]:
    return subscription.interval, subscription.interval_count


def _say_changed(
    subscription: Subscription, old_version_id: UUID, *, invoice: InvoiceView | None, actor: Actor, now: datetime
) -> None:
    events.publish(
        SubscriptionVersionChanged(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            from_version=ids.encode("plv", old_version_id),
            to_version=ids.encode("plv", subscription.plan_version_id),
            invoice=invoice.public_id if invoice else None,
        )
    )  # fmt: skip
