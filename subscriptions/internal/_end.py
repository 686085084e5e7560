"""How a subscription ends: canceled, at its term, or because the first payment never came."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.internal import release_coupons, void_invoice_of
from catalog.selectors import get_terms
from core import events
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._charges import charge_rest
from subscriptions.internal._entitlements import revoke
from subscriptions.internal._extensions import withdraw_pending
from subscriptions.internal._renew import catch_up
from subscriptions.internal._rows import locked, parties, record
from subscriptions.models import Subscription
from subscriptions.signals import SubscriptionCanceled, SubscriptionExpired

TERM_ENDED = "term_ended"
UNPAID = "unpaid"


@transaction.atomic
def end_term(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription | None:
    """This function will end a subscription whose cancellation or fixed term is due; None if neither is.

    Both may be due at one instant: then it was canceled. Periods that were missed until then are billed first.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    if subscription.is_terminal:
        return None
    catch_up(subscription, actor=actor, now=now)
    if subscription.cancel_at is not None and subscription.cancel_at <= now:
        at, reason = subscription.cancel_at, subscription.reason
        cancel(subscription, at=at, reason=reason, actor=actor, now=now)
    elif subscription.ends_at is not None and subscription.ends_at <= now:
        expire(subscription, at=subscription.ends_at, reason=TERM_ENDED, actor=actor, now=now)
    else:
        return None
    return subscription


@transaction.atomic
def expire_incomplete(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription | None:
    """This function will end a subscription whose first payment has not come in time; None if it is not due.

    Its open invoice is voided.

    :raises core.errors.NotFound: if there is no such subscription.
    """
    subscription = locked(subscription_id)
    deadline = subscription.unpaid_deadline_at
    if subscription.status != states.INCOMPLETE or deadline is None or deadline > now:
        return None
    expire(subscription, at=deadline, reason=UNPAID, actor=actor, now=now)
    return subscription


def cancel(subscription: Subscription, *, at: datetime, reason: str, actor: Actor, now: datetime) -> None:
    """This function will cancel a locked subscription as of an instant.

    :raises AlreadyCanceled: if it is canceled.
    :raises InvalidTransition: if it has expired.
    """
    old_status = subscription.status
    subscription.cancel(at=at, reason=reason)
    record(subscription, "canceled", old_status=old_status, actor=actor, now=now, effective_at=at, reason=reason)
    _close(subscription, old_status=old_status, at=at, actor=actor, now=now)
    events.publish(
        SubscriptionCanceled(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), reason=reason
        )
    )


def expire(subscription: Subscription, *, at: datetime, reason: str, actor: Actor, now: datetime) -> None:
    """This function will end a locked subscription because its time is over.

    :raises InvalidTransition: if it is over already, or has not begun.
    """
    old_status = subscription.status
    subscription.expire(at=at, reason=reason)
    record(subscription, "expired", old_status=old_status, actor=actor, now=now, effective_at=at, reason=reason)
    _close(subscription, old_status=old_status, at=at, actor=actor, now=now)
    events.publish(
        SubscriptionExpired(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), reason=reason
        )
    )


def _close(subscription: Subscription, *, old_status: str, at: datetime, actor: Actor, now: datetime) -> None:
    """Take back what is no longer wanted, charge what was used up to the end, and revoke what was granted."""
    withdraw_pending(subscription, actor=actor, now=now)
    if old_status == states.INCOMPLETE:
        void_invoice_of(subscription.public_id, reason="never_paid", actor=actor, now=now)
    elif old_status in states.RENEWING:
        charge_rest(subscription, get_terms(subscription.plan_version_id), at=at, actor=actor, now=now)
    if old_status in states.UNPAID:
        release_coupons(subscription.public_id, actor=actor, now=now)
    revoke(subscription, now=now)
