"""Moving a sandbox environment's clock: what falls due on the way runs in order, each at its own instant."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Min

from core import clock, events
from core.actor import SYSTEM
from core.models import Environment, scope_of
from core.tenancy import scope
from core.tenancy.system import system_scope
from jobs import claims, internal, leases, stopping, tallies
from jobs.dues import next_of_duties
from jobs.models import Job
from jobs.registry import pumps
from jobs.signals import ClockAdvanced
from jobs.tallies import Tally

# A move pauses after this long and goes on in a new job, so that no lease runs out under it.
SLICE_S = 15.0


def travel(environment_id: UUID, *, to: datetime, seconds: float = SLICE_S) -> bool:
    """This function will move the clock towards `to` for at most `seconds` of real time; True once it has arrived."""
    until, tally = clock.monotonic() + seconds, Tally()
    try:
        return _travelled(environment_id, to, until, tally)
    finally:
        tallies.write(tally)


def _travelled(environment_id: UUID, to: datetime, until: float, tally: Tally) -> bool:
    # Whoever has taken this move over goes on with it; two would run each other's instants.
    while clock.monotonic() < until and not stopping.is_on() and leases.still_mine():
        _settle(environment_id, tally)
        upcoming = _next_due(environment_id)
        if upcoming is None or upcoming > to:
            return _arrive(environment_id, to, tally)
        # What was written late for an instant already passed runs now: a clock never goes back.
        _set_clock(environment_id, clock_at=max(upcoming, _now(environment_id)))
    return False


def _settle(environment_id: UUID, tally: Tally) -> None:
    """Run everything that is due at this instant, and what comes of it, until all is quiet."""
    moved = 1
    while moved:
        moved = _pump(environment_id) + _look(environment_id)
        while claim := claims.of_environment(environment_id):
            outcomes = internal.do_with_others(claim)
            tally.add_all(outcomes)
            moved += len(outcomes)


def _look(environment_id: UUID) -> int:
    """Most instants are those of one duty; the others are not asked."""
    now = _now(environment_id)
    due = {kind for kind, at in next_of_duties(environment_id).items() if at <= now}
    return internal.look_for_due(environment_id, kinds=due)


def _pump(environment_id: UUID) -> int:
    with scope(scope_of(environment_id)):
        return sum(call() for call in pumps())


def _arrive(environment_id: UUID, to: datetime, tally: Tally) -> bool:
    _set_clock(environment_id, clock_at=to)
    _settle(environment_id, tally)
    with scope(scope_of(environment_id)), transaction.atomic():
        row = Environment.objects.select_for_update().get(pk=environment_id)
        row.advancing_to = None
        row.save(update_fields=["advancing_to"])
        events.publish(ClockAdvanced(subject=row.public_id, actor=SYSTEM.label, at=to))
    # The end of the move gets its place in the order with what happened before it.
    _pump(environment_id)
    return True


def _set_clock(environment_id: UUID, **changes: Any) -> None:
    with system_scope("jobs: move a sandbox clock"), transaction.atomic():
        Environment.objects.filter(pk=environment_id).update(**changes)


def _next_due(environment_id: UUID) -> datetime | None:
    with scope(scope_of(environment_id)), transaction.atomic():
        waiting = Job.objects.waiting().exclude(kind="jobs.advance_clock").exclude(queue="q:out:webhooks")
        first: datetime | None = waiting.aggregate(at=Min("run_at"))["at"]
    instants = [*([first] if first else []), *next_of_duties(environment_id).values()]
    return min(instants, default=None)


def _now(environment_id: UUID) -> datetime:
    with scope(scope_of(environment_id)):
        return clock.now()
