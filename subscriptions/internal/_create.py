"""A new subscription's row."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.selectors import CustomerView, get_customer
from catalog.selectors import PlanTerms
from core import events
from core.actor import Actor
from subscriptions.internal._rows import parties
from subscriptions.models import Subscription
from subscriptions.signals import SubscriptionCreated


@dataclass(frozen=True, kw_only=True)
class NewSubscription:
    """What is wanted. `currency` None is the customer's; `intervals` None is open-ended; `trial_days` 0 is no trial."""

    customer_id: UUID
    terms: PlanTerms
    trial_days: int
    starts_at: datetime
    quantity: int = 1
    currency: str | None = None
    intervals: int | None = None


def build(wanted: NewSubscription, *, now: datetime) -> Subscription:
    """This function will return the row of a new subscription, not saved, without a state or a period yet.

    :raises core.errors.NotFound: if there is no such customer.
    :raises catalog.selectors.CurrencyNotOffered: if the plan has no prices in the currency.
    """
    customer, terms = get_customer(wanted.customer_id), wanted.terms
    currency = wanted.currency or _currency_of(customer, terms)
    interval, count = terms.cycle(currency)
    return Subscription(
        customer_id=customer.id, plan_id=terms.plan_id, plan_version_id=terms.version_id, family=terms.family,
        currency=currency, quantity=wanted.quantity, timezone=customer.timezone, interval=interval,
        interval_count=count, term_intervals=wanted.intervals, trial_days=wanted.trial_days,
        starts_at=wanted.starts_at, created_at=now,
    )  # fmt: skip


def say_created(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """This function will publish that a subscription exists."""
    events.publish(
        SubscriptionCreated(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            status=subscription.status, quantity=subscription.quantity, currency=subscription.currency,
        )
    )  # fmt: skip


def _currency_of(customer: CustomerView, terms: PlanTerms) -> str:
    """The customer's currency decides; one who has none gets the plan's first."""
    return customer.currency or terms.currencies[0]
