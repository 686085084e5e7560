"""Whether anything changed: a digest of every row of every table."""

from functools import lru_cache
from typing import Any

from django.db import connection

from core.tenancy.system import system_scope

# A refusal that came out of executing the request is kept for its key; that it is kept is not a change.
APART = ("core_idempotencyrecord",)
# When a key was last used is noted now and then, whatever was asked with it.
_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
  AND has_table_privilege(c.oid, 'SELECT')
"""


_OF_ONE = """
SELECT '{0}', count(*), coalesce(sum(hashtextextended((to_jsonb(t) - 'last_used_at')::text, 0)), 0)::text FROM "{0}" t
"""

_SCOPED = "a.attname = 'environment_id' AND NOT a.attisdropped"


@lru_cache(maxsize=1)
def _statement() -> str:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        names = sorted(name for (name,) in cursor.fetchall() if name not in APART)
    return " UNION ALL ".join(_OF_ONE.format(name) for name in names)


def digest() -> dict[str, tuple[Any, ...]]:
    """This function will return rows and digest of each table, of every environment."""
    with system_scope("test: did anything change"), connection.cursor() as cursor:
        cursor.execute(_statement())
        return {name: (rows, mark) for name, rows, mark in cursor.fetchall()}


def digest_of(environment_id: Any) -> dict[str, tuple[Any, ...]]:
    """This function will return rows and digest of each table with environments, of one environment's rows."""
    with system_scope("test: did anything change"), connection.cursor() as cursor:
        cursor.execute(_statement_of_one(), {"environment": environment_id})
        return {name: (rows, mark) for name, rows, mark in cursor.fetchall()}


@lru_cache(maxsize=1)
def _statement_of_one() -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"{_TABLES} AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND {_SCOPED})")
        names = sorted(name for (name,) in cursor.fetchall() if name not in APART)
    of_one = (
        "SELECT '{0}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM \"{0}\" t"
        " WHERE environment_id = %(environment)s"
    )
    return " UNION ALL ".join(of_one.format(name) for name in names)
