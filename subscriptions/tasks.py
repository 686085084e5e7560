"""What subscriptions do by themselves when their time comes. Each task asks again, under lock, whether it is due."""

from uuid import UUID

from core import clock
from core.actor import SYSTEM
from jobs.services import duty, job
from subscriptions import internal
from subscriptions.models import Subscription


@job("subscriptions.renew", queue="q:sub:payment_initiation", policy="queue")
def renew(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will begin and bill the next period."""
    internal.renew(subscription_id=UUID(id), actor=SYSTEM, now=clock.now())


@job("subscriptions.convert_trial", queue="q:sub:trial_payment", policy="queue")
def convert_trial(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will begin the paid time after a trial."""
    internal.convert_trial(subscription_id=UUID(id), actor=SYSTEM, now=clock.now())


@job("subscriptions.start", queue="q:sub:payment_initiation", policy="queue")
def start(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will begin a scheduled subscription."""
    internal.start(subscription_id=UUID(id), actor=SYSTEM, now=clock.now())


@job("subscriptions.expire_incomplete", queue="q:sub:plan_change", policy="queue")
def expire_incomplete(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will end what was never paid for."""
    internal.expire_incomplete(subscription_id=UUID(id), actor=SYSTEM, now=clock.now())


@job("subscriptions.cancel", queue="q:sub:plan_change", policy="queue")
def cancel(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will carry out a scheduled cancellation."""
    internal.end_term(subscription_id=UUID(id), actor=SYSTEM, now=clock.now())


@job("subscriptions.end", queue="q:sub:plan_change", policy="queue")
def end(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will end a fixed term."""
    internal.end_term(subscription_id=UUID(id), actor=SYSTEM, now=clock.now())


@job("subscriptions.migrate", queue="q:sub:plan_change", policy="queue")
def migrate(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will move a chunk of a migration's subscriptions to their plan's other version."""
    internal.migrate(migration_id=UUID(id), actor=SYSTEM, now=clock.now())


duty("subscriptions.renew", rows=Subscription.objects.renewing, at="renews_at")
duty("subscriptions.convert_trial", rows=Subscription.objects.converting, at="trial_ends_at")
duty("subscriptions.start", rows=Subscription.objects.starting, at="starts_at")
duty("subscriptions.expire_incomplete", rows=Subscription.objects.unpaid, at="unpaid_deadline_at")
duty("subscriptions.cancel", rows=Subscription.objects.canceling, at="cancel_at")
duty("subscriptions.end", rows=Subscription.objects.fixed_term, at="ends_at")
