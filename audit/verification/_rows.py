"""A chain, streamed from the database in its order with constant memory."""

from collections import deque
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import connection

if TYPE_CHECKING:
    import psycopg

# So many rows are a stretch, and so many stretches are on their way.
AT_ONCE: Final = 500
AHEAD: Final = 4
# Between the columns that only repeat the text. They come as one: what a row costs is what its columns cost to decode.
SEPARATOR: Final = b"\x1f"

# What is NULL where nothing may be NULL is told by a letter that no genuine text holds.
_SEALS = """
    SELECT seal.sequence, seal.mac, convert_to(entry.text, 'UTF8'), entry.mac, uuid_send(entry.id),
      convert_to(concat_ws(E'\\x1f', coalesce(entry.key_id, E'\\x1e'), coalesce(entry.actor, E'\\x1e'),
        coalesce(entry.action, E'\\x1e'), coalesce(entry.target, E'\\x1e'), coalesce(entry.outcome, E'\\x1e'),
        coalesce(entry.request_id, E'\\x1e'), coalesce(entry.client_ip, E'\\x1e'), coalesce(entry.event_id::text, ''),
        coalesce(to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), E'\\x1e')), 'UTF8')
    FROM audit_seal seal
    LEFT JOIN audit_entry entry ON entry.id = seal.entry_id AND entry.environment_id = seal.environment_id
    WHERE seal.environment_id = %s AND seal.sequence > %s AND seal.sequence <= %s ORDER BY seal.sequence
"""
_BEHIND = "SELECT min(sequence) - 1 FROM audit_seal WHERE environment_id = %s AND sequence > %s"
_CHECKPOINTS = """
    SELECT checkpoint.sequence, checkpoint.mac, checkpoint.key_id, checkpoint.checkpoint_mac, seal.mac
    FROM audit_checkpoint checkpoint
    LEFT JOIN audit_seal seal ON seal.environment_id = checkpoint.environment_id AND seal.sequence = checkpoint.sequence
    WHERE checkpoint.environment_id = %s AND checkpoint.sequence > %s ORDER BY checkpoint.sequence
"""


def seals(environment_id: UUID, after: int) -> Iterator[Any]:
    """This function will iterate over the seals behind a place, each with its entry's columns, in order."""
    place: int | None = after
    while place is not None:
        place = yield from _unbroken(environment_id, place)


def checkpoints(environment_id: UUID, after: int) -> Iterator[Any]:
    """This function will iterate over the checkpoints behind a place, each with the MAC of the seal it speaks of."""
    with connection.connection.cursor(name="audit_checkpoints", binary=True) as cursor:
        cursor.execute(_CHECKPOINTS, [environment_id, after])
        while rows := cursor.fetchmany(AT_ONCE):
            yield from rows


def _unbroken(environment_id: UUID, place: int) -> Generator[Any, None, int | None]:
    """The seals up to a stretch without any; it returns behind which place there are more, if there are.

    Stretches are asked for before those in front of them are given away: PostgreSQL reads them in the meantime, and
    has always one more to go on with.
    """
    with connection.connection.pipeline():
        asked = deque(_asked(environment_id, place + number * AT_ONCE) for number in range(AHEAD))
        rows: list[Any] | None = None
        while rows is None or rows:
            asked.append(_asked(environment_id, place + AHEAD * AT_ONCE))
            place, rows = place + AT_ONCE, asked.popleft().fetchall()
            yield from rows
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND, [environment_id, place])
        behind: int | None = cursor.fetchone()[0]
    return behind


def _asked(environment_id: UUID, after: int) -> "psycopg.Cursor[Any]":
    # In binary: Django's own cursor would have bytes sent as hexadecimal text.
    cursor: psycopg.Cursor[Any] = connection.connection.cursor(binary=True)
    return cursor.execute(_SEALS, [environment_id, after, after + AT_ONCE], prepare=True)
