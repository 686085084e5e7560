"""A chain, streamed from the database in its order with constant memory."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from django.db import connection

AT_ONCE: Final = 2000

# What a row costs is what its columns cost to decode: those that only repeat the text come as one.
_SEALS = """
    SELECT seal.sequence, seal.mac, convert_to(entry.text, 'UTF8'), entry.mac, entry.key_id, entry.id,
      array_to_string(ARRAY[entry.key_id, entry.actor, entry.action, entry.target, entry.outcome, entry.request_id,
        entry.client_ip, coalesce(entry.event_id::text, ''),
        to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')], E'\\x1f', E'\\x1e')
    FROM audit_seal seal
    LEFT JOIN audit_entry entry ON entry.id = seal.entry_id AND entry.environment_id = seal.environment_id
    WHERE seal.environment_id = %s AND seal.sequence > %s ORDER BY seal.sequence
"""
_CHECKPOINTS = """
    SELECT checkpoint.sequence, checkpoint.mac, checkpoint.key_id, checkpoint.checkpoint_mac, seal.mac
    FROM audit_checkpoint checkpoint
    LEFT JOIN audit_seal seal ON seal.environment_id = checkpoint.environment_id AND seal.sequence = checkpoint.sequence
    WHERE checkpoint.environment_id = %s AND checkpoint.sequence > %s ORDER BY checkpoint.sequence
"""


def seals(environment_id: UUID, after: int) -> Iterator[Any]:
    """This function will iterate over the seals behind a place, each with its entry's columns, in order."""
    return _streamed("audit_seals", _SEALS, environment_id, after)


def checkpoints(environment_id: UUID, after: int) -> Iterator[Any]:
    """This function will iterate over the checkpoints behind a place, each with the MAC of the seal it speaks of."""
    return _streamed("audit_checkpoints", _CHECKPOINTS, environment_id, after)


def _streamed(name: str, sql: str, environment_id: UUID, after: int) -> Iterator[Any]:
    # Psycopg's own cursor, on the server and in binary: Django's would have bytes sent as hexadecimal text.
    with connection.connection.cursor(name=name, binary=True) as cursor:
        # A cursor is planned for its first rows; all of them are read here, and such a plan looks up each one alone.
        connection.connection.execute("SET LOCAL cursor_tuple_fraction = 1.0")
        cursor.execute(sql, [environment_id, after])
        while rows := cursor.fetchmany(AT_ONCE):
            yield from rows
