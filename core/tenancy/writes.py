"""Writes of a few hot paths: rows of several models by one statement, whose text is written once for each shape.

The ORM writes a statement anew for each row and sends it alone. What is written here is what `save()` would write: the
same columns, prepared by the same fields, under the same constraints, triggers and row-level security. The parts of
one statement see the tables as they were before it, so a row that a BEFORE trigger of another looks at is written
before; an AFTER trigger sees them all.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import DEFAULT_DB_ALIAS, connection, models, transaction
from psycopg.types.numeric import Int8

from core.tenancy import scopes
from core.tenancy.rows import ScopedRow
from core.tenancy.waiting import Part, send

# So many rows of a model are written out; more travel as one JSON text, new rows and changed ones alike. PostgreSQL
# reads that faster than arrays, and Python writes it in one step.
MOST_VALUES = 4
_AS_THEY_ARE: Final = frozenset(
    {
        models.UUIDField, models.CharField, models.TextField, models.BooleanField, models.DateTimeField,
        models.JSONField, models.IntegerField, models.BigIntegerField, models.SmallIntegerField,
        models.PositiveIntegerField, models.PositiveSmallIntegerField, models.PositiveBigIntegerField,
        models.DecimalField,
    }
)  # fmt: skip
_BARE: Final = frozenset({str, UUID, datetime, bool, type(None)})
_DECIMAL: Final[frozenset[type]] = frozenset({Decimal, type(None)})
# A row that is there, and the names of its fields that have changed.
Changed = tuple[ScopedRow, tuple[str, ...]]


class _Columns(tuple[Any, ...]):
    """Fields of a model, gathered once for each shape, so that being the same one is all there is to compare."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def write(new: Iterable[ScopedRow], changed: Sequence[Changed] = ()) -> None:
    """This function will insert new rows and save the named fields of others, all in one statement.

    What waits for the next statement goes with it.

    :raises django.db.IntegrityError: as `save()` would.
    :raises django.db.DatabaseError: if a row that is to be changed is not there.
    """
    parts = _parts(list(new), changed)
    if parts:
        database = _database_for(parts)
        parts = [*database.waiting.take(), *parts]
        with database.cursor() as cursor:
            send(cursor, parts)


def later(new: Iterable[ScopedRow], changed: Sequence[Changed] = ()) -> None:
    """This function will have rows written as `write` would, with the next statement of the transaction.

    They are written as they are now. Whatever they violate is refused there, at the latest before the commit: whoever
    means to answer such a refusal himself calls `write`.
    """
    _wait(_parts(list(new), changed))


def _wait(parts: Sequence[Part]) -> None:
    database = _database_for(parts)
    database.waiting.add(parts)
    if not database.in_atomic_block:
        database.write_waiting()


def later_statement(model: Any, text: str, values: Sequence[Any], *, row: UUID) -> None:
    """This function will have a hand-written UPDATE of one row sent with the transaction's next statement.

    :raises django.db.DatabaseError: there, if it does not find the row.
    """
    part = Part(table=model._meta.db_table, text=text, values=values, rows=[row], changes=1)
    _database_for([part]).waiting.add([part])


def later_insertion(table: str, text: str, values: Sequence[Any], *, named: tuple[tuple[str, str], ...]) -> None:
    """This function will have a hand-written INSERT sent with the transaction's next statement.

    `named` are statements by name that it refers to and that are done with it; their values come first.
    """
    _wait([Part(table=table, text=text, values=values, named=named)])


@contextmanager
def beside(*models: Any) -> Iterator[Any]:
    """This function will give a cursor for a statement about these tables alone; what waits for others may go on."""
    database = _database()
    if database.waiting.is_about({model._meta.db_table for model in models}):
        database.write_waiting()
    waiting = database.waiting.take()
    try:
        with database.cursor() as cursor:
            yield cursor
    finally:
        database.waiting.add(waiting)


def insert_once(row: ScopedRow) -> bool:
    """This function will insert a row unless a unique constraint knows it already, and tell whether it did."""
    with connection.cursor() as cursor:
        cursor.execute(_once(type(row)), _values(row, _fields(type(row)), add=True))
        is_new = bool(cursor.rowcount == 1)
    if is_new:
        row._state.adding, row._state.db = False, connection.alias
    return is_new


