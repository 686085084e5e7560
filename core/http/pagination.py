"""Pages by signed cursor: stable while rows come and go, and useless anywhere but in the list they came from."""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from core.http import refusals
from core.tenancy import scopes
from core.tenancy.prepared import Pages

MAX_LIMIT = 100
DEFAULT_LIMIT = 20
_MAC_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Position:
    """A boundary of a page: the ordering values of the row just outside it, and the direction to read on."""

    values: tuple[Any, ...]
    is_backwards: bool = False


class SignedCursor(BasePagination):
    """`{data, next, previous}`; `next` and `previous` are cursors for `?cursor=`, or null.

    A view orders by its `ordering`, whose last field is unique; by default the newest first.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """This function will return the rows of the page that the request asks for.

        :raises InvalidParameter, InvalidCursor: for a limit or cursor that is not one of ours.
        """
        self.ordering = tuple(getattr(view, "ordering", None) or ("-id",))
        self.binding = _binding(request)
        limit = read_limit(request)
        cursor = request.query_params.get("cursor")
        position = None if cursor is None else _open(cursor, self.binding, len(self.ordering))
        rows = _read(queryset, self.ordering, position, limit + 1)
        self._note(rows, limit, position)
        return self.page

    def _note(self, rows: list[Any], limit: int, position: Position | None) -> None:
        has_more, page = len(rows) > limit, rows[:limit]
        is_backwards = position is not None and position.is_backwards
        self.page = page[::-1] if is_backwards else page
        self.has_next = bool(page) and (has_more if not is_backwards else True)
        self.has_previous = bool(page) and (has_more if is_backwards else position is not None)

    def get_paginated_response(self, data: Any) -> Response:
        """This function will return the page's envelope."""
        return Response(
            {
                "data": data,
                "next": self._cursor(self.page[-1], is_backwards=False) if self.has_next else None,
                "previous": self._cursor(self.page[0], is_backwards=True) if self.has_previous else None,
            }
        )

    def _cursor(self, row: Any, *, is_backwards: bool) -> str:
        values = [_value(row, name.lstrip("-")) for name in self.ordering]
        return _sealed([int(is_backwards), *values], self.binding)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """This function will describe the envelope for the API's schema."""
        cursor = {"type": ["string", "null"], "description": "Pass it as `cursor` to read on."}
        properties = {"data": schema, "next": cursor, "previous": cursor}
        return {"type": "object", "required": ["data", "next", "previous"], "properties": properties}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """This function will describe the query parameters for the API's schema."""
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return [
            {"name": "limit", "in": "query", "required": False, "schema": limit},
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}},
        ]


def read_limit(request: Request) -> int:
    """This function will return the page size that was asked for, 1 to 100, 20 by default.

    :raises InvalidParameter: for anything else.
    """
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_LIMIT):
        raise refusals.InvalidParameter(f"limit must be from 1 to {MAX_LIMIT}.", parameter="limit")
    return int(text)


def _binding(request: Request) -> bytes:
    """What a cursor is good for: the environment, the reader, the path and the filters."""
    environment = scopes.current()
    where = str(environment.environment_id) if isinstance(environment, scopes.Scope) else ""
    filters = sorted((key, value) for key, value in request.query_params.items() if key not in ("cursor", "limit"))
    reader = str(getattr(request.user, "customer_id", None) or "")
    return orjson.dumps([where, reader, request.path, filters])


def _mac(payload: bytes, binding: bytes) -> bytes:
    key = f"{settings.SECRET_KEY}:cursor".encode()
    return hmac.new(key, len(payload).to_bytes(4, "big") + payload + binding, sha256).digest()[:_MAC_BYTES]


def _sealed(payload: list[Any], binding: bytes) -> str:
    raw = orjson.dumps(payload)
    return base64.urlsafe_b64encode(_mac(raw, binding) + raw).decode().rstrip("=")


def _open(cursor: str, binding: bytes, fields: int) -> Position:
    try:
        sealed = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise refusals.InvalidCursor from None
    mac, raw = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(raw, binding)):
        raise refusals.InvalidCursor
    direction, *values = orjson.loads(raw)
    if len(values) != fields:  # signed by an older release that ordered otherwise
        raise refusals.InvalidCursor
    return Position(values=tuple(values), is_backwards=bool(direction))


def _read(rows: Any, ordering: Sequence[str], position: Position | None, most: int) -> list[Any]:
    if not isinstance(rows, Pages):
        return list(_ordered(rows, ordering, position)[:most])
    if position is None:
        return rows.read(None, is_backwards=False, most=most)
    return rows.read(position.values[0], is_backwards=position.is_backwards, most=most)


def _ordered(rows: QuerySet[Any], ordering: Sequence[str], position: Position | None) -> QuerySet[Any]:
    is_backwards = position is not None and position.is_backwards
    steps = [_turned(name) if is_backwards else name for name in ordering]
    if position is not None:
        rows = rows.filter(_beyond(steps, position.values))
    return rows.order_by(*steps)


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(steps: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows after a boundary in lexicographic order: a > x, or a = x and b > y, and so on."""
    found, equal = Q(), Q()
    for step, value in zip(steps, values, strict=True):
        name = step.lstrip("-")
        comparison = "lt" if step.startswith("-") else "gt"
        found |= equal & Q(**{f"{name}__{comparison}": value})
        equal &= Q(**{name: value})
    return found


def _value(row: Any, name: str) -> Any:
    value = row[name] if isinstance(row, dict) else getattr(row, name)
    return str(value) if isinstance(value, UUID) else value.isoformat() if isinstance(value, datetime) else value
