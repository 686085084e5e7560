"""A PgBouncer before the test's database, which gives a connection to somebody else after every transaction."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from django.db import connections

from local import process

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
# Fewer than there are clients, so that they have to share.
CONNECTIONS = 3
INI = """
[databases]
{name} = host={host} port={port} dbname={name} user={user} password={password} pool_size={size}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
"""


@contextmanager
def pgbouncer(database_url: str) -> Iterator[None]:
    """Inside, Django's connections go through a PgBouncer that pools by transaction."""
    if PROGRAM is None:
        pytest.skip("there is no PgBouncer: apt-get install pgbouncer")
    port = process.free_port()
    with tempfile.TemporaryDirectory() as folder, _running(Path(folder), database_url, port), _redirected(port):
        yield


@contextmanager
def _running(folder: Path, url: str, own_port: int) -> Iterator[None]:
    there = urlsplit(url)
    ini = folder / "pgbouncer.ini"
    ini.write_text(
        INI.format(
            name=there.path.lstrip("/"), host=there.hostname, port=there.port, user=unquote(there.username or ""),
            password=unquote(there.password or ""), size=CONNECTIONS, own_port=own_port,
        )
    )  # fmt: skip
    # It refuses to run as root, and reads its file before it becomes somebody else.
    command = [str(PROGRAM), *(["-u", "nobody"] if os.geteuid() == 0 else []), str(ini)]
    through = there._replace(netloc=f"{there.username}@127.0.0.1:{own_port}").geturl()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        try:
            process.wait_until(lambda: _answers(through), 10.0)
            yield
        finally:
            running.terminate()


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2, prepare_threshold=None):
            return True
    except psycopg.OperationalError:
        return False


@contextmanager
def _redirected(port: int) -> Iterator[None]:
    known = connections["default"].settings_dict
    before = {"HOST": known["HOST"], "PORT": known["PORT"], "OPTIONS": known["OPTIONS"]}
    connections.close_all()
    known.update(HOST="127.0.0.1", PORT=str(port), OPTIONS=known["OPTIONS"] | {"prepare_threshold": None})
    try:
        yield
    finally:
        connections.close_all()
        known.update(before)
