"""The engine room's Celery faces, and the one kind of job it does itself."""

from datetime import datetime

from celery import shared_task
from django.db import transaction

from core import ids, tenancy
from jobs import internal, nudges, time_travel
from jobs.services import enqueue, job, still_mine

# Short, so that a worker that is told to stop has soon finished the message in hand.
WORK_S = 5.0


@shared_task(name="jobs.work")
def work(*, queue: str, **_: object) -> None:
    """This task will do what is due in a queue, and ask for another hand if it could not finish."""
    internal.work(queue, seconds=WORK_S)


@shared_task(name="jobs.sweep")
def sweep(**_: object) -> None:
    """This task will nudge the workers of each queue in which something is due: nudges get lost, rows do not."""
    for queue in internal.sweep():
        nudges.nudge(queue)


@shared_task(name="jobs.look_for_due")
def look_for_due(**_: object) -> None:
    """This task will write a job for everything whose instant has come."""
    internal.look_for_due()


@job("jobs.advance_clock", queue="q:sub:usage_sync", policy="billing")
def advance_clock(*, to: str, **_: object) -> None:
    """This job will move the environment's clock, in slices, until it has arrived."""
    environment_id = tenancy.environment_id()
    if not time_travel.travel(environment_id, to=datetime.fromisoformat(to)):
        with transaction.atomic():
            if not still_mine():
                return
            enqueue("jobs.advance_clock", payload={"to": to}, key=str(ids.new()), run_at=tenancy.require().clock_at)
