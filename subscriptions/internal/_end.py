"""How a subscription ends: canceled, at its term, or because the first payment never came."""

from dataclasses import dataclass
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
from subscriptions.internal._pause_rows import close_pause
from subscriptions.internal._renew import catch_up
from subscriptions.internal._rows import locked, parties, record
from subscriptions.internal._scheduled import withdraw_changes
from subscriptions.internal._unused import give_back
from subscriptions.models import Subscription
from subscriptions.proration import Refund
from subscriptions.reasons import SUBSCRIPTION_ENDS, TERM_ENDED, UNPAID
from subscriptions.signals import SubscriptionCanceled, SubscriptionExpired


@dataclass(frozen=True, kw_only=True)
class Farewell:
    """Why a subscription ends, in a word and in somebody's own, and what becomes of the unused rest."""

    reason: str = ""
    comment: str = ""
    refund: Refund = Refund.NONE


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
        how = Farewell(
            reason=subscription.reason, comment=subscription.comment, refund=Refund(subscription.cancel_refund)
        )
        cancel(subscription, how, at=subscription.cancel_at, actor=actor, now=now)
    elif subscription.status in states.RENEWING and subscription.ends_at is not None and subscription.ends_at <= now:
        # The term of what rests goes on when it does.
        expire(subscription, Farewell(reason=TERM_ENDED), at=subscription.ends_at, actor=actor, now=now)
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
    expire(subscription, Farewell(reason=UNPAID), at=deadline, actor=actor, now=now)
    return subscription


def cancel(subscription: Subscription, how: Farewell, *, at: datetime, actor: Actor, now: datetime) -> None:
    """This function will cancel a locked subscription as of an instant.

    :raises AlreadyCanceled: if it is canceled.
    :raises InvalidTransition: if it has expired.
    """
    old_status, rested_at = subscription.status, subscription.paused_at
    subscription.cancel(at=at, reason=how.reason, comment=how.comment)
    _record(subscription, "canceled", how, old_status=old_status, at=at, actor=actor, now=now)
    _close(subscription, how, old_status=old_status, at=rested_at or at, actor=actor, now=now)
    events.publish(
        SubscriptionCanceled(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), reason=how.reason,
            comment=how.comment, refund=how.refund.value,
        )
    )  # fmt: skip


def expire(subscription: Subscription, how: Farewell, *, at: datetime, actor: Actor, now: datetime) -> None:
    """This function will end a locked subscription because its time is over.

    :raises InvalidTransition: if it is over already, or has not begun.
    """
    old_status, rested_at = subscription.status, subscription.paused_at
    subscription.expire(at=at, reason=how.reason, comment=how.comment)
    _record(subscription, "expired", how, old_status=old_status, at=at, actor=actor, now=now)
    _close(subscription, how, old_status=old_status, at=rested_at or at, actor=actor, now=now)
    events.publish(
        SubscriptionExpired(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription), reason=how.reason,
            comment=how.comment,
        )
    )  # fmt: skip


def _record(
    subscription: Subscription, kind: str, how: Farewell, *, old_status: str, at: datetime, actor: Actor, now: datetime
) -> None:
    record(
        subscription, kind, old_status=old_status, actor=actor, now=now, effective_at=at, reason=how.reason,
        comment=how.comment,
    )  # fmt: skip


def _close(
    subscription: Subscription, how: Farewell, *, old_status: str, at: datetime, actor: Actor, now: datetime
) -> None:
    """Take back what is no longer wanted, charge what was used up to `at`, and revoke what was granted."""
    pause = close_pause(subscription, at=subscription.ended_at or at, actor=actor, now=now)
    withdraw_pending(subscription, actor=actor, now=now)
    withdraw_changes(subscription, reason=SUBSCRIPTION_ENDS, actor=actor, now=now)
    if old_status == states.INCOMPLETE:
        void_invoice_of(subscription.public_id, reason="never_paid", actor=actor, now=now)
    elif subscription.period_index is not None:
        terms = get_terms(subscription.plan_version_id)
        # What a pause has broken off for good was settled when it began.
        rest_from = at if pause is None or pause.gives_back else subscription.period.ends_at
        give_back(subscription, terms, at=rest_from, refund=how.refund, also_ahead=True, actor=actor, now=now)
        charge_rest(subscription, terms, at=at, actor=actor, now=now)
    if old_status in states.UNPAID:
        release_coupons(subscription.public_id, actor=actor, now=now)
    revoke(subscription, now=now)
