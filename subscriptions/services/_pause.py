"""Letting a subscription rest, and go on."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from billing.selectors import list_given_up
from core import errors, events, problems
from core.actor import Actor
from subscriptions import states
from subscriptions.internal._dunning import PAUSE as ENDS_PAUSED
from subscriptions.internal._pauses import ASKED, begin_pause, drop_pause, go_on
from subscriptions.internal._policy import PAUSE, RESUME, check_customer, current_settings
from subscriptions.internal._renew import catch_up
from subscriptions.internal._rows import locked, parties, record
from subscriptions.internal._seller import refuse_resuming_of_seller
from subscriptions.models import Subscription, SubscriptionPause, SubscriptionSettings
from subscriptions.proration import Refund
from subscriptions.services._cancel import NOW, PERIOD_END
from subscriptions.signals import SubscriptionPauseScheduled


class PauseScheduled(errors.Conflict):
    code = "pause_scheduled"
    title = "A pause is planned already; resume to withdraw it."


class LastPeriod(errors.Conflict):
    code = "last_period"
    title = "No period follows this one, so that only a pause now that gives its days back can be had."


class PaymentOutstanding(errors.Conflict):
    """`invoices` are those that are to be paid first."""

    code = "payment_outstanding"
    title = "It rests because it was not paid for, and goes on by itself when it is."


class PauseInvalid(errors.Invalid):
    """`field` is the member that makes no sense."""

    code = "pause_invalid"
    title = "The pause makes no sense."


problems.constraint("subscriptions_pause_one_at_a_time", PauseScheduled)


@transaction.atomic
def pause_subscription(
    *,
    subscription_id: UUID,
    at: str = NOW,
    until: datetime | None = None,
    policy: str | None = None,
    refund: Refund = Refund.NONE,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Subscription:
    """This function will pause a running subscription `now` or at `period_end`, until an instant or without one.

    Nothing is renewed, reminded of or granted meanwhile. `policy` give_back lengthens the period by the pause; restart
    breaks it off and charges a new one in full when the subscription goes on, and then `refund` says what becomes of
    the rest. None is the environment's.

    :raises core.errors.NotFound: if there is no such subscription.
    :raises subscriptions.internal.NotAllowed: if a customer asks who may not, or for longer than he may.
    :raises InvalidTransition: if its state does not allow it.
    :raises subscriptions.models.CancellationScheduled: if its end is decided.
    :raises PauseScheduled: if a pause is planned already.
    :raises LastPeriod: if no period follows that could begin later.
    :raises PauseInvalid: naming the member that makes no sense.
    """
    subscription, settings = locked(subscription_id), current_settings()
    check_customer(actor, PAUSE)
    catch_up(subscription, actor=actor, now=now)
    policy = policy or settings.pause_policy
    _refuse_unless_pausable(subscription, at=at, policy=policy)
    starts_at = now if at == NOW else subscription.period.ends_at
    until = _until(until, starts_at, settings, actor)
    _refuse_nonsense(policy, refund, starts_at, until)
    pause = SubscriptionPause.objects.create(
        subscription=subscription, policy=policy, period_number=subscription.period_index, starts_at=starts_at,
        until_at=until, interrupted=subscription.status, reason=reason, created_at=now,
    )  # fmt: skip
    if at == NOW:
        begin_pause(subscription, pause, refund=refund, actor=actor, now=now)
    else:
        _plan(subscription, pause, actor=actor, now=now)
    return subscription


@transaction.atomic
def resume_subscription(*, subscription_id: UUID, actor: Actor, now: datetime) -> Subscription:
    """This function will let a paused subscription go on now, or withdraw a pause that has not begun.

    :raises core.errors.NotFound: if there is no such subscription.
    :raises subscriptions.internal.NotAllowed: if a customer asks who may not.
    :raises subscriptions.internal.PauseOfTheSeller: if a customer asks, and it was the seller who decided the pause.
    :raises InvalidTransition: if it neither rests nor will.
    :raises PaymentOutstanding: if it owes what was given up by a policy that pauses, which would pause it again.
    :raises subscriptions.internal.PaymentMethodMissing: if it rests since its trial and nothing could be charged.
    """
    subscription = locked(subscription_id)
    check_customer(actor, RESUME)
    if subscription.pauses_at is not None and subscription.pauses_at > now:
        refuse_resuming_of_seller(subscription, actor=actor, now=now)
        drop_pause(subscription, at=now, actor=actor, now=now)
        return subscription
    states.refuse_verb("resume", subscription.status)
    refuse_resuming_of_seller(subscription, actor=actor, now=now)
    _refuse_if_given_up(subscription)
    # Who comes after the instant that was agreed finds that it went on then.
    at = min(now, subscription.resumes_at or now)
    go_on(subscription, at=at, how=ASKED, actor=actor, now=now)
    return subscription


def _refuse_if_given_up(subscription: Subscription) -> None:
    owed = list_given_up(subscription.public_id, ENDS_PAUSED)
    if owed:
        raise PaymentOutstanding(invoices=list(owed))


def _refuse_unless_pausable(subscription: Subscription, *, at: str, policy: str) -> None:
    states.refuse_verb("pause", subscription.status)
    subscription.refuse_if_ending()
    if subscription.pauses_at is not None:
        raise PauseScheduled(pauses_at=subscription.pauses_at.isoformat())
    needs_another = at == PERIOD_END or policy == SubscriptionPause.Policy.RESTART
    if subscription.renews_at is None and needs_another:
        raise LastPeriod(ends_at=subscription.period.ends_at.isoformat())


def _until(
    until: datetime | None, starts_at: datetime, settings: SubscriptionSettings, actor: Actor
) -> datetime | None:
    """A customer's pause has an end, at the latest after as many days as he may."""
    if not actor.is_customer or not settings.longest_customer_pause_days:
        return until
    latest = starts_at + timedelta(days=settings.longest_customer_pause_days)
    if until is not None and until > latest:
        raise PauseInvalid(f"A pause may last {settings.longest_customer_pause_days} days.", field="until")
    return until or latest


def _refuse_nonsense(policy: str, refund: Refund, starts_at: datetime, until: datetime | None) -> None:
    if until is not None and until <= starts_at:
        raise PauseInvalid("A pause ends after it has begun.", field="until")
    if refund is not Refund.NONE and policy != SubscriptionPause.Policy.RESTART:
        raise PauseInvalid("Days that are given back are not paid back as well.", field="refund")


def _plan(subscription: Subscription, pause: SubscriptionPause, *, actor: Actor, now: datetime) -> None:
    subscription.plan_pause(at=pause.starts_at)
    record(
        subscription, "pause_scheduled", old_status=subscription.status, actor=actor, now=now,
        effective_at=pause.starts_at, reason=pause.reason,
    )  # fmt: skip
    events.publish(
        SubscriptionPauseScheduled(
            subject=subscription.public_id, actor=actor.label, at=now, **parties(subscription),
            pauses_at=pause.starts_at, resumes_at=pause.until_at, policy=pause.policy, reason=pause.reason,
        )
    )  # fmt: skip
