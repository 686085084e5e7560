"""JSON in and out, strictly: what two readers could understand differently is refused, and nothing is guessed."""

import codecs
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any

import orjson
from django.http import HttpRequest
from django.utils.functional import Promise
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from core.http import refusals, sensitive, validation

MAX_DEPTH = 32
# Longer integers than a 64-bit column holds stay decimals, which no integer field accepts.
_LONGEST_INTEGER = 20


class StrictJSONParser(BaseParser):
    """Accepts RFC 8259 in UTF-8 without duplicate keys, NaN, deep nesting, NUL or unpaired surrogates."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """This function will return the body as primitives, with `Decimal` for numbers that have a fraction.

        :raises Malformed: for a body that cannot be read.
        :raises ValidationFailed: for text that cannot be stored, and for text that must not be.
        """
        check_charset(media_type or "")
        raw = stream.read()
        document = loads(raw)
        sensitive.refuse(raw, document)
        return document


def check_charset(media_type: str) -> None:
    """This function will pass a media type whose text is in UTF-8, said or not.

    :raises UnsupportedMedia: for any other.
    """
    for parameter in media_type.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise refusals.UnsupportedMedia


def loads(raw: bytes) -> Any:
    """This function will read strict JSON from bytes; see `StrictJSONParser.parse`."""
    try:
        document = _DECODER.decode(_text(raw))
    except RecursionError:
        raise refusals.TooDeep from None
    except (ValueError, ArithmeticError):
        raise refusals.MalformedJson from None
    _inspect(document, "", 1)
    return document


def _text(raw: bytes) -> str:
    if raw.startswith(codecs.BOM_UTF8):
        raise ValueError("byte order mark")
    return raw.decode("utf-8")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise refusals.MalformedJson("An object has the same key twice.")
    return found


def _constant(name: str) -> Any:
    raise ValueError(name)


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else Decimal(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=Decimal, parse_int=_integer, strict=True
)


def _inspect(value: Any, pointer: str, depth: int) -> None:
    if isinstance(value, str):
        _check_text(value, pointer)
    elif isinstance(value, (dict, list)):
        if depth > MAX_DEPTH:
            raise refusals.TooDeep
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            _check_text(str(name), pointer)
            _inspect(inner, f"{pointer}/{validation.escaped(name)}", depth + 1)


def _check_text(text: str, pointer: str) -> None:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text if character > "\ud7ff"):
        # The pointer itself must be writable in the answer.
        where = pointer.encode("utf-8", "replace").decode()
        raise refusals.ValidationFailed(
            [validation.error(where, "invalid_characters", "NUL and unpaired surrogates are not text.")]
        )


class JSONRenderer(BaseRenderer):
    """Writes JSON with orjson; a type that it does not know is a bug and raises."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """This function will return the body; no data is no body."""
        return b"" if data is None else dumps(data)


def dumps(data: Any) -> bytes:
    """This function will write JSON: instants in UTC with `Z`, decimals as plain text.

    :raises TypeError: for a type that has no agreed form.
    """
    return orjson.dumps(data, default=_written, option=orjson.OPT_UTC_Z)


def _written(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


class AlwaysJSON(BaseContentNegotiation):
    """The API speaks one format; what a client's Accept header says cannot make it fail."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """This function will return the parser for the body's media type, None when there is none."""
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(self, request: HttpRequest, renderers: Any, format_suffix: str | None = None) -> Any:
        """This function will return the view's first renderer."""
        return renderers[0], renderers[0].media_type
