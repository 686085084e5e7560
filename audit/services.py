"""Writing the audit log. An action whose entry cannot be written does not happen: both are one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import transaction

from audit import chain, keys
from audit.models import Entry
from core import clock, context, failpoints, ids, redaction, tenancy
from core.context import Context
from core.tenancy.writes import later_insertion

# One statement however many entries, each with the row that keeps its place in the queue of the sealer.
_ENTRY = """
    INSERT INTO audit_entry (id, environment_id, at, actor, action, target, outcome, request_id, client_ip, event_id,
                             key_id, text, mac)
    SELECT id, %s::uuid, at, actor, action, target, outcome, request_id, client_ip, event_id, key_id, text, mac
    FROM json_to_recordset(%s::json)
         AS new (id uuid, at timestamptz, actor text, action text, target text, outcome text, request_id text,
                 client_ip text, event_id uuid, key_id text, text text, mac bytea)
    RETURNING id
"""
_UNSEALED = "INSERT INTO audit_unsealed (id, environment_id) SELECT id, %s::uuid FROM entry"
# A signed entry, by column.
Row = dict[str, Any]
_TO_LOOK_INTO: Final = frozenset({float, dict, list, tuple})


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One thing somebody did or tried, before it is signed. `at` is real time."""

    action: str
    target: str
    actor: str
    outcome: str = Entry.Outcome.SUCCESS
    meta: dict[str, Any] = field(default_factory=dict)
    event_id: UUID | None = None
    request: Context = field(default_factory=context.current)
    at: datetime = field(default_factory=clock.wall)


@transaction.atomic
def record(
    *, action: str, target: str, actor: str, outcome: str = Entry.Outcome.SUCCESS, meta: dict[str, Any] | None = None
) -> None:
    """This function will add a signed entry for the environment in scope, in the caller's transaction."""
    record_many([Happening(action=action, target=target, actor=actor, outcome=outcome, meta=meta or {})])


def record_many(happenings: Sequence[Happening]) -> None:
    """This function will add signed entries for the environment in scope, with the next statement of the transaction.

    `meta` is redacted before it is signed, so a secret can be in neither the text nor the MAC.
    """
    write_rows([row_of(happening) for happening in happenings])


def write_rows(rows: Sequence[Row]) -> None:
    """This function will add entries that are signed already, with the next statement of the transaction."""
    entries, here = orjson.dumps(rows).decode(), tenancy.environment_id()
    later_insertion("audit_unsealed", _UNSEALED, [here, entries, here], named=(("entry", _ENTRY),))
    if __debug__:
        failpoints.reach("audit.recorded")


def row_of(new: Happening) -> Row:
    """This function will return the signed entry of the environment in scope that says what happened."""
    entry_id, (key_id, key) = ids.new(), keys.current()
    text = text_of(new, entry_id=entry_id, key_id=key_id)
    return {
        "id": entry_id, "at": new.at, "actor": new.actor, "action": new.action, "target": new.target,
        "outcome": str(new.outcome), "request_id": new.request.request_id, "client_ip": new.request.client_ip,
        "event_id": new.event_id, "key_id": key_id, "text": text, "mac": f"\\x{chain.sign(key, text).hex()}",
    }  # fmt: skip


def _entry(new: Happening, entry_id: UUID, key_id: str) -> dict[str, Any]:
    request = new.request
    return {
        "v": 1, "id": ids.encode(Entry.prefix, entry_id), "chain": chain_name(), "kid": key_id, "at": _micros(new.at),
        "actor": _pair(new.actor), "action": new.action, "target": _pair(new.target, "_"), "outcome": str(new.outcome),
        "request": {"id": request.request_id, "method": request.method, "path": request.path, "ip": request.client_ip},
        "event": str(new.event_id) if new.event_id else None, "meta": _whole(redaction.redact(new.meta)),
    }  # fmt: skip


def text_of(new: Happening, *, entry_id: UUID, key_id: str) -> str:
    """This function will return the one text of an entry of the environment in scope, which is signed and kept."""
    return chain.canonical(_entry(new, entry_id, key_id))


def chain_name() -> str:
    """This function will return the name of the chain of the environment in scope."""
    return _chain_of(tenancy.environment_id())


@lru_cache(maxsize=256)
def _chain_of(environment_id: UUID) -> str:
    return f"e:{ids.encode('env', environment_id)}"


def _pair(label: str, separator: str = ":") -> dict[str, str]:
    kind = label.partition(separator)[0] if separator in label else ""
    return {"type": kind, "id": label.partition(":")[2] if separator == ":" and kind else label}


def _micros(at: datetime) -> str:
    return f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _whole(value: Any) -> Any:
    """Floats have no one text; the few that get here are written as their shortest decimal."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {str(name): _whole(item) if type(item) in _TO_LOOK_INTO else item for name, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list | tuple) else value


def record_export(*, actor: str, after: int, until: int | None, reason: str) -> None:
    """This function will write down that somebody took a range of the log out of the house, in the same transaction."""
    meta = {"after": after, "until": until, "reason": reason}
    record(action="audit.exported", target=ids.encode("env", tenancy.environment_id()), actor=actor, meta=meta)
