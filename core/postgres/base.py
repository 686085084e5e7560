"""Django's PostgreSQL backend, which tells every transaction its environment as it begins, and its facts as it ends.

This is the one place where a transaction learns its scope: `BEGIN` and the settings go to the server together. They are
local to the transaction, so connections may be pooled by transaction. A query of a scoped piece of work outside a
transaction would see no rows at all and look like an empty table; the backend refuses it instead.

It is also the one place that knows when a transaction is about to commit: what was published in it is written then, and
a fact that cannot be written takes the transaction with it. Rows that wait for the next statement are written before
anything else is asked or done (`core.tenancy.waiting`).
"""

import select
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC
from typing import Any

from django.db import Error
from django.db.backends.postgresql import base
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.models import Field
from django.db.transaction import TransactionManagementError
from psycopg import Pipeline

from core import events, failpoints
from core.postgres.cursors import Cursor
from core.postgres.instants import Instants
from core.spool import Spool
from core.tenancy import scopes
from core.tenancy.waiting import Waiting, send

# A connection keeps so many statements prepared: those of every hot path, and the odd ones' most frequent.
PREPARED_MAX = 400


class SchemaEditor(DatabaseSchemaEditor):
    """A table is not of any environment: its rows are, and the one of a new row is known when it is written."""

    def effective_default(self, field: "Field[Any, Any]") -> Any:
        """This function will return what rows that exist get in a new column; nothing for their environment."""
        return None if field.default is scopes.environment_id else super().effective_default(field)


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = SchemaEditor
    _is_connecting = False
    # Set by whoever begins a transaction that only reads; it holds for the one that begins next.
    begins_read_only = False

    def __init__(self, settings_dict: dict[str, Any], *args: Any, **options: Any) -> None:
        # Parameters travel beside their statement: written into it, no statement would stay prepared.
        ours = {"server_side_binding": True, "cursor_factory": Cursor}
        settings_dict["OPTIONS"] = {**settings_dict.get("OPTIONS", {}), **ours}
        super().__init__(settings_dict, *args, **options)
        self.spool: Spool[events.Published | events.Last] = Spool()
        self.waiting = Waiting()
        # Where statements are sent ahead.
        self.pipeline: Pipeline | None = None

    def connect(self) -> None:
        """This function will open the connection, of which Django asks its version and types even inside a scope."""
        self._is_connecting = True
        try:
            super().connect()
        finally:
            self._is_connecting = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """This function will return a connection of psycopg that keeps our statements prepared."""
        raw = super().get_new_connection(conn_params)
        raw.prepared_max = PREPARED_MAX
        if self.timezone is UTC:
            raw.adapters.register_loader("timestamptz", Instants)
        return raw

    def is_usable(self) -> bool:
        """This function will tell whether a connection of an earlier request still leads to the server.

        A server that closes an idle connection says so, and then there is something to read. Only then is it asked.
        """
        raw = self.connection
        if raw is None or raw.closed or self.errors_occurred or select.select([raw.fileno()], [], [], 0)[0]:
            return bool(super().is_usable())
        return True

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if not autocommit:
            self.spool, self.waiting = Spool(), Waiting()
            read_only, self.begins_read_only = self.begins_read_only, False
            with self.wrap_database_errors:
                scopes.begin(self.connection, read_only=read_only)

    def commit(self) -> None:
        """This function will commit the transaction with the rows that wait and its facts, or roll back everything.

        The last statement and the commit are sent at once: what was locked last is held for one round-trip.
        """
        if not (self.waiting or self.spool):
            super().commit()
            return
        with self._as_part():
            events.flush()
        with self.wrap_database_errors, self.connection.pipeline():
            with self._as_part():
                self.write_waiting()
                if __debug__:
                    failpoints.reach("transaction.written")
            super().commit()

    def rollback(self) -> None:
        """This function will roll the transaction back, and forget what waited in it."""
        self.waiting.take()
        super().rollback()

    def write_waiting(self) -> None:
        """This function will write the rows that wait for the next statement of the transaction.

        They are lost if that fails, so the transaction is, too, or its part since the last savepoint.
        """
        parts = self.waiting.take()
        if not parts or self.needs_rollback:
            return
        try:
            with self.cursor() as cursor:
                send(cursor, parts)
        except BaseException:
            self.needs_rollback = True
            raise

    @contextmanager
    def sending_ahead(self) -> Iterator[None]:
        """This function will have statements sent without waiting for what comes of them; see `core.tenancy.ahead`."""
        before = self.pipeline
        with self.wrap_database_errors, self.connection.pipeline() as pipeline:
            self.pipeline = pipeline
            try:
                yield
            finally:
                self.pipeline = before

    def _await_outcomes(self) -> None:
        """A savepoint answers for everything that was sent before it."""
        if self.pipeline is not None:
            with self.wrap_database_errors:
                self.pipeline.sync()

    @contextmanager
    def _as_part(self) -> Iterator[None]:
        """Django has left the outermost block by now; what is written inside still belongs to it, or undoes it."""
        self.in_atomic_block = True
        try:
            yield
        except BaseException:
            self.in_atomic_block = False
            self._give_up()
            raise
        self.in_atomic_block = False

    def _give_up(self) -> None:
        try:
            self.rollback()
        except Error:
            self.close()

    def savepoint(self) -> Any:
        """This function will make a savepoint, to which the facts can go back too."""
        if self._is_test():
            events.flush()
        savepoint = super().savepoint()
        if savepoint:
            self.spool.begin(savepoint)
        return savepoint

    def savepoint_rollback(self, sid: str) -> None:
        """This function will go back to a savepoint, and take back what has waited and was published since."""
        self.waiting.take()
        with suppress(Error):
            self._await_outcomes()
        super().savepoint_rollback(sid)
        self.spool.undo(sid)

    def savepoint_commit(self, sid: str) -> None:
        """This function will release a savepoint. Inside a test's own transaction that stands for a commit."""
        try:
            self.write_waiting()
            if self._is_test():
                events.flush()
                self.write_waiting()
            self._await_outcomes()
        except BaseException:
            self.needs_rollback = False
            self.savepoint_rollback(sid)
            raise
        super().savepoint_commit(sid)
        self.spool.release(sid)

    def _is_test(self) -> bool:
        """Whether only a test case's own transactions are around: what ends or begins here would do so for good."""
        blocks: Any = self.atomic_blocks
        return bool(blocks) and all(block._from_testcase for block in blocks)

    def create_cursor(self, name: str | None = None) -> Any:
        """This function will return a cursor of psycopg; a plain one knows already how instants are read."""
        if name is None and self.timezone is UTC:
            return Cursor(self.connection)  # type: ignore[call-arg]
        return super().create_cursor(name)

    def _cursor(self, name: str | None = None) -> Any:
        if scopes.current() is not None and not (self.in_atomic_block or self._is_connecting):
            raise TransactionManagementError("a scoped query needs a transaction: outside one it would see no rows")
        if self.waiting:
            self.write_waiting()
        return super()._cursor(name)  # type: ignore[misc]
