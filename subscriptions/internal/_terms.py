"""Prepaid terms: what a gift brings."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.internal import LockedCustomer, lock_customer
from catalog.selectors import PlanTerms, get_current_terms
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._begin import Opening, open_first
from subscriptions.internal._charges import opening_lines
from subscriptions.internal._create import NewSubscription, build, say_created
from subscriptions.internal._extensions import apply, say_extended
from subscriptions.internal._families import LiveSubscriptionExists
from subscriptions.internal._history import Holding
from subscriptions.internal._items import Held
from subscriptions.internal._rows import record
from subscriptions.models import Extension, Subscription
from subscriptions.selectors import SubscriptionView, view


@transaction.atomic
def grant_term(
    *, customer_id: UUID, plan_id: UUID, intervals: int, source: str, actor: Actor, now: datetime
) -> SubscriptionView:
    """This function will give a customer `intervals` periods of a plan that somebody else has paid for.

    A running subscription to the plan is extended; otherwise a new one begins, active at once, and expires afterwards.
    `source` is the public id of what brought it, such as `gft_…`: asked again, the same subscription is returned.

    :raises core.errors.NotFound: if there is no such customer or plan.
    :raises LiveSubscriptionExists: if the customer has another plan of the family, or has not paid or begun yet.
    :raises subscriptions.models.CancellationScheduled: if the running subscription will be canceled.
    """
    customer = lock_customer(customer_id)
    granted = Extension.objects.select_related("subscription").filter(source=source).first()
    if granted is not None:
        return view(granted.subscription)
    terms = get_current_terms(plan_id)
    running = _running(customer_id, terms)
    if running is None:
        return view(_begin_term(customer, terms, intervals, source, actor=actor, now=now))
    extension = Extension.objects.create(subscription=running, intervals=intervals, source=source, created_at=now)
    apply(running, extension, actor=actor, now=now)
    return view(running)


def _running(customer_id: UUID, terms: PlanTerms) -> Subscription | None:
    if terms.family is None:
        return None
    rows = Subscription.objects.select_for_update().of_family(customer_id, terms.family)
    live = rows.live().first()
    if live is None:
        return None
    if live.plan_id != terms.plan_id or live.status not in (states.TRIALING, *states.RENEWING):
        raise LiveSubscriptionExists(subscription=live.public_id)
    live.refuse_if_ending()
    return live


def _begin_term(
    customer: LockedCustomer, terms: PlanTerms, intervals: int, source: str, *, actor: Actor, now: datetime
) -> Subscription:
    wanted = NewSubscription(customer=customer, terms=terms, intervals=intervals, trial_days=0, starts_at=now)
    subscription = build(wanted, now=now)
    subscription.anchor(at=now)
    subscription.status = states.ACTIVE
    record(
        subscription, "created", old_status=states.NEW, actor=actor, now=now, reason=source,
        holding=Holding(terms=terms, held=Held()),
    )  # fmt: skip
    extension = Extension(subscription=subscription, intervals=intervals, source=source, created_at=now)
    extension.apply(first_period=0, at=now)
    extension.save(force_insert=True)
    say_created(subscription, actor=actor, now=now)
    lines = opening_lines(subscription, terms, Held(extension=extension))
    begun = Opening(status=states.ACTIVE, lines=tuple(lines), extension=extension)
    open_first(subscription, terms, begun, actor=actor, now=now)
    say_extended(subscription, extension, actor=actor, now=now)
    return subscription
