"""A type of fact that only tests publish."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from core import events

AT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Noted(events.Event):
    """Something was noted about something."""

    type: ClassVar[str] = "test.noted"

    number: int


def note(number: int, subject: str = "sub_1") -> None:
    """Publish it in the open transaction."""
    events.publish(Noted(subject=subject, actor="key:key_1", at=AT, number=number))


heard: list[tuple[str, int]] = []
# What the handler does before it has heard; tests put failures here.
hearing: list[Callable[[Noted], None]] = []


@events.handles(Noted)
def hear(event: Noted) -> None:
    """Remember it, unless the test wants it otherwise."""
    for before in hearing:
        before(event)
    heard.append((event.subject, event.number))
