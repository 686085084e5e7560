"""What the outbox writes in the transaction of every fact."""

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from core import clock, context
from core.events import Event, occurred
from jobs import services as jobs
from outbox.models import OutboxEvent


@receiver(occurred, dispatch_uid="outbox.record")
def record(*, event: Event, event_id: UUID, **_: Any) -> None:
    """This receiver will store the fact beside the change it speaks of, and wake the relay once both are committed."""
    OutboxEvent.objects.create(
        event_id=event_id, type=event.type, version=event.version, subject=event.subject, actor=event.actor,
        at=event.at, request_id=context.current().request_id, data=event.data(), created_at=clock.wall(),
    )  # fmt: skip
    jobs.nudge_relay()
