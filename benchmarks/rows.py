"""What one request writes, read back from the tables, and the same as a script for pgbench.

Nobody keeps a list of the rows: whatever the request wrote is what the reference writes. Ids that the request made up
become expressions of the client's number (`c`) and a running number (`n`), of the same length.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from core import ids

Row = dict[str, str | None]
Tables = dict[str, dict[str, Row]]
Connection = psycopg.Connection[Any]

FIRST_NUMBER = 10_000_000
FIRST_CLIENT = 1_000
CLIENTS = 8
# Taken from a counter by the house; unique, so the reference makes its own.
COUNTED = {
    ("billing_invoice", "sequence"): "(:n::bigint * 10000 + :c::bigint)",
    ("billing_invoice", "number"): "('INV-' || :n::text || :c::text)",
}

_TABLES = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND NOT c.relispartition AND EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
"""
# Generated columns and those numbered by the database write themselves.
_COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
 WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''
   AND coalesce((SELECT pg_get_expr(adbin, adrelid) NOT LIKE 'nextval%%' FROM pg_attrdef
                  WHERE adrelid = attrelid AND adnum = attnum), true)
 ORDER BY attnum
"""
_KEYS = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
 WHERE i.indrelid = %s::regclass AND i.indisprimary
"""
_PARENTS = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
 WHERE contype = 'f' AND conrelid <> confrelid AND connamespace = 'public'::regnamespace
"""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a request wrote: `new` rows, and rows it `changed` as they were and as they are, all by table and key."""

    new: Tables
    before: Tables
    after: Tables

    @property
    def count(self) -> int:
        """How many rows were inserted or changed."""
        return sum(len(rows) for rows in (*self.new.values(), *self.after.values()))


def uuid_of(number: int, client: int, kind: int = 0) -> UUID:
    """This function will return the id that the script's expressions make; kind 0 is the customer's."""
    return UUID(f"{number:08d}-{client:04d}-7000-8000-{kind:012d}")


def read(admin: Connection) -> Tables:
    """This function will return every row of every table as texts; for a small database."""
    return {str(name): _read_table(admin, str(name)) for (name,) in admin.execute(_TABLES).fetchall()}


def compare(before: Tables, after: Tables) -> Written:
    """This function will return what came to be and what changed between two readings."""
    new: Tables = {}
    changed: Tables = {}
    for table, rows in after.items():
        for key, row in rows.items():
            known = before.get(table, {}).get(key)
            if known is None:
                new.setdefault(table, {})[key] = row
            elif known != row:
                changed.setdefault(table, {})[key] = row
    return Written(new=new, before={table: before[table] for table in changed}, after=changed)


def script(admin: Connection, written: Written, *, environment: str, mine: Mapping[UUID, int]) -> list[str]:
    """This function will return the lines of a pgbench script that writes the same in one transaction.

    `mine` gives ids that the request was sent, such as the customer's, their kinds; ids that were made up get theirs.
    """
    writer = _Writer(admin, kinds_of(written, mine))
    scope = f"SELECT set_config('app.environment_id', '{environment}', true), set_config('app.system_reason', '', true)"
    inserts = [writer.insert(table, written.new[table]) for table in _in_order(admin, written.new)]
    updates = list(writer.updates(written))
    settings = ["\\set n :n + 1", f"\\set c {FIRST_CLIENT} + :client_id"]
    return [*settings, *(f"{line};" for line in ("BEGIN", scope, *inserts, *updates, "COMMIT"))]


def kinds_of(written: Written, mine: Mapping[UUID, int]) -> dict[UUID, int]:
    """This function will return the kinds of the ids that a script knows: those it is sent, and those made up."""
    kinds = dict(mine)
    made_up = {one for rows in written.new.values() for row in rows.values() for one in _made_up(row)}
    for one in sorted(made_up - set(kinds)):
        kinds[one] = len(kinds)
    return kinds


def series(admin: Connection, written: Written, kinds: Mapping[UUID, int]) -> str:
    """This function will return one statement that writes the same for each number from `%(first)s` to `%(last)s`."""
    writer = _Writer(admin, kinds)
    numbers = "generate_series({first}, {last}) n"
    parts = []
    for table in _in_order(admin, written.new):
        head, values = writer.insert(table, written.new[table]).split(" VALUES ", 1)
        parts.append(f"{head} SELECT v.* FROM {numbers}, LATERAL (VALUES {values}) v")
    for line in writer.updates(written):
        sets, where = line.rsplit(" WHERE ", 1)
        parts.append(f"{sets} FROM {numbers} WHERE {_qualified(line, where)}")
    named = ", ".join(f"part{number} AS ({part})" for number, part in enumerate(parts))
    statement = f"WITH {named} SELECT 1".replace(":n::", "n::").replace(":c::", f"{FIRST_CLIENT}::")
    # A literal may hold any sign, also the one by which parameters are marked.
    statement = statement.replace("%", "%%")
    return statement.replace("{first}", "%(first)s::bigint").replace("{last}", "%(last)s::bigint")


