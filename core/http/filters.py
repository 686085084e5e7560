"""Filters of lists, and the rule that a query parameter nobody knows is refused and never ignored."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from core import errors, ids
from core.http import fields, refusals

PAGING = frozenset({"cursor", "limit"})
# Other frameworks read these; here they change nothing, so they may stand.
MEANINGLESS = frozenset({"format", "_method"})
MAX_PARAMETERS = 50
MOST_DIGITS = 19


class _StrictField(forms.Field):
    """A form field that asks one of the API's own fields, so that a filter accepts what a body accepts."""

    def __init__(self, reader: Any, **options: Any) -> None:
        options.pop("lookup_expr", None)
        super().__init__(**options)
        self.reader = reader

    def to_python(self, value: Any) -> Any:
        """This function will return the value inside, None when the parameter is absent."""
        if value is None:
            return None
        try:
            return self.reader.to_internal_value(value)
        except (ValidationError, errors.Refusal) as refused:
            raise forms.ValidationError(str(refused)) from None


class StrictFilter(django_filters.Filter):  # type: ignore[misc]
    """A filter whose text is read by a field of `core.http.fields`."""

    field_class = _StrictField


class TextFilter(StrictFilter):
    """A text that must be equal, such as an external reference."""

    def __init__(self, *, max_length: int = 255, **options: Any) -> None:
        super().__init__(reader=fields.StrictString(max_length=max_length), **options)


class IdFilter(StrictFilter):
    """A public id; the column holds the UUID: `IdFilter("cus", field_name="customer_id")`."""

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(reader=fields.PublicId(prefix), **options)
        self.prefix = prefix


class InstantFilter(StrictFilter):
    """A moment with an offset; give `lookup_expr="gte"` or `"lt"`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(reader=fields.Instant(), **options)


class WordFilter(StrictFilter):
    """One of a few words, such as a status."""

    def __init__(self, choices: Iterable[Any], **options: Any) -> None:
        reader = fields.Choice(choices)
        super().__init__(reader=reader, **options)
        self.words = reader.words


class CurrencyFilter(StrictFilter):
    """An ISO 4217 code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(reader=fields.Currency(), **options)


class _MinorText(fields.Minor):
    """An amount of minor units as digits, for parameters are texts."""

    def to_internal_value(self, data: Any) -> int:
        """This function will accept digits within the bounds."""
        if type(data) is not str or not data.isascii() or not data.isdigit() or len(data) > MOST_DIGITS:
            self.fail("not_an_integer")
        return super().to_internal_value(int(data))


class MinorFilter(StrictFilter):
    """An amount in minor units; give `lookup_expr="gte"` or `"lte"`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(reader=_MinorText(), **options)


class BooleanFilter(WordFilter):
    """`true` or `false`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(("true", "false"), **options)

    def filter(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """This function will keep the rows whose column has that truth value."""
        return rows if value is None else rows.filter(**{self.field_name: value == "true"})


class Filters(django_filters.FilterSet):  # type: ignore[misc]
    """The base of every resource's `filterset_class`; declare the filters as attributes."""


class StrictFilters(DjangoFilterBackend):  # type: ignore[misc]
    """Applies a view's `filterset_class` and refuses values that it does not understand."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        """This function will return the rows that the query parameters ask for.

        :raises InvalidParameter: naming the first parameter that is wrong.
        """
        filterset_class = getattr(view, "filterset_class", None)
        if filterset_class is None or filterset_class.base_filters.keys().isdisjoint(request.query_params):
            return queryset
        filterset = filterset_class(request.query_params, queryset=queryset, request=request)
        if not filterset.is_valid():
            name = next(iter(filterset.errors))
            raise refusals.InvalidParameter(f"The value of {name} is not valid.", parameter=name)
        found: QuerySet[Any] = filterset.qs
        return found


def check_parameters(request: Request, view: Any) -> None:
    """This function will refuse query parameters that are unknown, repeated, or not UTF-8.

    :raises InvalidParameter: or one of its kinds.
    """
    pairs = request.query_params.lists()
    known = known_parameters(view)
    for position, (name, values) in enumerate(pairs):
        if position >= MAX_PARAMETERS or "\ufffd" in name or any("\ufffd" in value for value in values):
            raise refusals.InvalidParameter("The query string is not valid.")
        if name not in known:
            raise refusals.UnknownParameter(f"{name[:64]} is not known here.", parameter=name[:64])
        if len(values) > 1:
            raise refusals.DuplicateParameter(f"{name} was given more than once.", parameter=name)


def known_parameters(view: Any) -> frozenset[str]:
    """This function will return the names of the query parameters that the view's current action reads."""
    own = frozenset(view.query_parameters) | MEANINGLESS
    if view.action != "list":
        return own
    filterset_class = getattr(view, "filterset_class", None)
    return own | PAGING | frozenset(filterset_class.base_filters if filterset_class else ())


def decode_id(prefix: str, text: str, parameter: str) -> Any:
    """This function will return the id that a query parameter holds.

    :raises InvalidParameter: if it is not the public form of such an id.
    """
    try:
        return ids.decode(prefix, text)
    except errors.NotFound:
        raise refusals.InvalidParameter(f"{parameter} must be an id.", parameter=parameter) from None
