"""The facts of the engine room that people bring about; what workers do is in the jobs themselves."""

from dataclasses import dataclass
from datetime import datetime
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
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ClockAdvanced(Event):
    """A sandbox environment's clock has arrived; everything that fell due on the way has happened."""

    type: ClassVar[str] = "environment.clock_advanced"


@dataclass(frozen=True, kw_only=True)
class JobScheduled(Event):
    """Something was scheduled for an instant; `about` is the public id of what it will be done to."""

    type: ClassVar[str] = "job.scheduled"

    kind: str
    about: str
    run_at: datetime


@dataclass(frozen=True, kw_only=True)
class JobCanceled(Event):
    """Something that was scheduled was called off before it was done."""

    type: ClassVar[str] = "job.canceled"

    kind: str
    about: str
    reason: str
