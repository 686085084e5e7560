"""The database's fences, written by one migration operation.

`Fence("billing")` at the end of a migration brings every scoped table of the app under the three rules that hold
whoever writes the SQL: row-level security (also for the owner), one composite foreign key beside each foreign key that
leads to a scoped table, and the unique pair it points at. It is safe to run again, so each migration that adds a
scoped table or a foreign key simply ends with it.
"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import ForeignKey, Model

POLICY = "environment_fence"

_ROWS = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS {policy} ON {table};
CREATE POLICY {policy} ON {table}
USING (environment_id = NULLIF(current_setting('app.environment_id', true), '')::uuid
       OR NULLIF(current_setting('app.system_reason', true), '') IS NOT NULL)
"""

_PAIR = "CREATE UNIQUE INDEX IF NOT EXISTS {name} ON {table} (environment_id, {key})"

_SAME_ENVIRONMENT = """
DO $fence$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = '{name}' AND conrelid = '{table}'::regclass) THEN
    ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (environment_id, {column})
      REFERENCES {target} (environment_id, {key}) DEFERRABLE INITIALLY DEFERRED;
  END IF;
END $fence$
"""


def is_scoped(model: type[Model]) -> bool:
    """This function will tell whether a model's rows belong to one environment."""
    return any(field.name == "environment" and field.many_to_one for field in model._meta.local_fields)


def links(model: type[Model]) -> "Iterator[ForeignKey[Any, Any]]":
    """This function will iterate over the foreign keys of a model that lead to another scoped table."""
    for field in model._meta.local_fields:
        if isinstance(field, ForeignKey) and field.name != "environment" and is_scoped(field.remote_field.model):
            yield field


def link_name(model: type[Model], field: "ForeignKey[Any, Any]") -> str:
    """This function will return the name of the composite foreign key that guards a link, within 63 characters."""
    return f"{model._meta.db_table[:30]}_{field.column[:22]}_same_env"


# The body of the function behind the triggers; who verifies the audit log looks whether it is still this one.
REFUSAL = """BEGIN
  RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = '42501';
END"""
_APPEND_ONLY = """
CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $refuse$
{refusal} $refuse$;
DROP TRIGGER IF EXISTS append_only_rows ON {table};
CREATE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION append_only();
DROP TRIGGER IF EXISTS append_only_table ON {table};
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION append_only();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only_rows;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only_table;
DO $revoke$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN
    REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role};
  END IF;
END $revoke$
"""


class AppendOnly(Operation):
    """Let tables grow and never change: triggers that fire whoever writes, and no privilege for the application."""

    reversible = True
    reduces_to_sql = True
    atomic = True

    def __init__(self, *tables: str) -> None:
        self.tables = tables

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """This function will leave the models' state as it is."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """This function will refuse every UPDATE, DELETE and TRUNCATE of the tables from here on."""
        for table in self.tables:
            role = settings.DATABASE_APP_ROLE
            named = {"table": schema_editor.quote_name(table), "role": role, "refusal": REFUSAL}
            schema_editor.execute(_APPEND_ONLY.format(**named), params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """This function will do nothing: the triggers go with their table."""

    def describe(self) -> str:
        """This function will say what the operation does."""
        return f"Let {', '.join(self.tables)} only grow"


class Fence(Operation):
    """Raise the database's fences around every scoped table of one app."""

    reversible = True
    reduces_to_sql = True
    atomic = True

    def __init__(self, app_label: str) -> None:
        self.app_label = app_label

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """This function will leave the models' state as it is: fences live in the database alone."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """This function will write the fences for the tables as they are at this point of the history."""
        for model in to_state.apps.get_app_config(self.app_label).get_models():
            if is_scoped(model):
                self._fence(schema_editor, model)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """This function will do nothing: a fence goes with its table, and none is ever taken down alone."""

    def describe(self) -> str:
        """This function will say what the operation does."""
        return f"Fence the environments' rows of {self.app_label}"

    def _fence(self, editor: BaseDatabaseSchemaEditor, model: type[Model]) -> None:
        editor.execute(_ROWS.format(table=_quoted(editor, model), policy=POLICY))
        for field in links(model):
            self._link(editor, model, field)

    def _link(self, editor: BaseDatabaseSchemaEditor, model: type[Model], field: "ForeignKey[Any, Any]") -> None:
        target, key = field.remote_field.model, field.target_field.column
        pair = f"{target._meta.db_table[:48]}_environment"
        editor.execute(_PAIR.format(name=pair, table=_quoted(editor, target), key=key))
        editor.execute(
            _SAME_ENVIRONMENT.format(
                name=link_name(model, field),
                table=_quoted(editor, model),
                column=field.column,
                target=_quoted(editor, target),
                key=key,
            )
        )


def _quoted(editor: BaseDatabaseSchemaEditor, model: type[Model]) -> str:
    return editor.quote_name(model._meta.db_table)
