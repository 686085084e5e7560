"""What the database's catalogue says of the log's tables: do they still only grow, whoever writes?"""

from collections.abc import Iterator

from django.conf import settings
from django.db import connection

from audit.verification._breaks import Break
from core.tenancy.operations import REFUSAL

GUARDED = ("audit_checkpoint", "audit_entry", "audit_seal")

# 27: a row trigger before UPDATE or DELETE; 34: a statement trigger before TRUNCATE. 'A' fires in every role.
_TRIGGERS = """
    SELECT name FROM unnest(%(tables)s::text[]) AS name WHERE 2 > (
      SELECT count(*) FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
      WHERE tgrelid = to_regclass(name) AND tgenabled = 'A' AND tgqual IS NULL AND proname = 'append_only'
        AND btrim(prosrc, E' \\n') = %(refusal)s
        AND (tgname, tgtype) IN (('append_only_rows', 27::int2), ('append_only_table', 34::int2)))
"""
_FENCES = """
    SELECT relname, CASE
      WHEN pg_get_userbyid(relowner) = %(role)s THEN 'the application owns it'
      WHEN has_table_privilege(%(role)s, oid, 'UPDATE') OR has_table_privilege(%(role)s, oid, 'DELETE')
        OR has_table_privilege(%(role)s, oid, 'TRUNCATE') THEN 'the application may change it'
      WHEN NOT (relrowsecurity AND relforcerowsecurity) THEN 'row-level security is off' END AS why
    FROM pg_class WHERE relname = ANY(%(tables)s) AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
"""


def unguarded() -> Iterator[Break]:
    """This function will iterate over the tables of the log that somebody could change unseen, and say how."""
    known = {"tables": list(GUARDED), "role": settings.DATABASE_APP_ROLE, "refusal": REFUSAL}
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS, known)
        open_tables = [table for (table,) in cursor.fetchall()]
        cursor.execute(_FENCES, known)
        fallen = [(table, why) for table, why in cursor.fetchall() if why]
    for table in open_tables:
        yield Break(chain=table, sequence=0, kind="trigger_missing", detail="its append-only triggers are off")
    for table, why in fallen:
        yield Break(chain=table, sequence=0, kind="unguarded", detail=why)
