"""Tell Docker whether this container does its work; the exit status is the answer.

A web process must answer on /readyz, a worker must answer a ping through the broker. Beat and the relay have no
listener: they must be the container's main process and see their database.
"""

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psycopg

SECONDS = 5


def answers(port: int) -> bool:
    """This function will tell whether /readyz on this machine answers 200 within five seconds."""
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".") or "127.0.0.1"
    request = urllib.request.Request(f"http://127.0.0.1:{port}/readyz", headers={"Host": host})
    with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310 -- always http on this machine
        return bool(response.status == 200)


def pings(host: str) -> bool:
    """This function will tell whether the Celery worker of this container answers through the broker."""
    ping = ["celery", "-A", "config", "inspect", "ping", "--timeout", str(SECONDS), "--destination", f"celery@{host}"]
    return subprocess.run(ping, stdout=subprocess.DEVNULL, check=False).returncode == 0  # noqa: S603 -- our own words


def runs(mode: str) -> bool:
    """This function will tell whether the main process was started as this mode and the database answers."""
    main = Path("/proc/1/cmdline").read_bytes().split(b"\0")
    with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=SECONDS) as connection:
        return mode.encode() in main and connection.execute("SELECT 1").fetchone() == (1,)


def healthy(mode: str) -> bool:
    """This function will tell whether a container of this mode is healthy; an engine that is away means no."""
    try:
        if mode == "worker":
            return pings(socket.gethostname())
        if mode in {"beat", "relay"}:
            return runs(mode)
        return answers(int(os.environ.get("PORT", "8000")))
    except (OSError, psycopg.Error):
        return False


if __name__ == "__main__":
    sys.exit(0 if healthy(os.environ.get("MODE", "local")) else 1)
