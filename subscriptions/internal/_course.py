"""Deciding how a change of a subscription is done, or why it cannot be."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.internal import removable_coupons
from catalog.selectors import PlanTerms, get_current_terms, get_terms
from catalog.services import PlanArchived
from core import errors
from core.periods import Cycle, Interval
from subscriptions import states
from subscriptions.internal._addons import NotChangeable
from subscriptions.internal._changes import PeriodBoughtAhead
from subscriptions.internal._create import refuse_far_anchor
from subscriptions.internal._extensions import refuse_if_ordered
from subscriptions.internal._families import LiveSubscriptionExists
from subscriptions.internal._pause_rows import open_pause
from subscriptions.internal._trial_uses import tries_another
from subscriptions.internal._versions import CycleDiffers
from subscriptions.models import Extension, Subscription, SubscriptionAddOn
from subscriptions.proration import Behavior
from subscriptions.wanted import NOW, Wanted

# A row that goes, and the add-on and the quantity that come.
Step = tuple[SubscriptionAddOn | None, UUID, int]


class AnchorNeedsCharge(errors.Invalid):
    code = "anchor_needs_charge"
    title = "A period that begins at a new anchor is charged at once: leave proration out, or reset the anchor with it."


class NoPeriodYet(errors.Conflict):
    """`status` is the state it is in."""

    code = "no_period_yet"
    title = "No paid period runs that could be broken off."


class TermIsFixed(errors.Conflict):
    """`term_intervals` is how many periods it has."""

    code = "term_is_fixed"
    title = "A fixed term is counted in periods, so they keep their length."


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a change is done.

    `behavior` says what the rest of a running period costs; None charges nothing, because no paid period runs or the
    next one is priced anew anyway. `anchor` is where boundaries are counted from, if they are counted anew: from a
    period that begins with the change, or (`is_realigned`) from the one that begins anyway. `addons` are rows that
    go, and ids and quantities that come. `redemptions` are the coupons that are taken off. `tries` is whether a trial
    goes on as one of another family, or plan without one.
    """

    old: PlanTerms
    new: PlanTerms
    quantity: int
    addons: tuple[Step, ...] = ()
    behavior: Behavior | None = None
    anchor: datetime | None = None
    is_realigned: bool = False
    redemptions: tuple[UUID, ...] = ()
    tries: bool = False
    wanted: Wanted = field(default_factory=Wanted)

    @property
    def moves(self) -> bool:
        """Whether the running period is broken off."""
        return self.behavior is Behavior.FULL_CHARGE_RESET_ANCHOR

    def takes_plan(self) -> bool:
        """This function will tell whether another version of any plan comes into force."""
        return self.new.version_id != self.old.version_id

    def is_empty(self, subscription: Subscription) -> bool:
        """This function will tell whether everything is so already."""
        what = self.takes_plan() or self.quantity != subscription.quantity or self.addons or self.moves
        coupons = self.wanted.coupon or self.redemptions
        return not (what or self.anchor or coupons or self.wanted.payment_method_id)


def course_of(
    subscription: Subscription, wanted: Wanted, *, behavior: Behavior | None, at: datetime, with_period: bool = False
) -> Course:
    """This function will decide how a locked subscription is changed at an instant, or as its next period begins.

    :raises subscriptions.states.InvalidTransition, NotChangeable: if its state does not allow it.
    :raises core.errors.NotFound: if there is no such plan.
    :raises catalog.services.PlanArchived, catalog.selectors.PlanNotPublished: if the plan is not on offer.
    :raises catalog.selectors.CurrencyNotOffered: if the plan has no prices in the subscription's currency.
    :raises LiveSubscriptionExists: if the customer has another subscription of the plan's family.
    :raises subscriptions.internal._trial_uses.TrialAlreadyUsed: if a trial were to go on with what has been tried.
    :raises CycleDiffers, AnchorNeedsCharge: if a new anchor is needed and the behavior has none.
    :raises core.periods.AnchorTooFar: if the anchor lies more than a period ahead.
    :raises billing.internal.CouponUnknown, billing.internal.CouponNotHeld: if a coupon cannot be taken off.
    :raises NoPeriodYet, TermIsFixed, PeriodBoughtAhead, subscriptions.models.CancellationScheduled: if the running
    period cannot be broken off, or what was sold cannot be changed.
    """
    refuse_unless_changeable(subscription, at=at, with_period=with_period)
    old = get_terms(subscription.plan_version_id)
    new = _target(subscription, wanted, old)
    goes_on = subscription.is_in_trial and not with_period and at < subscription.period.ends_at
    tries = goes_on and tries_another(subscription, new)
    quantity = wanted.quantity or subscription.quantity
    addons = _addon_steps(subscription, wanted)
    cycle = new.cycle(subscription.currency)
    how = _timing(subscription, wanted, behavior, cycle, at=at, with_period=with_period)
    redemptions = removable_coupons(wanted.remove_coupons, reference=subscription.public_id)
    course = Course(
        old=old, new=new, quantity=quantity, addons=addons, redemptions=redemptions, tries=tries, wanted=wanted, **how
    )  # fmt: skip
    _refuse_what_is_sold(subscription, course, differs=cycle != _cycle(subscription), with_period=with_period)
    return course


