"""How response bodies are written: what a field reads and how it writes is worked out once per class, not per row.

Django REST framework copies and binds every field for every body. What comes out is the same; a test compares both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from django.db.models import Model
from rest_framework import serializers
from rest_framework.fields import SkipField

from core.http import fields

# A field of these types writes a value without knowing where it stands.
PLAIN: tuple[type[Any], ...] = (
    fields.PublicId, fields.Instant, fields.StrictString, fields.StrictInt, fields.StrictBool, fields.Choice,
    fields.Currency, fields.Timezone, fields.LocalDate, fields.DecimalText, fields.Metadata, serializers.CharField,
)  # fmt: skip
_BUILT_IN: tuple[tuple[Any, type[Any]], ...] = (
    (fields.StrictString.to_representation, str), (fields.Currency.to_representation, str),
    (fields.Timezone.to_representation, str), (fields.StrictInt.to_representation, int),
    (fields.StrictBool.to_representation, bool), (serializers.CharField.to_representation, str),
)  # fmt: skip
_SKIPPED = object()

Writer = Callable[[Any, Any], Any]  # (the body's serializer, the row) → the value


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How rows of one class are written as one body.

    `read` fetches the columns at once, which are values and nothing to be called; `columns` are their names and what
    writes them. `others` are the fields that are more than a column.
    """

    empty: dict[str, Any]
    read: Callable[[Any], tuple[Any, ...]]
    columns: tuple[tuple[str, Callable[[Any], Any]], ...]
    others: tuple[tuple[str, Writer], ...]


@cache
def plan_of(body: type[Any], row: type[Any]) -> Plan:
    """This function will return how a body's fields are written of rows of a class."""
    shown = {name: field for name, field in body().fields.items() if not field.write_only}
    columns = {name: field for name, field in shown.items() if _is_column(field, row)}
    return Plan(
        empty=dict.fromkeys(shown),
        read=_reader([field.source for field in columns.values()]),
        columns=tuple((name, _representation(field)) for name, field in columns.items()),
        others=tuple((name, _writer(name, field)) for name, field in shown.items() if name not in columns),
    )


def write(serializer: Any, row: Any) -> dict[str, Any]:
    """This function will return a row as the body's primitives."""
    plan = plan_of(serializer.__class__, row.__class__)
    written = plan.empty.copy()
    for (name, represent), value in zip(plan.columns, plan.read(row), strict=True):
        if value is not None:
            written[name] = represent(value)
    for name, writer in plan.others:
        value = writer(serializer, row)
        if value is _SKIPPED:
            del written[name]
        else:
            written[name] = value
    return written


def _is_column(field: Any, row: type[Any]) -> bool:
    """Whether a field writes a column of a model: what is read of it is a value, and it is always there."""
    names = {column.attname for column in row._meta.concrete_fields} if issubclass(row, Model) else set()
    return isinstance(field, PLAIN) and field.source in names


def _reader(sources: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(sources) > 1:
        read: Callable[[Any], tuple[Any, ...]] = attrgetter(*sources)
        return read
    return lambda row: tuple(getattr(row, source) for source in sources)


def _representation(field: Any) -> Callable[[Any], Any]:
    """What writes a field's value: the built-in type where that is all the field's own method would call."""
    own: Callable[[Any], Any] = field.to_representation
    return next((known for method, known in _BUILT_IN if getattr(own, "__func__", None) is method), own)


def _writer(name: str, field: Any) -> Writer:
    if isinstance(field, serializers.SerializerMethodField):
        method = str(field.method_name)
        return lambda serializer, row: getattr(serializer, method)(row)
    if isinstance(field, PLAIN) and field.source.isidentifier():
        return _plain(attrgetter(field.source), field.to_representation, _bound(name))
    return _bound(name)


def _plain(read: Callable[[Any], Any], represent: Callable[[Any], Any], otherwise: Writer) -> Writer:
    def plain(serializer: Any, row: Any) -> Any:
        try:
            value = read(row)
        except AttributeError:
            return otherwise(serializer, row)
        if callable(value):
            return otherwise(serializer, row)
        return None if value is None else represent(value)

    return plain


def _bound(name: str) -> Writer:
    """The framework's own way, for a field that has to know where it stands: nested bodies, defaults, long ways."""

    def bound(serializer: Any, row: Any) -> Any:
        field = serializer.fields[name]
        try:
            value = field.get_attribute(row)
        except SkipField:
            return _SKIPPED
        return None if value is None else field.to_representation(value)

    return bound
