"""The one fact of the outbox itself."""

from dataclasses import dataclass
from typing import ClassVar

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class OutboxTested(Event):
    """Somebody sent a fact through the house to see whether it arrives."""

    type: ClassVar[str] = "outbox.tested"

    note: str
