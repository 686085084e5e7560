"""What a transaction has said and not yet written: gathered until there is one reason to write it all.

A spool follows the savepoints of its transaction. Rolled back to one, it forgets what was added since, and what was
written since waits again, because those rows are gone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


@dataclass
class _Line(Generic[Thing]):
    """One thing, the tick at which it was added, and the one at which it was written."""

    thing: Thing
    added: int
    written: int | None = None


class Spool(Generic[Thing]):
    """The things of one transaction, in order."""

    def __init__(self) -> None:
        self._ticks = count()
        self._lines: list[_Line[Thing]] = []
        self._savepoints: dict[str, int] = {}

    def add(self, thing: Thing) -> None:
        """This function will keep a thing until it is taken."""
        self._lines.append(_Line(thing, next(self._ticks)))

    def take(self) -> list[Thing]:
        """This function will return what waits, in order; from here on it counts as written."""
        waiting, tick = list(self._waiting()), next(self._ticks)
        for line in waiting:
            line.written = tick
        if not self._savepoints:
            self._lines.clear()
        return [line.thing for line in waiting]

    def __bool__(self) -> bool:
        return any(self._waiting())

    def _waiting(self) -> Iterator[_Line[Thing]]:
        return (line for line in self._lines if line.written is None)

    def begin(self, savepoint: str) -> None:
        """This function will remember where a savepoint stands."""
        self._savepoints[savepoint] = next(self._ticks)

    def undo(self, savepoint: str) -> None:
        """This function will go back to where a savepoint stands."""
        here = self._savepoints.get(savepoint, -1)
        self._lines = [line for line in self._lines if line.added < here]
        for line in self._lines:
            if line.written is not None and line.written > here:
                line.written = None

    def release(self, savepoint: str) -> None:
        """This function will forget a savepoint to which nobody can go back any more."""
        self._savepoints.pop(savepoint, None)
