"""The engine room's rules."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import Field, Model

from core.invariants import rule
from core.tenancy.operations import is_scoped
from core.tenancy.system import system_scope
from jobs.registry import duties, kinds, schedulables

_MISSING = """
    SELECT job.id::text, job.environment_id, job.kind, job.payload ->> '{key}' AS missing FROM jobs_job job
    WHERE job.kind = '{kind}' AND job.state IN ('pending', 'failed', 'running') AND job.payload ->> '{key}' <> ''
      AND NOT EXISTS (SELECT 1 FROM {table} named WHERE {mine} named.{column} =
          CASE WHEN job.payload ->> '{key}' ~ '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$'
               THEN (job.payload ->> '{key}')::uuid END)"""


def references() -> Iterator[tuple[str, str, Any]]:
    """This function will iterate over what payloads name: the kind of job, the payload's key, and the column."""
    for kind in kinds():
        yield from ((kind.name, key, _column(label)) for key, label in kind.refers.items())
    for planned in schedulables():
        yield planned.kind, "id", planned.model._meta.pk
    with system_scope("jobs: what the duties are about"):
        models = {duty.kind: duty.rows().model for duty in duties()}
    yield from ((kind, "id", model._meta.pk) for kind, model in models.items())


def _column(label: str) -> Any:
    app, model, *field = label.split(".")
    meta = apps.get_model(app, model)._meta
    return meta.get_field(field[0]) if field else meta.pk


def _missing_rows() -> str:
    return " UNION ALL ".join(_missing(*one) for one in references())


def _missing(kind: str, key: str, column: "Field[Any, Any]") -> str:
    model: type[Model] = column.model
    mine = "named.environment_id = job.environment_id AND" if is_scoped(model) else ""
    return _MISSING.format(kind=kind, key=key, table=model._meta.db_table, column=column.column, mine=mine)


rule(
    "jobs.nothing_stuck",
    "no job is running long after its lease ended",
    """SELECT id::text, environment_id, kind, lease_until FROM jobs_job
       WHERE state = 'running' AND lease_until < clock_timestamp() - interval '10 minutes'""",
)
rule(
    "jobs.dead_letters_have_a_cause",
    "every dead letter says what killed it",
    "SELECT id::text, environment_id, kind FROM jobs_job WHERE state = 'dead' AND last_error = ''",
)
rule("jobs.names_what_is_there", "no job that is still to be done names a row that is missing", _missing_rows)
