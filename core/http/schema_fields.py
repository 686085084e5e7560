"""The JSON Schema of our own fields, filters and headers."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from core.http import fields
from core.http.serializers import ResponseBody

_INT64 = 2**63 - 1

IF_MATCH = "The ETag of the resource that the change was decided about, or `*`. Another state is refused with 412."
IDEMPOTENCY = (
    "One value of 1 to 255 visible ASCII characters per intention, such as a UUID. A repeat gets the first answer."
)


def idempotency_key(mode: str) -> OpenApiParameter:
    """This function will return the description of the Idempotency-Key header."""
    return OpenApiParameter(
        "Idempotency-Key", str, OpenApiParameter.HEADER, required=mode == "required", description=IDEMPOTENCY
    )


def if_match() -> OpenApiParameter:
    """This function will return the description of the If-Match header."""
    return OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description=IF_MATCH)


def filters(filterset_class: Any) -> list[dict[str, Any]]:
    """This function will return the query parameters of a filter set."""
    declared = filterset_class.base_filters if filterset_class else {}
    return [{"name": name, "in": "query", "required": False, "schema": _filter(one)} for name, one in declared.items()]


def _filter(one: Any) -> dict[str, Any]:
    reader = one.extra.get("reader")
    return (of(reader) if reader is not None else None) or {"type": "string"}


def of(field: Any) -> dict[str, Any] | None:
    """This function will return the schema of one of our fields, None for any other.

    A field that an app adds says it itself, in an attribute `json_schema`.
    """
    own = getattr(field, "json_schema", None)
    if own is not None:
        return dict(own)
    found = next((_SHAPES[kind] for kind in type(field).__mro__ if kind in _SHAPES), None)
    return found(field) if found else None


def _integer(field: Any) -> dict[str, Any]:
    bounds = {"minimum": field.min_value, "maximum": field.max_value}
    return {"type": "integer", "format": "int64"} | {
        name: bound for name, bound in bounds.items() if abs(bound) != _INT64
    }


def _text(field: Any) -> dict[str, Any]:
    if _is_shown(field):
        return {"type": "string"}
    pattern = {"pattern": f"^{field.pattern.pattern}$"} if field.pattern else {}
    return {
        "type": "string",
        "maxLength": field.max_length,
        **({} if field.allow_blank else {"minLength": 1}),
        **pattern,
    }


def _is_shown(field: Any) -> bool:
    """Whether the field is one of an answer. What a client may send is limited; what is kept is shown as it is."""
    owner = field.parent
    while owner is not None and not isinstance(owner, serializers.Serializer):
        owner = owner.parent
    return isinstance(owner, ResponseBody)


def _email(field: Any) -> dict[str, Any]:
    return {"type": "string", "format": "email", "maxLength": field.max_length}


def _public_id(field: Any) -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": f"^{field.prefix}_",
        "examples": [f"{field.prefix}_01h455vb4pex5vsknk084sn02q"],
    }


def _choice(field: Any) -> dict[str, Any]:
    return {"type": "string", "enum": list(field.words)}


def _plain(**schema: Any) -> Callable[[Any], dict[str, Any]]:
    return lambda _field: dict(schema)


_SHAPES: dict[type, Callable[[Any], dict[str, Any]]] = {
    fields.StrictInt: _integer,
    fields.StrictBool: _plain(type="boolean"),
    fields.StrictString: _text,
    fields.Email: _email,
    fields.PublicId: _public_id,
    fields.Choice: _choice,
    fields.Instant: _plain(type="string", format="date-time"),
    fields.LocalDate: _plain(type="string", format="date"),
    fields.DecimalText: _plain(type="string", format="decimal", examples=["12.5"]),
    fields.Currency: _plain(type="string", minLength=3, maxLength=3, examples=["USD"]),
    fields.Timezone: _plain(type="string", examples=["Europe/Berlin"]),
    fields.Metadata: _plain(type="object", maxProperties=50, additionalProperties={"type": "string", "maxLength": 500}),
}
