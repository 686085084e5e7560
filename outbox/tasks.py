"""The relay's Celery face, and the job in which a handler reacts to a fact."""

from uuid import UUID

from celery import shared_task

from core import failpoints
from jobs.services import job, pump
from outbox import internal


@shared_task(name="outbox.relay")
def relay(**_: object) -> None:
    """This task will relay what is pending, everywhere."""
    internal.relay()


@job("outbox.handle", queue="q:out:relay", policy="outbox", refers={"event": "outbox.outboxevent.event_id"})
def handle(*, event: str, handler: str, again: str = "", **_: object) -> None:
    """This job will let one handler react to one fact, `again` if that is the id of a replay that says so."""
    internal.handle(event_id=UUID(event), handler_name=handler, again=again)
    if __debug__:
        failpoints.reach("outbox.handling_committed")


pump("outbox.relay", internal.relay_here)
