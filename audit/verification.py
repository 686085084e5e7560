"""Proving the log: every entry as it was signed, every seal in its place, nothing missing in between or at the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from audit import chain, keys
from audit.models import Entry, Head, Seal, Unsealed
from core import tenancy
from core.models import Environment
from core.tenancy import scope

GUARDED = ("audit_entry", "audit_seal")

_UNRECORDED = """
    SELECT event.event_id::text FROM outbox_outboxevent event
    LEFT JOIN audit_entry entry ON entry.event_id = event.event_id AND entry.environment_id = event.environment_id
    WHERE event.environment_id = %s AND entry.id IS NULL LIMIT 1
"""
_GUARDS = """
    SELECT relname FROM pg_class WHERE relname = ANY(%s) AND
      (SELECT count(*) FROM pg_trigger
       WHERE tgrelid = pg_class.oid AND tgname LIKE 'append_only%%' AND tgenabled = 'A') < 2
"""


@dataclass(frozen=True, kw_only=True)
class Break:
    """The first thing wrong with a chain: `edited`, `deleted`, `truncated`, `unsigned`, `unknown_key`, `unguarded`."""

    chain: str
    sequence: int
    kind: str
    detail: str


def verify() -> Iterator[Break]:
    """This function will iterate over the breaks found, at most one per environment, and one per unguarded table."""
    with transaction.atomic():
        environments = list(Environment.objects.select_related("tenant").order_by("id"))
        yield from _unguarded()
    for environment in environments:
        with scope(environment.as_scope()), transaction.atomic():
            found = _first_break(environment.public_id)
        if found:
            yield found


def _unguarded() -> Iterator[Break]:
    with connection.cursor() as cursor:
        cursor.execute(_GUARDS, [list(GUARDED)])
        for (table,) in cursor.fetchall():
            yield Break(chain=table, sequence=0, kind="unguarded", detail="its append-only triggers are off")


def _first_break(name: str) -> Break | None:
    previous, expected = chain.GENESIS, 1
    for seal in Seal.objects.select_related("entry").order_by("sequence").iterator(chunk_size=2000):
        problem = _problem(seal, previous, expected)
        if problem:
            return Break(chain=name, sequence=expected, kind=problem, detail=seal.entry.public_id)
        previous, expected = bytes(seal.mac), expected + 1
    return _end_problem(name, previous, expected)


def _problem(seal: Seal, previous: bytes, expected: int) -> str:
    entry, key = seal.entry, keys.find(seal.entry.key_id)
    if seal.sequence != expected:
        return "deleted"
    if key is None:
        return "unknown_key"
    if not chain.same(chain.sign(key, entry.text), bytes(entry.mac)) or not _columns_agree(entry):
        return "edited"
    linked = chain.link(key, previous, chain.sealed(entry.text, expected))
    return "" if chain.same(linked, bytes(seal.mac)) else "edited"


def _columns_agree(entry: Entry) -> bool:
    signed: dict[str, Any] = chain.parse(entry.text)
    columns = (entry.public_id, entry.action, entry.outcome, entry.key_id, entry.request_id)
    return columns == (signed["id"], signed["action"], signed["outcome"], signed["kid"], signed["request"]["id"])


def _end_problem(name: str, last: bytes, expected: int) -> Break | None:
    head = Head.objects.first()
    if head and (head.sequence != expected - 1 or not chain.same(bytes(head.mac), last)):
        return Break(chain=name, sequence=expected, kind="truncated", detail="the chain ends before its head")
    lost = Entry.objects.filter(seal=None).exclude(id__in=Unsealed.objects.values("id")).first()
    if lost:
        return Break(chain=name, sequence=expected, kind="unsigned", detail=f"{lost.public_id} never got its seal")
    return _unrecorded(name, expected)


def _unrecorded(name: str, expected: int) -> Break | None:
    with connection.cursor() as cursor:
        cursor.execute(_UNRECORDED, [tenancy.environment_id()])
        row = cursor.fetchone()
    return (
        Break(chain=name, sequence=expected, kind="deleted", detail=f"no entry for the fact {row[0]}") if row else None
    )
