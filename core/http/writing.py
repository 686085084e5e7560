"""How response bodies are written: what a field reads and how it writes is worked out once per class, not per row.

Django REST framework copies and binds every field for every body. What comes out is the same; a test compares both.
"""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

from rest_framework import serializers
from rest_framework.fields import SkipField

from core.http import fields

# A field of these types writes a value without knowing where it stands.
PLAIN: tuple[type[Any], ...] = (
    fields.PublicId, fields.Instant, fields.StrictString, fields.StrictInt, fields.StrictBool, fields.Choice,
    fields.Currency, fields.Timezone, fields.LocalDate, fields.DecimalText, fields.Metadata, serializers.CharField,
)  # fmt: skip
_SKIPPED = object()

Writer = Callable[[Any, Any], Any]  # (the body's serializer, the row) → the value


@cache
def plan_of(body: type[Any]) -> tuple[tuple[str, Writer], ...]:
    """This function will return the names of a body's fields, each with what writes it."""
    shown = ((name, field) for name, field in body().fields.items() if not field.write_only)
    return tuple((name, _writer(name, field)) for name, field in shown)


def write(serializer: Any, row: Any) -> dict[str, Any]:
    """This function will return a row as the body's primitives."""
    pairs = ((name, writer(serializer, row)) for name, writer in plan_of(serializer.__class__))
    return {name: value for name, value in pairs if value is not _SKIPPED}


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
