"""What subscriptions do by themselves when their time comes. Each task asks again, under lock, whether it is due."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail

from core import clock
from core.actor import SYSTEM
from jobs.services import duty, job, schedulable
from subscriptions import internal
from subscriptions.models import ScheduledChange, Subscription

REMINDER = """Hello{name},

this is to remind you of your subscription to {plan} ({subscription}).
{what_comes}"""

CHANGE_FAILED = """Hello{name},

the change that was scheduled for your subscription to {plan} ({subscription}) could not be made: {why}
Everything stays as it was.
"""


def renew_together(ids: Sequence[str]) -> list[str]:
    """This function will begin and bill the next periods of many, and return those that have to be renewed alone."""
    left = internal.renew_many(subscription_ids=[UUID(one) for one in ids], actor=SYSTEM, now=clock.now())
    return [str(one) for one in left]


@job("subscriptions.renew", queue="q:sub:payment_initiation", policy="queue", together=renew_together)
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


@job("subscriptions.pause", queue="q:sub:plan_change", policy="queue")
def pause(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will begin a pause that was asked for."""
    internal.pause_due(subscription_id=UUID(id), actor=SYSTEM, now=clock.now())


@job("subscriptions.resume", queue="q:sub:plan_change", policy="queue")
def resume(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will end a pause whose time is over."""
    internal.resume_due(subscription_id=UUID(id), actor=SYSTEM, now=clock.now())


@job("subscriptions.tell", queue="q:sub:plan_change", policy="queue")
def tell(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will tell a customer of a renewal, or of his trial's end, before it comes."""
    internal.remind_upcoming(subscription_id=UUID(id), actor=SYSTEM, now=clock.now())


@job(
    "subscriptions.migrate", queue="q:sub:plan_change", policy="queue",
    refers={"id": "subscriptions.versionmigration"},
)  # fmt: skip
def migrate(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will move a chunk of a migration's subscriptions to their plan's other version."""
    internal.migrate(migration_id=UUID(id), actor=SYSTEM, now=clock.now())


@job("subscriptions.apply_change", queue="q:sub:plan_change", policy="queue")
def apply_change(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of every duty
    """This task will do a scheduled change."""
    internal.apply_change(change_id=UUID(id), actor=SYSTEM, now=clock.now())


# Before the renewals: what was scheduled for an instant is done first where both are due.
duty("subscriptions.apply_change", rows=ScheduledChange.objects.dated, at="effective_at")
duty("subscriptions.renew", rows=Subscription.objects.renewing, at="renews_at")
duty("subscriptions.convert_trial", rows=Subscription.objects.converting, at="trial_ends_at")
duty("subscriptions.start", rows=Subscription.objects.starting, at="starts_at")
duty("subscriptions.expire_incomplete", rows=Subscription.objects.unpaid, at="unpaid_deadline_at")
duty("subscriptions.cancel", rows=Subscription.objects.canceling, at="cancel_at")
duty("subscriptions.end", rows=Subscription.objects.fixed_term, at="ends_at")
duty("subscriptions.pause", rows=Subscription.objects.pausing, at="pauses_at")
duty("subscriptions.resume", rows=Subscription.objects.resuming, at="resumes_at")
duty("subscriptions.tell", rows=Subscription.objects.reminding, at="remind_at")


@job(
    "subscriptions.tell_change_failed", queue="q:mail", policy="queue",
    refers={"id": "subscriptions.scheduledchange"},
)  # fmt: skip
def tell_change_failed(*, id: str, **_: object) -> None:  # noqa: A002 - as the payloads of duties are
    """This task will mail a customer that a change he had scheduled could not be made."""
    letter = internal.write_change_letter(UUID(id))
    if letter is not None:
        name = f" {letter.name}" if letter.name else ""
        text = CHANGE_FAILED.format(
            name=name, plan=letter.plan, subscription=letter.subscription, why=letter.why
        )  # fmt: skip
        send_mail(f"Your subscription to {letter.plan}", text, settings.DEFAULT_FROM_EMAIL, [letter.to])


@job("subscriptions.remind", queue="q:mail", policy="queue", refers={"id": "subscriptions.subscription"})
def remind(*, id: str, **_: object) -> None:  # noqa: A002 - the payload of everything scheduled
    """This task will mail a customer what comes next in his subscription, if it has not ended."""
    letter = internal.write_reminder(UUID(id))
    if letter is not None:
        send_mail(f"Your subscription to {letter.plan}", _text(letter), settings.DEFAULT_FROM_EMAIL, [letter.to])


schedulable("reminder", prefix="sub", kind="subscriptions.remind", model=Subscription, check=internal.check_remindable)


def _text(letter: internal.Reminder) -> str:
    ends = f"It ends on {letter.ends_on}.\n" if letter.ends_on else ""
    if letter.trial_ends_on:
        ends = f"Your trial ends on {letter.trial_ends_on}.\n"
    return REMINDER.format(
        name=f" {letter.name}" if letter.name else "", plan=letter.plan, subscription=letter.subscription,
        what_comes=f"It renews on {letter.renews_on}.\n" if letter.renews_on else ends,
    )  # fmt: skip
