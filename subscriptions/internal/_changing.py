"""Changing what was agreed: plan, quantity, add-ons, coupon, anchor and means of payment, as one change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from billing import internal as billing
from billing.internal import NewLine
from billing.selectors import InvoiceView
from core import errors, events, ids
from core.actor import Actor
from core.periods import Alignment
from payments.selectors import owns_payment_method
from payments.services import make_default_payment_method
from subscriptions import states
from subscriptions.changes import Change, Destination, change
from subscriptions.internal._addons import attach
from subscriptions.internal._changes import Known, known_of, settle
from subscriptions.internal._charges import closing_lines
from subscriptions.internal._course import Course, course_of, refuse_far_first_anchor
from subscriptions.internal._entitlements import grant
from subscriptions.internal._items import plan_items, recurring_items, span_of, uncovered, waiting_items
from subscriptions.internal._rows import parties, record
from subscriptions.internal._standing import as_paid
from subscriptions.internal._trial_uses import note_another_trial
from subscriptions.internal._versions import check_cycles
from subscriptions.lines import Item, Span, once_lines
from subscriptions.models import Subscription, SubscriptionAddOn
from subscriptions.proration import Behavior
from subscriptions.signals import SubscriptionChanged
from subscriptions.wanted import Wanted

CHANGED: Final = "changed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a change came to. `is_changed` is False where everything was so already, and nothing was written.

    `behavior` is what was chosen for the rest of the running period, None where none was charged for. `realigns` is the
    anchor from which the boundaries of the period that begins with the change are to be counted.
    """

    invoice: InvoiceView | None = None
    is_changed: bool = True
    behavior: Behavior | None = None
    realigns: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class _Before:
    """What a subscription was charged with before a change, and what is due of that in arrears."""

    plan_id: str
    version_id: str
    quantity: int
    items: tuple[Item, ...]
    known: Known
    span: Span | None
    closing: tuple[NewLine, ...]


def carry_out(
    subscription: Subscription,
    wanted: Wanted,
    *,
    behavior: Behavior | None = None,
    at: datetime,
    actor: Actor,
    now: datetime,
    with_period: bool = False,
    source: str = "",
) -> Outcome:
    """This function will change a locked subscription, up to date with its periods, as of an instant.

    `with_period` is for a period that begins with the change: it is charged by whoever begins it. `source` is the
    public id of a scheduled change that brings it about.

    :raises core.errors.Refusal: see `course_of`, `attach`, `billing.internal.redeem_coupon` and `payments.services`.
    """
    course = course_of(subscription, wanted, behavior=behavior, at=at, with_period=with_period)
    if course.is_empty(subscription):
        return Outcome(is_changed=False)
    # What rests has come no further than to its pause.
    inside = subscription.paused_at or at
    before = _before(subscription, course, at=inside, now=now)
    _put_in_force(subscription, course, at=at, inside=inside, now=now)
    after = (*plan_items(subscription, course.new), *recurring_items(subscription))
    worked_out = _begin_and_work_out(subscription, course, before, after, at=inside)
    removed = billing.remove_coupons(course.redemptions, actor=actor, now=now)
    _take_along(subscription, wanted, actor=actor, now=now)
    record(
        subscription, CHANGED, old_status=subscription.status, actor=actor, now=now, effective_at=at, reason=source
    )  # fmt: skip
    if course.tries:
        note_another_trial(subscription, now=now)
    invoice = _bill(subscription, worked_out, before.closing, actor=actor, now=now, at=inside)
    if not with_period and (subscription.is_in_trial or subscription.status in states.RENEWING):
        grant(subscription, course.new, now=now)
    _say_changed(subscription, course, before, invoice, removed, source=source, at=at, actor=actor, now=now)
    realigns = course.anchor if course.is_realigned else None
    return Outcome(invoice=invoice, behavior=course.behavior, realigns=realigns)


def _before(subscription: Subscription, course: Course, *, at: datetime, now: datetime) -> _Before:
    plan = plan_items(subscription, course.old)
    known = known_of(subscription, [item.terms for item in plan])
    items = (*plan, *known.addons)
    is_charged = course.behavior is not None
    closing = _closing(subscription, course, plan, known.addons, at=at, now=now) if is_charged else []
    return _Before(
        plan_id=ids.encode("pln", subscription.plan_id), version_id=ids.encode("plv", subscription.plan_version_id),
        quantity=subscription.quantity, items=items, known=known,
        span=span_of(subscription, course.old) if is_charged else None, closing=tuple(closing),
    )  # fmt: skip


