"""A new subscription's row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.internal import LockedCustomer
from catalog.selectors import PlanTerms
from core import events
from core.actor import Actor
from core.periods import Alignment, Cycle, Interval
from subscriptions.internal._rows import parties, with_customer
from subscriptions.models import Subscription
from subscriptions.signals import SubscriptionCreated


@dataclass(frozen=True, kw_only=True)
class NewSubscription:
    """What is wanted. `currency` None is the customer's; `intervals` None is open-ended; `trial_days` 0 is no trial.

    `anchor` is anniversary or calendar, or the instant of a boundary to which the first period runs.
    """

    customer: LockedCustomer
    terms: PlanTerms
    trial_days: int
    starts_at: datetime
    quantity: int = 1
    currency: str | None = None
    intervals: int | None = None
    anchor: str | datetime = Alignment.ANNIVERSARY


def build(wanted: NewSubscription, *, now: datetime) -> Subscription:
    """This function will return the row of a new subscription, not saved, without a state or a period yet.

    :raises catalog.selectors.CurrencyNotOffered: if the plan has no prices in the currency.
    """
    customer, terms = wanted.customer, wanted.terms
    currency = wanted.currency or _currency_of(customer, terms)
    interval, count = terms.cycle(currency)
    row = Subscription.fresh(
        customer_id=customer.id, plan_id=terms.plan_id, plan_version_id=terms.version_id, family=terms.family,
        currency=currency, quantity=wanted.quantity, timezone=customer.timezone, interval=interval,
        interval_count=count, term_intervals=wanted.intervals, trial_days=wanted.trial_days,
        starts_at=wanted.starts_at, created_at=now, **_anchor(wanted.anchor),
    )  # fmt: skip
    return with_customer(row, customer)


def say_created(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """This function will publish that a subscription exists."""
    events.publish(
        SubscriptionCreated(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            status=subscription.status, quantity=subscription.quantity, currency=subscription.currency,
        )
    )  # fmt: skip


def refuse_far_anchor(subscription: Subscription, *, has_trial: bool) -> None:
    """This function will refuse an anchor that lies more than a period after the first paid instant.

    :raises core.periods.AnchorTooFar: naming both.
    """
    at = subscription.starts_at
    if has_trial:
        at = trial_end(subscription, at=at)
    subscription.cycle_from(at).first_period(at)


def trial_end(subscription: Subscription, *, at: datetime) -> datetime:
    """This function will return the end of a trial that begins at an instant, counted on the customer's wall clock."""
    return Cycle(anchor=at, interval=Interval.DAY, timezone=subscription.timezone).boundary(subscription.trial_days)


def _anchor(anchor: str | datetime) -> dict[str, Any]:
    if isinstance(anchor, datetime):
        return {"wanted_anchor_at": anchor}
    return {"alignment": Alignment(anchor)}


def _currency_of(customer: LockedCustomer, terms: PlanTerms) -> str:
    """The customer's currency decides; one who has none gets the plan's first."""
    return customer.currency or terms.currencies[0]
