"""Django's PostgreSQL backend, which tells every transaction its environment as it begins.

This is the one place where a transaction learns its scope. The settings are local to the transaction, so connections
may be pooled by transaction. A query of a scoped piece of work outside a transaction would see no rows at all and look
like an empty table; the backend refuses it instead.
"""

from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.models import Field
from django.db.transaction import TransactionManagementError

from core.tenancy import scopes


class SchemaEditor(DatabaseSchemaEditor):
    """A table is not of any environment: its rows are, and the one of a new row is known when it is written."""

    def effective_default(self, field: "Field[Any, Any]") -> Any:
        """This function will return what rows that exist get in a new column; nothing for their environment."""
        return None if field.default is scopes.environment_id else super().effective_default(field)


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = SchemaEditor
    _is_connecting = False

    def connect(self) -> None:
        """This function will open the connection, of which Django asks its version and types even inside a scope."""
        self._is_connecting = True
        try:
            super().connect()
        finally:
            self._is_connecting = False

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if not autocommit:
            scopes.state(self.connection)

    def _cursor(self, name: str | None = None) -> Any:
        if scopes.current() is not None and not (self.in_atomic_block or self._is_connecting):
            raise TransactionManagementError("a scoped query needs a transaction: outside one it would see no rows")
        return super()._cursor(name)  # type: ignore[misc]