def _closing(
    subscription: Subscription,
    course: Course,
    plan: Sequence[Item],
    addons: Sequence[Item],
    *,
    at: datetime,
    now: datetime,
) -> list[NewLine]:
    """What ends with the change is charged in arrears up to it; usage of a plan that stays goes on being measured."""
    if course.moves or course.takes_plan():
        ending: list[Item] = [*plan, *addons]
    else:
        ending = [item for item in plan if not item.terms.is_usage] if course.quantity != subscription.quantity else []
        gone = {row.price_id for row, _, _ in course.addons if row is not None}
        ending += [item for item in addons if item.terms.price_id in gone]
    return closing_lines(subscription, course.old, until=at, now=now, items=ending)


def _put_in_force(subscription: Subscription, course: Course, *, at: datetime, inside: datetime, now: datetime) -> None:
    if course.takes_plan():
        interval, count = course.new.cycle(subscription.currency)
        subscription.plan_id, subscription.family = course.new.plan_id, course.new.family
        subscription.take_version(course.new.version_id, interval=interval, interval_count=count)
        if subscription.period_index is not None:
            subscription.arrears_from_at = inside
    if course.quantity != subscription.quantity:
        subscription.take_quantity(course.quantity, at=inside)
    if subscription.period_index is None and course.anchor is not None:
        subscription.wanted_anchor_at, subscription.alignment = course.anchor, Alignment.ANNIVERSARY
        refuse_far_first_anchor(subscription)
    for step in course.addons:
        _take_addon(subscription, *step, at=max(at, subscription.starts_at), now=now)
    kept = recurring_items(subscription)
    check_cycles(kept, interval=subscription.interval, interval_count=subscription.interval_count)


def _take_addon(
    subscription: Subscription, row: SubscriptionAddOn | None, addon_id: UUID, quantity: int, *, at: datetime,
    now: datetime,
) -> None:  # fmt: skip
    """Who has an add-on keeps its price, also when it is off the offer."""
    if row is None:
        attach(subscription, addon_id, quantity, at=at, now=now)
        return
    row.remove(at=at)
    row.save(update_fields=["removed_at"])
    if quantity:
        SubscriptionAddOn.objects.create(
            subscription_id=subscription.pk, addon_id=row.addon_id, price_id=row.price_id, kind=row.kind,
            quantity=quantity, added_at=at, created_at=now,
        )  # fmt: skip


def _begin_and_work_out(
    subscription: Subscription, course: Course, before: _Before, after: Sequence[Item], *, at: datetime
) -> Change | None:
    """Begin the period of a new anchor, if there is one, and work out what the change charges and gives back."""
    if course.behavior is None or before.span is None:
        return None
    if course.moves:
        subscription.restart(at=at, anchor=course.anchor)
    paid = as_paid(before.items, after, before.known, is_broken_off=course.moves)
    return change(
        uncovered(paid, before.known.extension), uncovered(after, before.known.extension),
        charged=before.known.charged, span=before.span, at=at, behavior=course.behavior,
        next_period=subscription.period, next_share=span_of(subscription, course.new).share,
    )  # fmt: skip


def _take_along(subscription: Subscription, wanted: Wanted, *, actor: Actor, now: datetime) -> None:
    """The coupon counts for the invoice and the worth of the change, and the means of payment pays it."""
    if wanted.coupon is not None:
        billing.redeem_coupon(
            wanted.coupon, customer_id=subscription.customer_id, reference=subscription.public_id,
            currency=subscription.currency, plan=ids.encode("pln", subscription.plan_id), actor=actor, now=now,
        )  # fmt: skip
    if wanted.payment_method_id is not None:
        if not owns_payment_method(subscription.customer_id, wanted.payment_method_id):
            raise errors.NotFound("The customer has no such payment method.")
        make_default_payment_method(payment_method_id=wanted.payment_method_id, actor=actor, now=now)


def _bill(
    subscription: Subscription,
    worked_out: Change | None,
    closing: Sequence[NewLine],
    *,
    actor: Actor,
    now: datetime,
    at: datetime,
) -> InvoiceView | None:
    if worked_out is None:
        return None
    lines = list(closing)
    if worked_out.destination is Destination.INVOICE:
        lines += once_lines(waiting_items(subscription))
    return settle(subscription, worked_out, lines, actor=actor, now=now, at=at)


def _say_changed(
    subscription: Subscription,
    course: Course,
    before: _Before,
    invoice: InvoiceView | None,
    removed: tuple[str, ...],
    *,
    source: str,
    at: datetime,
    actor: Actor,
    now: datetime,
) -> None:
    events.publish(
        SubscriptionChanged(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            effective_at=at, from_plan=before.plan_id, from_version=before.version_id,
            to_version=ids.encode("plv", subscription.plan_version_id), from_quantity=before.quantity,
            quantity=subscription.quantity,
            addons=tuple(ids.encode("add", addon_id) for _, addon_id, _ in course.addons),
            coupon=course.wanted.coupon, removed_coupons=removed, anchor_at=subscription.anchor_at,
            invoice=invoice.public_id if invoice else None, change=source or None,
        )
    )  # fmt: skip
