"""What falls due next in one environment, of every duty at once: one statement, whose text is written once."""

from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from core.tenancy.system import system_scope
from jobs.internal import unwritten
from jobs.registry import Duty, duties

# Stands in the statement for the environment that is asked about.
_ANY: Final = UUID(int=0)


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
    rows = unwritten(duty).filter(environment_id=_ANY).order_by().values_list(duty.at)
    text, values = rows.query.sql_with_params()
    part = f"SELECT %s::text, min(found.due_at) FROM ({text}) AS found(due_at)"  # noqa: S608 - written by the ORM
    return part, (duty.kind, *values)


@cache
def _statement() -> tuple[str, tuple[Any, ...]]:
    parts = [statement_of(duty) for duty in duties()]
    return " UNION ALL ".join(text for text, _ in parts), tuple(value for _, values in parts for value in values)
