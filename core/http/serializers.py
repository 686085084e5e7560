"""The shapes of bodies. Requests are read strictly and never save; responses only write what they are given."""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.utils.serializer_helpers import BindingDict

from core.http import refusals, validation, writing
from core.http.fields import (
    Choice,
    Currency,
    DecimalText,
    Email,
    Instant,
    LocalDate,
    Metadata,
    Minor,
    PublicId,
    Quantity,
    StrictBool,
    StrictInt,
    StrictString,
    Timezone,
)

__all__ = [
    "Choice", "Currency", "DecimalText", "Email", "Instant", "LocalDate", "Metadata", "Minor", "PublicId", "Quantity",
    "RequestBody", "ResponseBody", "StrictBool", "StrictInt", "StrictString", "Timezone",
]  # fmt: skip


class RequestBody(serializers.Serializer[Any]):
    """What a client may send. Fields that are not declared are refused, nested ones too."""

    @classmethod
    def parse(cls, request: Request, **context: Any) -> dict[str, Any]:
        """This function will return the body's checked values, ready to be a verb's keyword arguments.

        :raises MalformedJson: for no body at all where fields are required.
        :raises ObjectExpected, ValidationFailed: for a body of the wrong shape.
        """
        sent = request.data
        if not isinstance(sent, Mapping):
            raise refusals.ObjectExpected
        body = cls(data=sent, context={"request": request, **context})
        if not request.META.get("CONTENT_LENGTH", "").strip("0") and body.needs_something():
            raise refusals.MalformedJson("The body is empty.")
        return body.checked()

    @classmethod
    def read(cls, document: Any) -> dict[str, Any]:
        """This function will check a document that came otherwise, such as one item of a batch.

        :raises ObjectExpected, ValidationFailed: for a document of the wrong shape.
        """
        if not isinstance(document, Mapping):
            raise refusals.ObjectExpected
        return cls(data=document).checked()

    def checked(self) -> dict[str, Any]:
        """This function will return the validated values.

        :raises ValidationFailed: naming every field that is wrong.
        """
        if not self.is_valid():
            raise refusals.ValidationFailed(validation.flatten(self.errors))
        return dict(self.validated_data)

    @cached_property
    def fields(self) -> Any:
        """The declared fields, made once for each kind of body: they keep nothing of what they read.

        Django REST framework makes them anew for each request.
        """
        return _fields_of(type(self))

    def needs_something(self) -> bool:
        """This function will tell whether a body without any field would be refused."""
        return any(field.required for field in self.fields.values())

    def to_internal_value(self, data: Any) -> Any:
        """This function will return the declared fields' values; an undeclared one is an error beside the others."""
        unknown = self._unknown(data)
        try:
            values = super().to_internal_value(data)
        except ValidationError as refused:
            if unknown and isinstance(refused.detail, dict):
                raise ValidationError({**refused.detail, **unknown}) from None
            raise
        if unknown:
            raise ValidationError(unknown)
        return values

    def _unknown(self, data: Any) -> dict[str, list[ErrorDetail]]:
        if not isinstance(data, Mapping):
            return {}
        unknown = [name for name in data if name not in self.fields or self.fields[name].read_only]
        return {str(name): validation.refused("unknown_field", "This field is not known here.") for name in unknown}


@cache
def _fields_of(body: type[RequestBody]) -> Any:
    pattern = body()
    bound = BindingDict(pattern)
    for name, field in pattern.get_fields().items():
        bound[name] = field
    return bound


class ResponseBody(serializers.Serializer[Any]):
    """What a client is shown. Fields read attributes or keys and touch no relation the queryset did not fetch."""

    @classmethod
    def of(cls, shown: Any, **context: Any) -> Any:
        """This function will return one object (or, for a list or tuple, several) as primitives."""
        if not shown and isinstance(shown, (list, tuple)):
            return []
        body = cls(shown, context=context)
        if isinstance(shown, (list, tuple)):
            return [body.to_representation(row) for row in shown]
        return body.data

    def to_representation(self, instance: Any) -> Any:
        """This function will return a row, or what stands for one, as primitives."""
        if isinstance(instance, Mapping):
            return super().to_representation(instance)
        return writing.write(self, instance)
