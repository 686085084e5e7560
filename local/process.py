"""Processes known only by their id, possibly started by an earlier run that is gone."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

POLL_SECONDS = 0.02
PROC = Path("/proc")


def command_of(pid: int) -> str:
    """Tell what a process id runs now.

    This function will return the command line, and an empty string for a process that is gone or a zombie:
    in a container nobody may reap orphans, and ids are reused, so existence alone proves nothing.
    """
    if PROC.exists():
        try:
            return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    answer = subprocess.run(
        ["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, command = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else command.strip()


def is_running(pid: int, mark: str) -> bool:
    """Tell whether the process is the one that was recorded.

    This function will be true only when the id is alive and `mark` occurs in its command line.
    """
    return bool(mark) and mark in command_of(pid)


def exists(pid: int) -> bool:
    """Tell whether a process id is taken; this function will be true for a zombie's and for another user's too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(pid: int, mark: str, signals: list[tuple[signal.Signals, float]]) -> None:
    """Stop a recorded process, gently first.

    This function will send each signal in turn and give the process that many seconds before the next one;
    a process whose command line does not contain `mark` is never signaled.
    """
    for number, seconds in signals:
        if not is_running(pid, mark):
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if wait_until(lambda: not is_running(pid, mark), seconds):
            return


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until something becomes true.

    This function will return whether `condition` came true within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def free_port(preferred: int | None = None) -> int:
    """Find a TCP port on 127.0.0.1 that nobody listens on.

    This function will return `preferred` when it is free, so that addresses stay the same from run to run.
    """
    if preferred and is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Tell whether a server could listen on 127.0.0.1 at this port; this function will leave nothing bound."""
    with socket.socket() as probe:
        # Servers set this too; without it a port whose connections are still winding down looks taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True
