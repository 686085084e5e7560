"""The facts of the outbox itself."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class OutboxTested(Event):
    """Somebody sent a fact through the house to see whether it arrives."""

    type: ClassVar[str] = "outbox.tested"

    note: str


@dataclass(frozen=True, kw_only=True)
class FactsReplayed(Event):
    """Somebody had facts of the past go to a handler once more, `again` also those it had dealt with."""

    type: ClassVar[str] = "outbox.replayed"

    replay: str
    handler: str
    facts: int
    again: bool
    reason: str
