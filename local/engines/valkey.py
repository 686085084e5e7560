"""A Valkey (or Redis) server of our own: cache, rate limits and broker; never the record of anything."""

import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local import process
from local.engines import binaries, postgres, root
from local.engines.state import ValkeyRecord
from local.refusals import CannotRun

START_ATTEMPTS = 5
ANSWER_SECONDS = 10.0

# In a file, because a password on the command line can be read by everybody on the machine.
SETTINGS = """bind 127.0.0.1
port {port}
requirepass {password}
dir "{place}"
pidfile "{place}/valkey.pid"
logfile "{place}/valkey.log"
daemonize yes
appendonly {append}
save ""
maxmemory-policy noeviction
"""


def ensure(
    folder: Path, record: ValkeyRecord | None, *, durable: bool, keep: Callable[[ValkeyRecord], None]
) -> tuple[ValkeyRecord, bool]:
    """Make the folder's server answer.

    This function will return its record and whether it was started here; it raises `CannotRun` when it does not start.
    """
    if record and answers(record):
        return record, False
    if record:
        _kill(record, patience=2.0)
    program = binaries.find_valkey()
    place = Path(record.place) if record and Path(record.place).exists() else _place(folder, durable=durable)
    password = record.password if record else secrets.token_hex(24)
    port = record.port if record else 0
    for _ in range(START_ATTEMPTS):
        port = process.free_port(port)
        keep(ValkeyRecord(0, port, str(place), password))
        started = _start_once(program, ValkeyRecord(0, port, str(place), password), durable=durable)
        if started:
            keep(started)
            return started, True
        port = 0
    raise CannotRun(f"{program} does not start; the end of its log:\n{_log(place)}")


def url(record: ValkeyRecord) -> str:
    """Build the server's URL; this function will point it at database 0."""
    return f"redis://:{record.password}@127.0.0.1:{record.port}/0"


def answers(record: ValkeyRecord) -> bool:
    """PING the recorded server; this function will be false for another server that took its port."""
    return _process_id(record) is not None


def stop(record: ValkeyRecord, *, durable: bool) -> None:
    """Stop the server; this function will let it write its log to disk, and delete its folder when not durable."""
    _kill(record)
    if not durable:
        shutil.rmtree(record.place, ignore_errors=True)


def _place(folder: Path, *, durable: bool) -> Path:
    if not durable and postgres.has_room(postgres.MEMORY):
        return Path(tempfile.mkdtemp(prefix="perennial-", dir=postgres.MEMORY))
    place = folder / "valkey"
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def _start_once(program: Path, wanted: ValkeyRecord, *, durable: bool) -> ValkeyRecord | None:
    settings = Path(wanted.place) / "valkey.conf"
    for old in (settings, Path(wanted.place) / "valkey.pid"):
        old.unlink(missing_ok=True)
    settings.touch(mode=0o600)
    place = wanted.place.replace("\\", "\\\\").replace('"', '\\"')
    append = "yes" if durable else "no"
    settings.write_text(SETTINGS.format(port=wanted.port, password=wanted.password, place=place, append=append))
    subprocess.run(
        [str(program), str(settings)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=root.environment({"PATH": "/usr/bin:/bin"}),
        cwd=wanted.place,
        timeout=ANSWER_SECONDS,
        check=False,
    )
    if not process.wait_until(lambda: answers(wanted) or _gave_up(wanted), ANSWER_SECONDS):
        _kill(wanted)
        return None
    pid = _process_id(wanted)
    return ValkeyRecord(pid, wanted.port, wanted.place, wanted.password) if pid else None


def _gave_up(record: ValkeyRecord) -> bool:
    noted = _noted_pid(record)
    return noted is not None and not process.command_of(noted)


def _kill(record: ValkeyRecord, patience: float = 10.0) -> None:
    # The server rewrites its title to "valkey-server 127.0.0.1:<port>"; the port makes a reused id harmless.
    for pid in {record.pid or 0, _noted_pid(record) or 0} - {0}:
        steps = [(signal.SIGTERM, patience), (signal.SIGKILL, 5.0)]
        process.end(pid, f"127.0.0.1:{record.port}", steps)


def _noted_pid(record: ValkeyRecord) -> int | None:
    try:
        return int((Path(record.place) / "valkey.pid").read_text())
    except (OSError, ValueError):
        return None


def _process_id(record: ValkeyRecord) -> int | None:
    client = redis.Redis(
        host="127.0.0.1",
        port=record.port,
        password=record.password,
        socket_timeout=2,
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 0),  # a refused connection is an answer here
    )
    try:
        client.ping()
        answer = client.info("server")
    except redis.RedisError:
        return None
    finally:
        client.close()
    return int(answer["process_id"])


def _log(place: Path) -> str:
    log = place / "valkey.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-8:]) if log.exists() else "(no log)"