def refuse_unless_changeable(subscription: Subscription, *, at: datetime, with_period: bool = False) -> None:
    """This function will refuse a state, or an end that is being carried out, in which nothing can be changed.

    :raises subscriptions.states.InvalidTransition, NotChangeable: if it is so.
    """
    if subscription.status not in states.CHANGEABLE:
        raise states.unchangeable(subscription.status)
    if subscription.status in states.RENEWING and subscription.period.ends_at <= at and not with_period:
        raise NotChangeable(status=subscription.status)


def charging_of(subscription: Subscription, behavior: Behavior) -> Behavior | None:
    """This function will return what the rest of the period costs as things are; None if none runs that is charged.

    :raises NoPeriodYet: if a period that rests were to be broken off.
    """
    if _rests_inside(subscription):
        return _while_it_rests(subscription, behavior)
    return behavior if subscription.status in states.RENEWING else None


def _target(subscription: Subscription, wanted: Wanted, old: PlanTerms) -> PlanTerms:
    """Who keeps his plan keeps his version of it."""
    if wanted.plan_id is None or wanted.plan_id == subscription.plan_id:
        return old
    new = get_current_terms(wanted.plan_id)
    if new.archived_at is not None:
        raise PlanArchived(archived_at=new.archived_at.isoformat())
    if new.family is not None and new.family != subscription.family:
        rows = Subscription.objects.of_family(subscription.customer_id, new.family).live()
        other = rows.exclude(pk=subscription.pk).first()
        if other is not None:
            raise LiveSubscriptionExists(subscription=other.public_id)
    return new


def _addon_steps(subscription: Subscription, wanted: Wanted) -> tuple[Step, ...]:
    """Rows that go, with what comes in their place; what was charged once and is paid for is never touched."""
    if not wanted.addons:
        return ()
    kept = SubscriptionAddOn.objects.of(subscription).kept().filter(billed_at=None)
    held = {row.addon_id: row for row in kept}
    steps = []
    for addon_id, quantity in wanted.addons:
        row = held.get(addon_id)
        if (row.quantity if row else 0) != quantity:
            steps.append((row, addon_id, quantity))
    return tuple(steps)


def _timing(
    subscription: Subscription,
    wanted: Wanted,
    behavior: Behavior | None,
    cycle: tuple[str, int],
    *,
    at: datetime,
    with_period: bool,
) -> dict[str, Any]:
    if _rests_inside(subscription):
        return _in_pause(subscription, wanted, behavior, cycle)
    if subscription.status not in states.RENEWING:
        return _before_periods(subscription, wanted)
    if with_period:
        return _with_period(subscription, wanted, cycle)
    anchor = _anchor(subscription, wanted, cycle, at=at)
    differs = cycle != _cycle(subscription)
    if anchor is None and not differs:
        is_same = wanted.anchor is not None and behavior is Behavior.FULL_CHARGE_RESET_ANCHOR
        chosen = Behavior.INVOICE_NOW if is_same else behavior or Behavior.NEXT_INVOICE
        return {"behavior": chosen, "anchor": at if chosen is Behavior.FULL_CHARGE_RESET_ANCHOR else None}
    if behavior not in (None, Behavior.FULL_CHARGE_RESET_ANCHOR):
        raise CycleDiffers(interval=cycle[0], interval_count=cycle[1]) if differs else AnchorNeedsCharge()
    return {"behavior": Behavior.FULL_CHARGE_RESET_ANCHOR, "anchor": anchor or at}


