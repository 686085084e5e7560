"""Subscribing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accounts.internal import lock_customer
from accounts.services import CurrencyMismatch
from billing import internal as billing
from catalog.selectors import PlanTerms, get_current_terms
from catalog.services import PlanArchived
from core import errors, failpoints
from core.actor import Actor
from core.periods import Alignment
from core.verbs import verb
from subscriptions import states
from subscriptions.internal import LiveSubscriptionExists
from subscriptions.internal._addons import attach
from subscriptions.internal._begin import Opening, open_first, opening
from subscriptions.internal._create import NewSubscription, build, refuse_far_anchor, say_created
from subscriptions.internal._history import Holding
from subscriptions.internal._items import Held
from subscriptions.internal._rows import record
from subscriptions.internal._trial_uses import TrialAlreadyUsed, has_trial_left
from subscriptions.models import LIVE, Subscription


class NoTrialOffered(errors.Invalid):
    code = "no_trial_offered"
    title = "The plan has no trial, and the request names no days."


class StartInThePast(errors.Invalid):
    code = "start_in_the_past"
    title = "A subscription cannot start in the past."


@verb
def create_subscription(
    *,
    customer_id: UUID,
    plan_id: UUID,
    quantity: int = 1,
    currency: str | None = None,
    trial_days: int | None = None,
    starts_at: datetime | None = None,
    intervals: int | None = None,
    anchor: str | datetime = Alignment.ANNIVERSARY,
    addons: Sequence[tuple[UUID, int]] = (),
    coupons: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> Subscription:
    """This function will subscribe a customer to the newest published version of a plan.

    It begins scheduled if `starts_at` is in the future, trialing if there is a trial (`trial_days` None is the plan's
    own, 0 none), active if nothing is to be paid in advance, otherwise incomplete, with its first invoice issued and a
    payment requested. `intervals` limits it to so many periods. `currency` None is the customer's, or the plan's first.

    Periods are counted from the start (`anchor` anniversary), from the next calendar unit in the customer's zone
    (calendar), or from an instant; the first one may then be short, counts as one, and costs its share. `addons` are
    ids and quantities, `coupons` the codes of those that reduce its invoices from the first on.

    :raises core.errors.NotFound: if there is no such customer or plan.
    :raises catalog.services.PlanArchived, catalog.selectors.PlanNotPublished: if the plan is not on offer.
    :raises catalog.selectors.CurrencyNotOffered, accounts.services.CurrencyMismatch: if the currency does not fit.
    :raises LiveSubscriptionExists: if the customer has a live subscription of the family.
    :raises TrialAlreadyUsed: if a trial was asked for by the request and the customer has had his.
    :raises StartInThePast: if `starts_at` lies before `now`.
    :raises core.periods.AnchorTooFar: if the anchor lies more than a period after the first paid instant.
    :raises core.errors.Refusal: if an add-on does not fit, or a coupon cannot be redeemed: see `add_addon` and
    `redeem_coupon`.
    """
    customer = lock_customer(customer_id)
    terms = _offered(plan_id)
    wanted = NewSubscription(
        customer=customer, terms=terms, quantity=quantity, currency=currency, intervals=intervals,
        trial_days=terms.trial_days if trial_days is None else trial_days, starts_at=_start(starts_at, now),
        anchor=anchor,
    )  # fmt: skip
    subscription = build(wanted, now=now)
    if customer.is_currency_fixed and customer.currency != subscription.currency:
        raise CurrencyMismatch(currency=customer.currency)
    has_trial = has_trial_left(subscription)
    if trial_days and not has_trial:
        raise TrialAlreadyUsed
    _refuse_second(subscription)
    refuse_far_anchor(subscription, has_trial=has_trial)
    # The first invoice is worked out from these rows, so they come before the one they belong to.
    added = [attach(subscription, addon_id, count, at=subscription.starts_at, now=now) for addon_id, count in addons]
    held = Held(addons=tuple(added))
    return _begin(subscription, terms, held, coupons, has_trial=has_trial, actor=actor, now=now)


@verb
def start_trial(
    *,
    customer_id: UUID,
    plan_id: UUID,
    quantity: int = 1,
    currency: str | None = None,
    trial_days: int | None = None,
    actor: Actor,
    now: datetime,
) -> Subscription:
    """This function will subscribe a customer with a trial, or refuse: nothing is ever charged at once.

    :raises NoTrialOffered: if neither the plan nor the request has days.
    :raises TrialAlreadyUsed: if the customer has had his trial of the family.
    :raises Refusal: see `create_subscription`.
    """
    days = get_current_terms(plan_id).trial_days if trial_days is None else trial_days
    if not days:
        raise NoTrialOffered
    return create_subscription(
        customer_id=customer_id, plan_id=plan_id, quantity=quantity, currency=currency, trial_days=days, actor=actor,
        now=now,
    )  # fmt: skip


def _begin(
    subscription: Subscription,
    terms: PlanTerms,
    held: Held,
    coupons: Sequence[str],
    *,
    has_trial: bool,
    actor: Actor,
    now: datetime,
) -> Subscription:
    if subscription.starts_at > now:
        begun = Opening(status=states.SCHEDULED)
    else:
        begun = opening(subscription, terms, held, has_trial=has_trial, at=now, now=now)
    subscription.status = begun.status
    for code in coupons:
        billing.redeem_coupon(
            code, customer_id=subscription.customer_id, reference=subscription.public_id,
            currency=subscription.currency, plan=terms.plan_public_id, actor=actor, now=now,
        )  # fmt: skip
    holding = None if coupons else Holding(terms=terms, held=held)
    record(
        subscription, "created", old_status=states.NEW, actor=actor, now=now, effective_at=subscription.starts_at,
        holding=holding,
    )  # fmt: skip
    say_created(subscription, actor=actor, now=now)
    if __debug__:
        failpoints.reach("subscriptions.created")
    if subscription.status != states.SCHEDULED:
        # Whoever shows a coupon beside the subscription shows how many invoices it has reduced, this one included.
        open_first(subscription, terms, begun, actor=actor, now=now, numbered_last=not coupons)
    return subscription


def _offered(plan_id: UUID) -> PlanTerms:
    terms = get_current_terms(plan_id)
    if terms.archived_at is not None:
        raise PlanArchived(archived_at=terms.archived_at.isoformat())
    return terms


def _start(starts_at: datetime | None, now: datetime) -> datetime:
    if starts_at is not None and starts_at < now:
        raise StartInThePast
    return starts_at or now


def _refuse_second(subscription: Subscription) -> None:
    """The unique index decides; asking first only gives a refusal that names the other one."""
    if subscription.family is None:
        return
    live = LIVE.first(subscription.customer_id, subscription.family, list(states.LIVE))
    if live is not None:
        raise LiveSubscriptionExists(subscription=live.public_id)
