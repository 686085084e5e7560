"""The scope: which environment this thread of work belongs to, and how PostgreSQL is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg import OperationalError, sql
from psycopg.pq import ExecStatus, TransactionStatus

# The environment of what belongs to no tenant: operators' logins, refused credentials, platform jobs.
PLATFORM_ID = UUID("00000000-0000-7000-8000-000000000001")

# A machine that stands still in the middle of a transaction keeps its row locks, and everybody waits for it. After so
# long without a statement the server ends the transaction; nothing of ours thinks or waits for that long in one.
IDLE_SECONDS = 30
_BEGIN = (
    "BEGIN {}; SET LOCAL app.environment_id = {}; SET LOCAL app.system_reason = {};"
    f" SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"
)
_SETTINGS = "SELECT set_config('app.environment_id', %s, true), set_config('app.system_reason', %s, true)"


class OutsideScope(RuntimeError):
    """Scoped rows were asked for where no environment has been entered; a bug of the caller, never a user's."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One environment, as the code below a face needs to know it. `clock_at` is set while its clock is frozen."""

    environment_id: UUID
    tenant_id: UUID
    kind: str
    clock_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.kind == "live"


@dataclass(frozen=True, kw_only=True)
class SystemScope:
    """All environments at once, for a stated reason. Entered only through `core.tenancy.system`."""

    reason: str


_current: ContextVar[Scope | SystemScope | None] = ContextVar("tenancy_scope", default=None)


def current() -> Scope | SystemScope | None:
    """This function will return the scope in force, or None outside every scope."""
    return _current.get()


def require() -> Scope:
    """This function will return the environment's scope in force.

    :raises OutsideScope: outside a scope, and in the system scope, which is no single environment.
    """
    found = _current.get()
    if not isinstance(found, Scope):
        raise OutsideScope("enter tenancy.scope(...) before touching an environment's rows")
    return found


def environment_id() -> UUID:
    """This function will return the id of the environment in force; the default of every row's environment."""
    return require().environment_id


@contextmanager
def scope(environment: Scope) -> Iterator[Scope]:
    """This function will make everything inside belong to one environment; scopes nest, the innermost counts."""
    with entered(environment):
        yield environment


@contextmanager
def entered(chosen: Scope | SystemScope) -> Iterator[None]:
    """This function will put a scope in force, also for a transaction that is open already, and undo it after."""
    token = _current.set(chosen)
    tell(connection)
    try:
        yield
    finally:
        _current.reset(token)
        tell(connection)


def settings_of(chosen: Scope | SystemScope | None) -> tuple[str, str]:
    """This function will return the values of `app.environment_id` and `app.system_reason` for a scope."""
    if isinstance(chosen, Scope):
        return str(chosen.environment_id), ""
    return "", chosen.reason if chosen else ""


def tell(database: Any) -> None:
    """This function will bring an open transaction's settings in line with the scope.

    Outside a transaction there is nothing to tell: the settings are local to a transaction, and the database backend
    makes them its first statement. A transaction that has failed accepts no statement and is about to end anyway.
    Rows that wait belong to the scope that is left.
    """
    if database.in_atomic_block and not database.needs_rollback and not failed(database):
        database.write_waiting()
        state(database.connection)


def failed(database: Any) -> bool:
    """This function will tell whether PostgreSQL has aborted the open transaction."""
    return bool(database.connection.info.transaction_status == TransactionStatus.INERROR)


def state(raw: Any) -> None:
    """This function will set the scope's settings for the current transaction of a psycopg connection."""
    raw.execute(_SETTINGS, settings_of(_current.get()))


def begin(raw: Any, *, read_only: bool) -> None:
    """This function will begin a transaction of a psycopg connection and set the scope's settings, in one round-trip.

    :raises psycopg.OperationalError: if the server has gone, or says anything but yes.
    """
    mode = sql.SQL("READ ONLY" if read_only else "READ WRITE")
    environment, reason = settings_of(_current.get())
    command = sql.SQL(_BEGIN).format(mode, sql.Literal(environment), sql.Literal(reason))
    answer = raw.pgconn.exec_(command.as_bytes(raw))
    if answer.status != ExecStatus.COMMAND_OK:
        raise OperationalError(answer.error_message.decode(errors="replace"))
