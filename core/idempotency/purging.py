"""Forgetting answers that nobody can ask for any more."""

from datetime import datetime

from django.db import connection, transaction

from core.tenancy.system import system_scope

_PURGE = """
DELETE FROM core_idempotencyrecord WHERE id IN (
    SELECT id FROM core_idempotencyrecord WHERE state = 'completed' AND expires_at <= %s
    ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED)
"""


def purge_expired(*, now: datetime, limit: int = 1000) -> int:
    """This function will delete up to `limit` answers of all environments that had expired at `now`, and count them.

    What is in flight is never deleted, however old, and what another purge is deleting is left to it.
    """
    with system_scope("purge expired idempotency records"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PURGE, [now, limit])
        return int(cursor.rowcount)
