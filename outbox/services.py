"""What anybody may ask of the outbox."""

from datetime import datetime

from django.db import transaction

from core import events, ids, tenancy
from core.actor import Actor
from outbox.replaying import Choice, Replay, replay_facts
from outbox.signals import OutboxTested

__all__ = ["Choice", "Replay", "replay_facts", "send_test_fact"]


@transaction.atomic
def send_test_fact(*, note: str, actor: Actor, now: datetime) -> str:
    """This function will publish `outbox.tested`, which travels the way of every fact, and return its subject."""
    subject = ids.encode("env", tenancy.environment_id())
    events.publish(OutboxTested(subject=subject, actor=actor.label, at=now, note=note))
    return subject
