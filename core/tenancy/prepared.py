"""Reads of a few hot paths: rows of a model by one statement whose text is written once, so that it stays prepared.

The ORM writes its statement anew for each call, which costs more than most of them take. What is read here is what a
manager would read: rows of the environment in force, of every one in the system scope, and row-level security agrees.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection

from core.tenancy import scopes
from core.tenancy.rows import ScopedRow

Row = TypeVar("Row", bound=ScopedRow)


class Prepared(Generic[Row]):
    """`Prepared(Customer, "id = %s FOR UPDATE")`: the rows of a model for which a condition holds, in its order."""

    def __init__(self, model: type[Row], condition: str) -> None:
        self._model, self._condition = model, condition

    def all(self, *values: Any) -> list[Row]:
        """This function will return the rows that the values of the condition choose."""
        with connection.cursor() as cursor:
            if isinstance(scopes.current(), scopes.SystemScope):
                cursor.execute(self._everywhere, values)
            else:
                cursor.execute(self._here, (scopes.environment_id(), *values))
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
        columns = ", ".join(f'"{field.column}"' for field in self._model._meta.concrete_fields)
        table = self._model._meta.db_table
        return f'SELECT {columns} FROM "{table}" WHERE {self._condition}'  # noqa: S608 - all of it is written in code

    @cached_property
    def _here(self) -> str:
        return self._everywhere.replace(" WHERE ", " WHERE environment_id = %s AND ", 1)

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
        row: Row = self._model.from_db(connection.alias, self._names, columns)
        return row
