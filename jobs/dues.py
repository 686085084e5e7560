"""Rows whose instant has no job yet: those that are due, and when the next of an environment falls due."""

from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from core import clock
from core.tenancy.system import system_scope
from jobs.registry import Duty, duties

# Stands in the statement for the environment that is asked about.
_ANY: Final = UUID(int=0)
# OFFSET keeps the key out of the search for the job. Row-level security lets a value be looked up in an index, and an
# expression not, which could tell of rows before they are known to be ours: every due row was held against every job.
_UNWRITTEN: Final = """
SELECT environment_id, id, at FROM ({rows} OFFSET 0) AS due(environment_id, id, at, key)
WHERE NOT EXISTS (
  SELECT 1 FROM jobs_job job WHERE job.environment_id = due.environment_id AND job.kind = %s AND job.key = due.key)
"""


def find_due(duty: Duty, environment_id: UUID | None, *, most: int) -> list[tuple[UUID, UUID, datetime]]:
    """This function will return environment, id and instant of due rows without a job, the longest due first.

    It looks through every environment whose clock is not being moved, or through one.
    """
    text, values = due_query(duty, environment_id)
    with connection.cursor() as cursor:
        cursor.execute(f"{text} ORDER BY at, id LIMIT %s", [*values, most])
        return list(cursor.fetchall())


def due_query(duty: Duty, environment_id: UUID | None) -> tuple[str, tuple[Any, ...]]:
    """This function will return the query for a duty's due rows without a job, in no order, and its parameters."""
    now = Coalesce(F("environment__clock_at"), Value(clock.wall()))
    mine = {"environment_id": environment_id} if environment_id else {"environment__advancing_to": None}
    return _unwritten(duty, duty.rows().filter(**{f"{duty.at}__lte": now}, **mine))


def _unwritten(duty: Duty, rows: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    micros = Func(F(duty.at), template="(extract(epoch from %(expressions)s) * 1000000)::bigint::text")
    key = Concat(Cast("pk", TextField()), Value(":"), micros, output_field=TextField())
    found = rows.filter(**{f"{duty.at}__isnull": False}).order_by().annotate(due_key=key)
    text, values = found.values_list("environment_id", "pk", duty.at, "due_key").query.sql_with_params()
    return _UNWRITTEN.format(rows=text), (*values, duty.kind)


def next_of_duties(environment_id: UUID) -> dict[str, datetime]:
    """This function will return, by kind, the earliest instant of a row without a job; kinds without any are left out.

    It may lie in the past, and then the row is due.
    """
    with system_scope("jobs: next due of an environment"), transaction.atomic():
        text, values = _statement()
        with connection.cursor() as cursor:
            cursor.execute(text, [environment_id if value == _ANY else value for value in values])
            return {kind: at for kind, at in cursor.fetchall() if at is not None}


def statement_of(duty: Duty) -> tuple[str, tuple[Any, ...]]:
    """This function will return the part of one duty; rows fall due by what they say, whatever the clock says."""
    text, values = _unwritten(duty, duty.rows().filter(environment_id=_ANY))
    part = f"SELECT %s::text, min(found.at) FROM ({text}) AS found"  # noqa: S608 - texts of ours
    return part, (duty.kind, *values)


@cache
def _statement() -> tuple[str, tuple[Any, ...]]:
    parts = [statement_of(duty) for duty in duties()]
    return " UNION ALL ".join(text for text, _ in parts), tuple(value for _, values in parts for value in values)