def _before_periods(subscription: Subscription, wanted: Wanted) -> dict[str, Any]:
    """Nothing is charged yet, and an anchor is that of the first paid period."""
    if wanted.anchor is None:
        return {}
    if isinstance(wanted.anchor, str) or subscription.status == states.PAUSED:
        raise NoPeriodYet(status=subscription.status)
    return {"anchor": wanted.anchor}


def _rests_inside(subscription: Subscription) -> bool:
    """Whether the rest of the current period comes after the pause, because it is given back."""
    if subscription.status != states.PAUSED or subscription.period_index is None:
        return False
    pause = open_pause(subscription)
    return pause is not None and pause.gives_back and pause.starts_at < subscription.period.ends_at


def _in_pause(
    subscription: Subscription, wanted: Wanted, behavior: Behavior | None, cycle: tuple[str, int]
) -> dict[str, Any]:
    if wanted.anchor is not None:
        raise NoPeriodYet(status=subscription.status)
    how = _while_it_rests(subscription, behavior)
    if cycle != _cycle(subscription):
        raise CycleDiffers(interval=cycle[0], interval_count=cycle[1])
    return {"behavior": how}


def _while_it_rests(subscription: Subscription, behavior: Behavior | None) -> Behavior:
    """What is left of the period costs something else when the subscription goes on, and waits for the next invoice."""
    if behavior is Behavior.FULL_CHARGE_RESET_ANCHOR:
        raise NoPeriodYet(status=subscription.status)
    return Behavior.NONE if behavior is Behavior.NONE else Behavior.NEXT_INVOICE


def _with_period(subscription: Subscription, wanted: Wanted, cycle: tuple[str, int]) -> dict[str, Any]:
    if not isinstance(wanted.anchor, datetime):
        return {}
    begins_at = subscription.period.ends_at
    _cycle_at(subscription, wanted.anchor, cycle).first_period(begins_at)
    return {"anchor": wanted.anchor, "is_realigned": True}


def _anchor(subscription: Subscription, wanted: Wanted, cycle: tuple[str, int], *, at: datetime) -> datetime | None:
    """The anchor that is asked for; None if it is none, or the present one."""
    if wanted.anchor is None:
        return None
    anchor = wanted.anchor if isinstance(wanted.anchor, datetime) else at
    if wanted.anchor == NOW and at != subscription.period.starts_at:
        return at
    ends_at = _cycle_at(subscription, anchor, cycle).first_period(at).ends_at
    is_present = ends_at == subscription.period.ends_at and cycle == _cycle(subscription)
    return None if is_present else anchor


def _cycle_at(subscription: Subscription, anchor: datetime, cycle: tuple[str, int]) -> Cycle:
    zone = subscription.next_timezone or subscription.timezone
    return Cycle(anchor=anchor, interval=Interval(cycle[0]), interval_count=cycle[1], timezone=zone)


def _cycle(subscription: Subscription) -> tuple[str, int]:
    return subscription.interval, subscription.interval_count


def _refuse_what_is_sold(subscription: Subscription, course: Course, *, differs: bool, with_period: bool) -> None:
    if course.moves or course.is_realigned:
        subscription.refuse_if_ending()
    if differs and subscription.term_intervals is not None:
        raise TermIsFixed(term_intervals=subscription.term_intervals)
    costs = course.takes_plan() or course.quantity != subscription.quantity
    if course.behavior is not Behavior.NONE and (costs or course.moves or course.is_realigned):
        _refuse_bought_ahead(subscription, with_period=with_period)


def _refuse_bought_ahead(subscription: Subscription, *, with_period: bool) -> None:
    """What is paid for was paid at the price of that time, and is neither given back nor charged again."""
    refuse_if_ordered(subscription)
    first = -1 if subscription.period_index is None else subscription.period_index - (not with_period)
    for row in Extension.objects.applied().filter(subscription=subscription).order_by("id"):
        if row.last_period > first:
            raise PeriodBoughtAhead(extension=row.public_id)


def refuse_far_first_anchor(subscription: Subscription) -> None:
    """This function will refuse an anchor that lies more than a period after the first paid instant.

    :raises core.periods.AnchorTooFar: naming both.
    """
    if subscription.trial_ends_at is not None:
        subscription.cycle_from(subscription.trial_ends_at).first_period(subscription.trial_ends_at)
    else:
        refuse_far_anchor(subscription, has_trial=bool(subscription.trial_days))