def _qualified(line: str, where: str) -> str:
    table = line.split()[1]
    return " AND ".join(f"{table}.{one}" for one in where.split(" AND "))


class _Writer:
    def __init__(self, admin: Connection, kinds: Mapping[UUID, int]) -> None:
        self._admin = admin
        self._known = {str(one): _uuid(kind) for one, kind in kinds.items()}
        self._known |= {ids.encode("xxx", one)[4:]: _public(kind) for one, kind in kinds.items()}
        self._pattern = re.compile("|".join(map(re.escape, self._known)))

    def insert(self, table: str, rows: Mapping[str, Row]) -> str:
        columns = columns_of(self._admin, table)
        values = (", ".join(self._value(table, name, row[name], columns[name]) for name in columns) for row in
                  rows.values())  # fmt: skip
        return f'INSERT INTO {table} ("{self._names(columns)}") VALUES ({"), (".join(values)})'

    def updates(self, written: Written) -> Iterator[str]:
        for table, rows in written.after.items():
            columns, keys = columns_of(self._admin, table), _keys(self._admin, table)
            for key, row in rows.items():
                old = written.before[table][key]
                sets = (self._set(name, old[name], row[name], columns[name]) for name in row if old[name] != row[name])
                where = (f'"{name}" = {self._literal(row[name], columns[name])}' for name in keys)
                yield f"UPDATE {table} SET {', '.join(sets)} WHERE {' AND '.join(where)}"

    def _set(self, name: str, old: str | None, new: str | None, kind: str) -> str:
        if kind in ("bigint", "integer") and old and new:
            return f'"{name}" = "{name}" + {int(new) - int(old)}'
        return f'"{name}" = {self._literal(new, kind)}'

    def _value(self, table: str, name: str, value: str | None, kind: str) -> str:
        return COUNTED.get((table, name)) or self._literal(value, kind)

    def _literal(self, value: str | None, kind: str) -> str:
        if value is None:
            return f"NULL::{kind}"
        # The texts between our ids are at even places; a colon would begin one of pgbench's variables.
        texts, found = self._pattern.split(value), self._pattern.findall(value)
        parts = [_quoted(texts[0])]
        for one, text in zip(found, texts[1:], strict=True):
            parts += [self._known[one], _quoted(text)]
        return f"({' || '.join(filter(None, parts)) or _EMPTY})::{kind}"

    @staticmethod
    def _names(columns: Mapping[str, str]) -> str:
        return '", "'.join(columns)


_EMPTY = "''"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace(":", "\\x3a").replace("\n", "\\n")
    return f"E'{escaped}'" if text else ""


def _uuid(kind: int) -> str:
    return f"(:n::text || '-' || :c::text || '-7000-8000-{kind:012d}')"


def _public(kind: int) -> str:
    return f"(:n::text || :c::text || '{kind:014d}')"


def _made_up(row: Row) -> Iterator[UUID]:
    """The row's own id, and that of the fact it speaks of: what nobody had before the request."""
    for name in ("id", "event_id"):
        value = row.get(name)
        if value and _UUID.fullmatch(value):
            yield UUID(value)


def _in_order(admin: Connection, new: Tables) -> list[str]:
    graph: dict[str, set[str]] = {table: set() for table in new}
    for child, parent in admin.execute(_PARENTS).fetchall():
        if child in graph and parent in graph:
            graph[child].add(parent)
    return list(TopologicalSorter(graph).static_order())


def _read_table(admin: Connection, table: str) -> dict[str, Row]:
    columns, keys = columns_of(admin, table), _keys(admin, table)
    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns)
    marks = sql.SQL(" || ' ' || ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in keys)
    found = admin.execute(sql.SQL("SELECT {}, {} FROM {}").format(marks, texts, sql.Identifier(table)))
    return {str(row[0]): dict(zip(columns, row[1:], strict=True)) for row in found.fetchall()}


def columns_of(admin: Connection, table: str) -> dict[str, str]:
    """This function will return the types of a table's columns that are written, by name."""
    return {str(name): str(kind) for name, kind in admin.execute(_COLUMNS, [table]).fetchall()}


def _keys(admin: Connection, table: str) -> list[str]:
    return [str(name) for (name,) in admin.execute(_KEYS, [table]).fetchall()]
