"""Buying periods ahead."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from catalog.selectors import get_terms
from core import events
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._charges import ahead_lines, charge
from subscriptions.internal._extensions import apply, next_unpaid, refuse_if_ordered
from subscriptions.internal._policy import RENEW, check_customer
from subscriptions.internal._rows import locked, parties, record
from subscriptions.models import Extension, Subscription
from subscriptions.signals import SubscriptionRenewalRequested


@transaction.atomic
def renew_subscription(*, subscription_id: UUID, intervals: int = 1, actor: Actor, now: datetime) -> Subscription:
    """This function will sell `intervals` further periods, from the first one not paid for: the invoice is issued now.

    When it is paid, a fixed term ends so much later, and an open-ended subscription is not charged for these periods
    again. What costs nothing in advance counts at once.

    :raises core.errors.NotFound: if there is no such subscription.
    :raises CancellationScheduled: if it will be canceled.
    :raises InvalidTransition: if it is not running.
    :raises subscriptions.internal.NotAllowed: if a customer asks who may not.
    :raises RenewalPending: if an earlier request has not been paid.
    """
    subscription = locked(subscription_id)
    check_customer(actor, RENEW)
    _refuse_unless_renewable(subscription)
    extension = Extension(subscription=subscription, intervals=intervals, created_at=now)
    span = subscription.span(next_unpaid(subscription), count=intervals)
    lines = ahead_lines(subscription, get_terms(subscription.plan_version_id), period=span, intervals=intervals)
    invoice = charge(subscription, lines, name=extension.public_id, actor=actor, now=now, period=span)
    extension.invoice_id = invoice.id if invoice else None
    extension.save(force_insert=True)
    record(subscription, "renewal_requested", old_status=subscription.status, actor=actor, now=now)
    events.publish(
        SubscriptionRenewalRequested(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), intervals=intervals,
            invoice=invoice.public_id if invoice else None,
        )
    )  # fmt: skip
    if invoice is None:
        apply(subscription, extension, actor=actor, now=now)
    return subscription


def _refuse_unless_renewable(subscription: Subscription) -> None:
    states.refuse_verb("renew", subscription.status)
    subscription.refuse_if_ending()
    refuse_if_ordered(subscription)
