"""Rows that wait for the next statement: several writes of a transaction travel as one.

Whoever writes rows that nobody looks at right away lets them wait (`core.tenancy.writes.later`). They go with the next
write, and before anything else of the transaction: the database backend has them written as soon as anybody opens a
cursor, makes or leaves a savepoint, changes the scope, or commits. So they are there for whoever looks, and what they
violate is refused before the transaction can commit.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from django.db import DatabaseError


@dataclass(frozen=True, kw_only=True)
class Part:
    """One INSERT, or one UPDATE that must find `changes` rows: its text, its parameters, and whose rows it writes."""

    table: str
    text: str
    values: Sequence[Any]
    rows: Collection[UUID]
    changes: int = 0


@dataclass
class Waiting:
    """The parts of one transaction that wait, in order."""

    parts: list[Part] = field(default_factory=list)
    rows: set[UUID] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.parts)

    def add(self, parts: Sequence[Part]) -> None:
        """This function will let parts wait."""
        for part in parts:
            self.parts.append(part)
            self.rows.update(part.rows)

    def take(self) -> list[Part]:
        """This function will return what waits; from here on it does not."""
        taken, self.parts, self.rows = self.parts, [], set()
        return taken

    def holds(self, parts: Sequence[Part]) -> bool:
        """This function will tell whether a row of these is waiting: one statement writes a row once."""
        return bool(self.rows) and any(not self.rows.isdisjoint(part.rows) for part in parts)

    def is_about(self, tables: Collection[str]) -> bool:
        """This function will tell whether rows of one of the tables are waiting."""
        return any(part.table in tables for part in self.parts)


def send(cursor: Any, parts: Sequence[Part]) -> None:
    """This function will write parts by one statement.

    :raises django.db.DatabaseError: if a row that is to be changed is not there.
    """
    changes = tuple(bool(part.changes) for part in parts)
    cursor.execute(
        _statement(tuple(part.text for part in parts), changes), [one for part in parts for one in part.values]
    )
    wanted = sum(part.changes for part in parts)
    if wanted and cursor.fetchone() != (wanted,):
        raise DatabaseError("a row that was to be changed is not there")


@cache
def _statement(texts: tuple[str, ...], changes: tuple[bool, ...]) -> str:
    if len(texts) == 1 and not changes[0]:
        return texts[0]
    pairs = list(zip(texts, changes, strict=True))
    named = [f"part{one} AS ({text}{' RETURNING 1' * is_change})" for one, (text, is_change) in enumerate(pairs)]
    counted = [one for one, (_, is_change) in enumerate(pairs) if is_change]
    named += [f"counted{one} AS (SELECT count(*) FROM part{one})" for one in counted]  # noqa: S608 - numbers of ours
    found = " + ".join(f"(TABLE counted{one})" for one in counted) or "0"
    return f"WITH {', '.join(named)} SELECT {found}"
