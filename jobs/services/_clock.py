"""Moving a sandbox's clock."""

from datetime import datetime

from django.db import transaction

from core import events, ids, tenancy
from core.actor import Actor
from core.models import Environment
from jobs.services._enqueue import enqueue
from jobs.signals import ClockAdvanceStarted


@transaction.atomic
def advance_clock(*, to: datetime, actor: Actor, now: datetime, reason: str = "") -> Environment:
    """This function will freeze the scope's sandbox clock at `now` and have a job move it to a later instant.

    On the way everything that falls due runs in its order, each at its own instant, through the same code as live.

    :raises core.models.ClockRefused: for a live environment, or backwards.
    :raises core.models.ClockMoving: while an earlier move is under way.
    """
    environment = Environment.objects.select_for_update().get(pk=tenancy.environment_id())
    environment.begin_advance(to=to, now=now)
    environment.save(update_fields=["clock_at", "advancing_to"])
    enqueue("jobs.advance_clock", payload={"to": to.isoformat()}, key=str(ids.new()), run_at=now)
    events.publish(
        ClockAdvanceStarted(
            subject=environment.public_id, actor=actor.label, at=now, to=to.isoformat(), reason=reason
        )
    )  # fmt: skip
    return environment
