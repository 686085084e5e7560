"""Writing the audit log. An action whose entry cannot be written does not happen: both are one transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from audit import chain, keys
from audit.models import Entry
from core import clock, context, ids, redaction, tenancy

_INSERT = """
    WITH entry AS (
      INSERT INTO audit_entry (id, environment_id, at, actor, action, target, outcome, request_id, client_ip, event_id,
                               key_id, text, mac)
      VALUES (%(id)s, %(environment)s, %(at)s, %(actor)s, %(action)s, %(target)s, %(outcome)s, %(request_id)s,
              %(client_ip)s, %(event_id)s, %(key_id)s, %(text)s, %(mac)s))
    INSERT INTO audit_unsealed (id, environment_id) VALUES (%(id)s, %(environment)s)
"""


@transaction.atomic
def record(
    *, action: str, target: str, actor: str, outcome: str = Entry.Outcome.SUCCESS, meta: dict[str, Any] | None = None,
    event_id: UUID | None = None,
) -> None:  # fmt: skip
    """This function will add a signed entry for the environment in scope, in the caller's transaction.

    `meta` is redacted before it is signed, so a secret can be in neither the text nor the MAC. `at` is real time.
    """
    entry_id, at, (key_id, key) = ids.new(), clock.wall(), keys.current()
    text = chain.canonical(_entry(entry_id, at, key_id, actor, action, target, str(outcome), meta or {}))
    request = context.current()
    values: dict[str, Any] = {
        "id": entry_id, "environment": tenancy.environment_id(), "at": at, "actor": actor, "action": action,
        "target": target, "outcome": str(outcome), "request_id": request.request_id, "client_ip": request.client_ip,
        "event_id": event_id, "key_id": key_id, "text": text, "mac": chain.sign(key, text),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)


def _entry(
    entry_id: UUID, at: datetime, key_id: str, actor: str, action: str, target: str, outcome: str, meta: dict[str, Any]
) -> dict[str, Any]:
    request = context.current()
    return {
        "v": 1, "id": ids.encode(Entry.prefix, entry_id), "chain": chain_name(), "kid": key_id, "at": _micros(at),
        "actor": _pair(actor), "action": action, "target": _pair(target, "_"), "outcome": outcome,
        "request": {"id": request.request_id, "method": request.method, "path": request.path, "ip": request.client_ip},
        "meta": _whole(redaction.redact(meta)),
    }  # fmt: skip


def text_of(
    *, entry_id: UUID, at: datetime, key_id: str, actor: str, action: str, target: str, outcome: str,
    meta: dict[str, Any],
) -> str:  # fmt: skip
    """This function will return the one text of an entry of the environment in scope, which is signed and kept."""
    return chain.canonical(_entry(entry_id, at, key_id, actor, action, target, outcome, meta))


def chain_name() -> str:
    """This function will return the name of the chain of the environment in scope."""
    return f"e:{ids.encode('env', tenancy.environment_id())}"


def _pair(label: str, separator: str = ":") -> dict[str, str]:
    kind = label.partition(separator)[0] if separator in label else ""
    return {"type": kind, "id": label.partition(":")[2] if separator == ":" and kind else label}


def _micros(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _whole(value: Any) -> Any:
    """Floats have no one text; the few that get here are written as their shortest decimal."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {str(name): _whole(item) for name, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list | tuple) else value


def record_export(*, actor: str, after: int, until: int | None, reason: str) -> None:
    """This function will write down that somebody took a range of the log out of the house, in the same transaction."""
    meta = {"after": after, "until": until, "reason": reason}
    record(action="audit.exported", target=ids.encode("env", tenancy.environment_id()), actor=actor, meta=meta)
