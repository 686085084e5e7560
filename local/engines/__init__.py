"""Starts the engines the house needs, or uses the ones the environment names.

    engines = start(Path(".local"))
    ...
    engines.stop()

Whoever starts again on the same folder gets the same engines; they end when their starter and everybody who joined
have stopped. Nothing named by DATABASE_URL or REDIS_URL is ever started or stopped.
"""

import fcntl
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import psycopg

from local.engines import databases, postgres, state, valkey
from local.guard import Guard
from local.refusals import CannotRun

DATABASE = "perennial"


@dataclass(frozen=True)
class Engines:
    """Where the engines are, and which of them this call started.

    `database_url` is the application's role, `database_owner_url` the role that migrates, `database_admin_url` a
    superuser's (None where it is unknown).
    """

    database_url: str
    database_owner_url: str
    database_admin_url: str | None
    redis_url: str
    started_postgres: bool
    started_valkey: bool
    folder: Path
    _hold: IO[str] = field(repr=False, compare=False)
    _guard: Guard | None = field(repr=False, compare=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a child process finds the engines."""
        found = {
            "DATABASE_URL": self.database_url,
            "DATABASE_OWNER_URL": self.database_owner_url,
            "REDIS_URL": self.redis_url,
        }
        return found | ({"DATABASE_ADMIN_URL": self.database_admin_url} if self.database_admin_url else {})

    def stop(self) -> None:
        """Leave the engines; this function will stop what this call started as soon as nobody else uses it.

        Calling it again does nothing. An engine that others still use is stopped by the last of them.
        """
        if self._hold.closed:
            return
        with state.locked(self.folder):
            self._hold.close()
            found = state.load(self.folder)
            if self.started_postgres or self.started_valkey or found.orphaned:
                _leave(self.folder, found)
        if self._guard:
            self._guard.release()


def start(
    folder: Path, *, durable: bool = True, way: str | None = None, environ: Mapping[str, str] | None = None
) -> Engines:
    """Make PostgreSQL and Valkey answer.

    This function will use DATABASE_URL and REDIS_URL of `environ` (the process's, unless given) where they are set, and
    otherwise start engines whose data, ports and passwords live in `folder`. Not `durable` means fast and lost on stop.
    `way` forces one of the ways to run as root. It raises `CannotRun` with a message that says what to do.
    """
    environ = os.environ if environ is None else environ
    folder = state.prepare(folder)
    with state.locked(folder):
        hold = _join(folder)
        try:
            return _start(folder, hold, environ, durable=durable, way=way)
        except BaseException:
            hold.close()
            if not _is_used(folder):
                _stop(folder, state.load(folder))
            raise


def stop_all(folder: Path) -> None:
    """Stop the folder's engines whoever started them; this function will do nothing where none run."""
    if (folder / state.MARKER).exists():
        with state.locked(folder):
            _stop(folder, state.load(folder))


def leave(folder: Path) -> None:
    """Stop the folder's engines unless somebody uses them; this function is for cleaning up after a killed starter."""
    if (folder / state.MARKER).exists():
        with state.locked(folder):
            _leave(folder, state.load(folder))


def _start(folder: Path, hold: IO[str], environ: Mapping[str, str], *, durable: bool, way: str | None) -> Engines:
    found = state.load(folder)

    def keep_postgres(record: state.PostgresRecord) -> None:
        found.postgres = record
        state.save(folder, found)

    def keep_valkey(record: state.ValkeyRecord) -> None:
        found.valkey = record
        state.save(folder, found)

    started_postgres = started_valkey = False
    if environ.get("DATABASE_URL"):
        urls = _given(environ)
    else:
        record, started_postgres = postgres.ensure(folder, found.postgres, durable=durable, way=way, keep=keep_postgres)
        admin = postgres.admin_url(record)
        urls = replace(databases.provision(admin, DATABASE), admin=admin)
    redis_url = environ.get("REDIS_URL", "")
    if not redis_url:
        server, started_valkey = valkey.ensure(folder, found.valkey, durable=durable, keep=keep_valkey)
        redis_url = valkey.url(server)
    if started_postgres or started_valkey:
        found.orphaned = False
        state.save(folder, found)
    # What is lost on stop anyway should not outlive a killed test session either.
    guard = Guard(folder) if not durable and (started_postgres or started_valkey) else None
    return Engines(urls.app, urls.owner, urls.admin, redis_url, started_postgres, started_valkey, folder, hold, guard)


def _given(environ: Mapping[str, str]) -> databases.DatabaseUrls:
    """Read the URLs somebody set; a superuser's becomes two roles, because row security does not bind superusers."""
    url, owner = environ["DATABASE_URL"], environ.get("DATABASE_OWNER_URL", "")
    if owner:
        return databases.DatabaseUrls(app=url, owner=owner, admin=environ.get("DATABASE_ADMIN_URL") or None)
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            powerful = databases.is_superuser(connection)
    except psycopg.Error as why:
        raise CannotRun(f"DATABASE_URL does not answer: {why}", exit_code=2) from None
    if not powerful:
        return databases.DatabaseUrls(app=url, owner=url, admin=environ.get("DATABASE_ADMIN_URL") or None)
    return replace(databases.provision(url, databases.name_of(url) or DATABASE), admin=url)


def _join(folder: Path) -> IO[str]:
    hold = (folder / "engines.users").open("w")
    fcntl.flock(hold, fcntl.LOCK_SH)
    return hold


def _is_used(folder: Path) -> bool:
    """Whoever uses the engines holds a shared lock, which a killed process cannot leave behind."""
    with (folder / "engines.users").open("w") as probe:
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _leave(folder: Path, found: state.State) -> None:
    if _is_used(folder):
        state.save(folder, replace(found, orphaned=True))
    else:
        _stop(folder, found)


def _stop(folder: Path, found: state.State) -> None:
    if found.valkey:
        valkey.stop(found.valkey, durable=found.postgres is None or found.postgres.durable)
    if found.postgres:
        postgres.stop(found.postgres)
    gone = found.postgres is not None and not found.postgres.durable
    state.save(folder, state.State() if gone else replace(found, orphaned=False))


def remove(folder: Path) -> None:
    """Stop the engines of a folder and delete it.

    This function will do nothing where there is no folder; it raises `CannotRun` for a folder without our marker.
    """
    if not folder.exists():
        return
    if not (folder / state.MARKER).is_file():
        raise CannotRun(f"{folder} is not a folder of ours (no {state.MARKER} in it): not deleted.", exit_code=2)
    stop_all(folder)
    record = state.load(folder).postgres
    if record:
        postgres.remove(record)
    shutil.rmtree(folder)
