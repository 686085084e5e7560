"""The facts of the engine room that people bring about; what workers do is in the jobs themselves."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class JobRequeued(Event):
    """A dead letter was given another life."""

    type: ClassVar[str] = "job.requeued"

    kind: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class JobDiscarded(Event):
    """A dead letter was buried."""

    type: ClassVar[str] = "job.discarded"

    kind: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ClockAdvanceStarted(Event):
    """A sandbox environment's clock set out for a later instant."""

    type: ClassVar[str] = "environment.clock_advance_started"

    to: str
