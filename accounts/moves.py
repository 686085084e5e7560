"""How far a sandbox's clock is, and what has happened while it was moved the last time."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core import clock, tenancy
from core.events import StoredFact
from core.models import Environment
from outbox import selectors as outbox

STARTED: Final = "environment.clock_advance_started"
ARRIVED: Final = "environment.clock_advanced"
# A place in the order of facts behind which there never is one.
NOWHERE: Final = 2**62


@dataclass(frozen=True, kw_only=True)
class Move:
    """A move of the clock. `counts` are its facts by type; `percent` is how much of the time has passed.

    `after` and `before` are the places of its beginning and its end in the environment's order of facts.
    """

    starts_at: datetime
    to: datetime
    after: int
    before: int | None
    percent: int
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def facts(self) -> int:
        """How many facts there are of it so far."""
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True)
class ClockView:
    """A clock. `state` is real_time, stopped or moving; `move` is the last one, if it was ever moved."""

    environment: str
    state: str
    now: datetime
    clock_at: datetime | None
    advancing_to: datetime | None
    move: Move | None


def get_clock() -> ClockView:
    """This function will return how far the clock of the environment in scope is."""
    row = Environment.objects.get(pk=tenancy.environment_id())
    state = "moving" if row.advancing_to else "stopped" if row.clock_at else "real_time"
    return ClockView(
        environment=row.public_id, state=state, now=row.clock_at or clock.wall(), clock_at=row.clock_at,
        advancing_to=row.advancing_to, move=_last_move(row),
    )  # fmt: skip


def list_happened(view: ClockView, *, after: int, limit: int) -> list[StoredFact]:
    """This function will return facts of the last move behind a place in the environment's order, the oldest first."""
    move = view.move
    return outbox.list_facts_within(after=max(after, move.after), before=move.before, limit=limit) if move else []


def _last_move(row: Environment) -> Move | None:
    started = outbox.find_latest(STARTED)
    if row.advancing_to and row.clock_at and not _is_of(started, row.advancing_to):
        # It has just begun, and the relay has not numbered that yet.
        return Move(starts_at=row.clock_at, to=row.advancing_to, after=NOWHERE, before=None, percent=0)
    if started is None:
        return None
    ended = outbox.find_latest(ARRIVED, beyond=started.sequence)
    before = ended.sequence if ended else None
    to = datetime.fromisoformat(started.data["to"])
    return Move(
        starts_at=started.at, to=to, after=started.sequence, before=before,
        percent=_percent(started.at, row.clock_at, to) if row.advancing_to else 100,
        counts=outbox.count_facts_within(after=started.sequence, before=before),
    )  # fmt: skip


def _is_of(started: StoredFact | None, to: datetime) -> bool:
    return started is not None and datetime.fromisoformat(started.data["to"]) == to


def _percent(begun: datetime, at: datetime | None, to: datetime) -> int:
    """Rounded down: a hundred is reached at the end only."""
    if at is None or to <= begun:
        return 0
    return min(99, int(100 * ((at - begun) / (to - begun))))
