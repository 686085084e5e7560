"""Having something done at an instant that somebody names. What can be done, and to what, the apps say."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from core import clock, errors, events, ids
from core.actor import Actor
from jobs.models import Job, ScheduledJob
from jobs.registry import Schedulable, schedulable_of
from jobs.services._enqueue import enqueue
from jobs.signals import JobCanceled, JobScheduled

# Nobody means an instant that is further away.
HORIZON = timedelta(days=3660)


class NotSchedulable(errors.Invalid):
    code = "not_schedulable"
    title = "Such a thing cannot be scheduled for such a subject."


class RunAtInvalid(errors.Invalid):
    code = "run_at_invalid"
    title = "The instant has passed, or is more than ten years ahead."


class ScheduleKeyReused(errors.Conflict):
    code = "schedule_key_reused"
    title = "The key has scheduled something else."


@transaction.atomic
def schedule(*, kind: str, subject: str, run_at: datetime, actor: Actor, now: datetime, key: str = "") -> ScheduledJob:
    """Have `kind` (charge, invoice, reminder) done to `subject`, a public id, at an instant of the environment's clock.

    With a `key`, asking again for the same returns what there is. This function will return what was scheduled. Then
    the job asks again, under lock, whether there is still anything to do.

    :raises NotSchedulable: if nobody can do that to such a subject.
    :raises RunAtInvalid: for the past, and for more than ten years ahead.
    :raises ScheduleKeyReused: if the key stands for something else.
    :raises core.errors.NotFound: if the environment has no such subject.
    :raises core.errors.Refusal: if it could not be done even now; which, says the app.
    """
    chosen = _chosen(kind, subject)
    if not now <= run_at <= now + HORIZON:
        raise RunAtInvalid(run_at=run_at.isoformat(), now=now.isoformat())
    subject_id = ids.decode(chosen.prefix, subject)
    chosen.check(subject_id)
    fresh = ScheduledJob(kind=kind, subject=subject, scheduled_by=actor.label, created_at=now)
    fresh.job_id = _enqueued(chosen, subject_id, key or str(fresh.id), run_at)
    known = ScheduledJob.objects.select_related("job").filter(job_id=fresh.job_id).first()
    return _the_same(known, fresh, run_at) if known else _stored(fresh, run_at)


@transaction.atomic
def cancel_schedule(*, schedule_id: UUID, reason: str, actor: Actor, now: datetime) -> ScheduledJob:
    """This function will call off what was scheduled, if no worker has it in hand and it has not been done.

    :raises core.errors.NotFound: if the environment has no such schedule.
    :raises jobs.models.NotWaiting: once it runs, and after its end.
    """
    row = ScheduledJob.objects.filter(pk=schedule_id).first()
    if row is None:
        raise errors.NotFound
    _cancel(row, reason=reason, actor=actor, now=now)
    return row


@transaction.atomic
def cancel_schedules_of(subject: str, *, reason: str, actor: Actor, now: datetime) -> int:
    """This function will call off whatever is scheduled for a subject that ceases to be, and return how much."""
    waiting = ScheduledJob.objects.filter(subject=subject, job__state__in=(Job.State.PENDING, Job.State.FAILED))
    rows = list(waiting.order_by("id"))
    for row in rows:
        _cancel(row, reason=reason, actor=actor, now=now)
    return len(rows)


def _chosen(kind: str, subject: str) -> Schedulable:
    try:
        return schedulable_of(kind, subject.partition("_")[0])
    except KeyError:
        raise NotSchedulable(kind=kind[:40], subject=subject[:40]) from None


def _enqueued(chosen: Schedulable, subject_id: UUID, key: str, run_at: datetime) -> UUID:
    return enqueue(chosen.kind, payload={"id": str(subject_id)}, key=f"schedule:{key}", run_at=run_at)


def _stored(fresh: ScheduledJob, run_at: datetime) -> ScheduledJob:
    fresh.save(force_insert=True)
    events.publish(
        JobScheduled(
            subject=fresh.public_id, actor=fresh.scheduled_by, at=fresh.created_at, kind=fresh.kind,
            about=fresh.subject, run_at=run_at,
        )
    )  # fmt: skip
    return fresh


def _the_same(known: ScheduledJob, asked: ScheduledJob, run_at: datetime) -> ScheduledJob:
    if (known.kind, known.subject, known.job.run_at) != (asked.kind, asked.subject, run_at):
        raise ScheduleKeyReused(schedule=known.public_id)
    return known


def _cancel(row: ScheduledJob, *, reason: str, actor: Actor, now: datetime) -> None:
    row.job = Job.objects.select_for_update().get(pk=row.job_id)
    row.job.cancel(at=clock.wall(), reason=reason)
    row.job.save(update_fields=["state", "discard_reason", "finished_at"])
    events.publish(
        JobCanceled(subject=row.public_id, actor=actor.label, at=now, kind=row.kind, about=row.subject, reason=reason)
    )
