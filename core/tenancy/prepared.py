"""Reads of a few hot paths: rows of a model by one statement whose text is written once, so that it stays prepared.

The ORM writes its statement anew for each call, which costs more than most of them take. What is read here is what a
manager would read: rows of the environment in force, of every one in the system scope, and row-level security agrees.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection

from core.tenancy import scopes
from core.tenancy.rows import ScopedRow

Row = TypeVar("Row", bound=ScopedRow)


class Prepared(Generic[Row]):
    """`Prepared(Customer, "id = %s FOR UPDATE")`: the rows of a model for which a condition holds, in its order.

    `told` is what else is asked of each row, an expression by the name of the attribute that the row is given. What
    they have of `%s` comes before the values of the condition.
    """

    def __init__(self, model: type[Row], condition: str, *, told: Mapping[str, str] | None = None) -> None:
        self._model, self._condition, self._told = model, condition, dict(told or {})
        self._places = sum(expression.count("%s") for expression in self._told.values())

    def all(self, *values: Any) -> list[Row]:
        """This function will return the rows that the values of the condition choose."""
        with connection.cursor() as cursor:
            if isinstance(scopes.current(), scopes.SystemScope):
                cursor.execute(self._everywhere, values)
            else:
                first, rest = values[: self._places], values[self._places :]
                cursor.execute(self._here, (*first, scopes.environment_id(), *rest))
            found: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return [self._row(columns) for columns in found]

    def first(self, *values: Any) -> Row | None:
        """This function will return the first of these rows, None if there is none."""
        return next(iter(self.all(*values)), None)

    @cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self._model._meta.concrete_fields]

    @cached_property
    def _everywhere(self) -> str:
        return f"{self._selection} WHERE {self._condition}"

    @cached_property
    def _here(self) -> str:
        return f"{self._selection} WHERE environment_id = %s AND {self._condition}"

    @cached_property
    def _selection(self) -> str:
        columns = [f'"{field.column}"' for field in self._model._meta.concrete_fields]
        table = self._model._meta.db_table
        # All of it is written in code.
        return f'SELECT {", ".join([*columns, *self._told.values()])} FROM "{table}"'  # noqa: S608

    @cached_property
    def _converters(self) -> list[tuple[int, Callable[..., Any], Any]]:
        fields: Any = enumerate(self._model._meta.concrete_fields)
        return [(place, convert, field.cached_col) for place, field in fields
                for convert in field.get_db_converters(connection)]  # fmt: skip

    def _row(self, columns: tuple[Any, ...]) -> Row:
        if self._converters:
            values = list(columns)
            for place, convert, column in self._converters:
                values[place] = convert(values[place], column, connection)
            columns = tuple(values)
        kept = len(self._names)
        row: Row = self._model.from_db(connection.alias, self._names, columns[:kept])
        row.__dict__.update(zip(self._told, columns[kept:], strict=True))
        return row


class Pages(Generic[Row]):
    """`Pages(Customer)`: all rows of a model a page at a time, the newest first, as a list without filters has them."""

    def __init__(self, model: type[Row]) -> None:
        self._first = Prepared(model, "true ORDER BY id DESC LIMIT %s")
        self._older = Prepared(model, "id < %s ORDER BY id DESC LIMIT %s")
        self._newer = Prepared(model, "id > %s ORDER BY id LIMIT %s")

    def read(self, beyond: Any, *, is_backwards: bool, most: int) -> list[Row]:
        """This function will return at most so many rows beyond an id, the nearest first; None is the beginning."""
        if beyond is None:
            return self._first.all(most)
        return (self._newer if is_backwards else self._older).all(beyond, most)
