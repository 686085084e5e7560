"""Rows that wait for the next statement: several writes of a transaction travel as one.

Whoever writes rows that nobody looks at right away lets them wait (`core.tenancy.writes.later`). They go with the next
write, and before anything else of the transaction: the database backend has them written as soon as anybody opens a
cursor, makes or leaves a savepoint, changes the scope, or commits. So they are there for whoever looks, and what they
violate is refused before the transaction can commit.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from uuid import UUID

MISSING: Final = "a row that was to be changed is not there; found: "


@dataclass(frozen=True, kw_only=True)
class Part:
    """One INSERT, or one UPDATE that must find `changes` rows: its text, its parameters, and whose rows it writes.

    `named` are statements by name that the text refers to and that are done with it; their parameters come first.
    """

    table: str
    text: str
    values: Sequence[Any]
    rows: Collection[UUID] = ()
    changes: int = 0
    named: tuple[tuple[str, str], ...] = ()

    @property
    def shape(self) -> "Shape":
        """What the text of a statement depends on."""
        return self.text, bool(self.changes), self.named


# Of a part: its text, whether it changes rows, and what it names.
Shape = tuple[str, bool, tuple[tuple[str, str], ...]]


@dataclass
class Waiting:
    """The parts of one transaction that wait, in order."""

    parts: list[Part] = field(default_factory=list)
    rows: set[UUID] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.parts)

    def add(self, parts: Sequence[Part]) -> None:
        """This function will let parts wait."""
        for part in parts:
            self.parts.append(part)
            self.rows.update(part.rows)
            self.names.update(name for name, _ in part.named)

    def take(self) -> list[Part]:
        """This function will return what waits; from here on it does not."""
        taken, self.parts, self.rows, self.names = self.parts, [], set(), set()
        return taken

    def holds(self, parts: Sequence[Part]) -> bool:
        """This function will tell whether a row of these is waiting, or a name: one statement has either once."""
        if not self.names.isdisjoint(name for part in parts for name, _ in part.named):
            return True
        return bool(self.rows) and any(not self.rows.isdisjoint(part.rows) for part in parts)

    def is_about(self, tables: Collection[str]) -> bool:
        """This function will tell whether rows of one of the tables are waiting."""
        return any(part.table in tables for part in self.parts)


def send(cursor: Any, parts: Sequence[Part]) -> None:
    """This function will write parts by one statement.

    :raises django.db.DatabaseError: if a row that is to be changed is not there.
    """
    values = [one for part in parts for one in part.values]
    if wanted := sum(part.changes for part in parts):
        values += [wanted, MISSING]
    cursor.execute(_statement(tuple(part.shape for part in parts)), values)


@cache
def _statement(shapes: tuple[Shape, ...]) -> str:
    if len(shapes) == 1 and not any(shapes[0][1:]):
        return shapes[0][0]
    named = []
    for one, (text, is_change, others) in enumerate(shapes):
        named += [f"{name} AS ({other})" for name, other in others]
        named.append(f"part{one} AS ({text}{' RETURNING 1' * is_change})")
    counted = [one for one, (_, is_change, _) in enumerate(shapes) if is_change]
    named += [f"counted{one} AS (SELECT count(*) FROM part{one})" for one in counted]  # noqa: S608 - numbers of ours
    if not counted:
        return f"WITH {', '.join(named)} SELECT 0"
    # PostgreSQL itself refuses what it has not found, so that nobody has to wait for the number: there is no setting of
    # such a name, which is nothing that anybody has sent.
    found = " + ".join(f"(TABLE counted{one})" for one in counted)
    return (
        f"WITH {', '.join(named)} SELECT CASE WHEN {found} = %s THEN 0 ELSE current_setting(%s || ({found}))::int END"
    )