def insert_missing(rows: Sequence[ScopedRow]) -> int:
    """This function will insert those rows of one model that no unique constraint knows yet, and count them."""
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_missing(type(rows[0])), [_text(rows, _fields(type(rows[0])), add=True)])
        return int(cursor.rowcount)


def insert_found(
    pattern: ScopedRow, query: str, values: Mapping[str, Any], named: tuple[str, ...], keys: list[UUID]
) -> int:
    """This function will insert what a query finds, but for what is known already, and return how many rows are new.

    `query` is a text of ours. It selects the columns `named` and `place`, which counts the rows from 1 and gives each
    its key; its parameters are `values`. Everything else is the pattern's. None of the rows travels through Python.

    :raises django.db.IntegrityError: if the query finds more rows than there are keys.
    """
    others = _others(type(pattern), named)
    constant = dict(zip((field.column for field in others), _values(pattern, others, add=True), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_found(type(pattern), query, named), {**constant, **values, "keys": keys})
        return int(cursor.rowcount)


def _database() -> Any:
    return transaction.get_connection()


def _database_for(parts: Sequence[Part]) -> Any:
    """The connection, on which no row of these parts waits any more: one statement writes a row once."""
    database = _database()
    if database.waiting.holds(parts):
        database.write_waiting()
    return database


def _parts(new: Sequence[ScopedRow], changed: Sequence[Changed]) -> list[Part]:
    parts = [_insertion(model, list(rows)) for model, rows in groupby(new, key=type)]
    for (model, names), found in groupby(changed, key=_shape):
        parts += _changes(model, names, [row for row, _ in found])
    for row in new:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return parts


def _insertion(model: Any, rows: list[ScopedRow]) -> Part:
    fields, is_many = _fields(model), len(rows) > MOST_VALUES
    values = (
        [_text(rows, fields, add=True)] if is_many else [one for row in rows for one in _values(row, fields, add=True)]
    )
    text = _insert(model, MOST_VALUES + 1 if is_many else len(rows))
    return Part(table=model._meta.db_table, text=text, values=values, rows=list(map(_key(model), rows)))


def _shape(change: Changed) -> tuple[Any, tuple[str, ...]]:
    row, names = change
    return type(row), names


def _changes(model: Any, names: tuple[str, ...], rows: list[ScopedRow]) -> Iterator[Part]:
    table, here, fields = model._meta.db_table, scopes.environment_id(), _named(model, names)
    if len(rows) > MOST_VALUES:
        values = [_text(rows, (model._meta.pk, *fields), add=False), here]
        keys = list(map(_key(model), rows))
        yield Part(table=table, text=_update_many(model, names), values=values, rows=keys, changes=len(rows))
        return
    for row in rows:
        values = [*_values(row, fields, add=False), here, row.pk]
        yield Part(table=table, text=_update(model, names), values=values, rows=[row.pk], changes=1)


def _text(rows: Sequence[ScopedRow], fields: tuple[Any, ...], *, add: bool) -> str:
    """The rows as JSON objects. What JSON cannot tell is prepared by its field, as `save()` would, and then told."""
    names, known = _told(fields)
    found = [dict(zip(names, known(row), strict=True)) for row in rows]
    for field in (one for one in fields if not _is_as_it_is(one)):
        for row, values in zip(rows, found, strict=True):
            values[field.column] = field.get_db_prep_save(field.pre_save(row, add), connection)
    return orjson.dumps(found, default=_plain).decode()


def _plain(value: Any) -> str:
    return f"\\x{bytes(value).hex()}" if isinstance(value, bytes | bytearray | memoryview) else str(value)


@cache
def _told(fields: tuple[Any, ...]) -> tuple[list[str], Callable[[Any], tuple[Any, ...]]]:
    """The columns, and what gets their values from a row; a key and something else there always are."""
    return [field.column for field in fields], attrgetter(*(field.attname for field in fields))


@cache
def _is_as_it_is(field: Any) -> bool:
    """Whether a field's value is what JSON says of it; `save()` would do no more than hand it on."""
    if isinstance(field, models.ForeignKey):
        return _is_as_it_is(field.target_field)
    is_stamped = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    return type(field) in _AS_THEY_ARE and not is_stamped and getattr(field, "encoder", None) is None


def _values(row: ScopedRow, fields: tuple[Any, ...], *, add: bool) -> list[Any]:
    """The values as `save()` would send them. Most are what their field would return just so, and it is not asked."""
    known, database = row.__dict__, _database()
    return [
        value if (kind := type(value := known[name])) in kinds
        else Int8(value) if kind is int and kinds is _BARE
        else _typed(field.get_db_prep_save(field.pre_save(row, add), database))
        for field, name, kinds in _ways(fields)
    ]  # fmt: skip


def _typed(value: Any) -> Any:
    """Integers of one width: by their size they would make a prepared statement of each combination."""
    return Int8(value) if type(value) is int else value


@cache
def _ways(fields: tuple[Any, ...]) -> tuple[tuple[Any, str, frozenset[type]], ...]:
    """The fields with their names, and the types of values that they would hand on as they are."""
    return tuple((field, field.attname, _handed_on(field)) for field in fields)


def _handed_on(field: Any) -> frozenset[type]:
    if isinstance(field, models.JSONField) or not _is_as_it_is(field):
        return frozenset()
    return _DECIMAL if isinstance(field, models.DecimalField) else _BARE


@cache
def _key(model: Any) -> Callable[[Any], UUID]:
    return attrgetter(model._meta.pk.attname)


@cache
def _fields(model: Any) -> tuple[Any, ...]:
    return _Columns(model._meta.concrete_fields)


@cache
def _named(model: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    return _Columns(model._meta.get_field(name) for name in names)


@cache
def _once(model: Any) -> str:
    return f"{_insert(model, 1)} ON CONFLICT DO NOTHING"


@cache
def _missing(model: Any) -> str:
    return f"{_insert(model, MOST_VALUES + 1)} ON CONFLICT DO NOTHING"


@cache
def _others(model: Any, named: tuple[str, ...]) -> tuple[Any, ...]:
    return _Columns(field for field in _fields(model) if field.column not in named and not field.primary_key)


@cache
def _found(model: Any, query: str, named: tuple[str, ...]) -> str:
    others = _others(model, named)
    columns = ["id", *named, *(field.column for field in others)]
    values = ["(%(keys)s::uuid[])[place]", *named, *(f"%({field.column})s::{_kind(field)}" for field in others)]
    head = f'INSERT INTO "{model._meta.db_table}" ({", ".join(columns)})'
    return f"{head} SELECT {', '.join(values)} FROM ({query}) found ORDER BY place ON CONFLICT DO NOTHING"  # noqa: S608 - texts of ours


@cache
def _insert(model: Any, count: int) -> str:
    columns = ", ".join(f'"{field.column}"' for field in _fields(model))
    head = f'INSERT INTO "{model._meta.db_table}" ({columns})'
    if count > MOST_VALUES:
        return f"{head} SELECT {columns} FROM {_recordset(_fields(model))}"  # noqa: S608 - names of ours
    one = f"({', '.join(['%s'] * len(_fields(model)))})"
    return f"{head} VALUES {', '.join([one] * count)}"


def _kind(field: Any) -> str:
    """The type without its limits, which the column has: a cast would cut what is too long, the column refuses it."""
    whole = str(field.db_type(connection))
    kind = whole.partition("(")[0].removesuffix("[]")
    return ("text" if kind == "varchar" else kind) + ("[]" if whole.endswith("[]") else "")


@cache
def _update_many(model: Any, names: tuple[str, ...]) -> str:
    fields = _named(model, names)
    sets = ", ".join(f'"{field.column}" = new."{field.column}"' for field in fields)
    return (
        f'UPDATE "{model._meta.db_table}" old SET {sets} FROM {_recordset((model._meta.pk, *fields))}'  # noqa: S608
        " WHERE old.environment_id = %s AND old.id = new.id"
    )


def _recordset(fields: tuple[Any, ...]) -> str:
    columns = ", ".join(f'"{field.column}" {_kind(field)}' for field in fields)
    return f"json_to_recordset(%s::json) AS new ({columns})"


@cache
def _update(model: Any, names: tuple[str, ...]) -> str:
    sets = ", ".join(f'"{field.column}" = %s' for field in _named(model, names))
    return f'UPDATE "{model._meta.db_table}" SET {sets} WHERE environment_id = %s AND id = %s'  # noqa: S608 - names of ours
