"""The processes of the house, started, watched and stopped together."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local.guard import CHECKOUT, GRACE_SECONDS, Guard
from local.process import POLL_SECONDS, command_of, wait_until
from local.refusals import CannotRun

TAIL_LINES = 20


@dataclass(frozen=True)
class Child:
    """One running program of the house, and the file its output goes to."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path


class Children:
    """The programs of one run.

    Each gets a session of its own: Ctrl-C reaches the runner alone, which stops the others in order.
    """

    def __init__(self, logs: Path, environment: Mapping[str, str], guard: Guard | None = None) -> None:
        self._logs = logs
        self._environment = dict(environment)
        self._guard = guard
        self._children: list[Child] = []
        self.hurry = False

    def start(self, name: str, argv: Sequence[str]) -> Child:
        """Start a program; this function will send its output to `<name>.log`, begun anew."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=CHECKOUT,
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._children.append(child)
        if self._guard:
            self._guard.watch(process.pid, command_of(process.pid) or argv[0])
        return child

    def check(self) -> None:
        """Look after the programs; this function will raise `CannotRun` with the end of the log of one that died."""
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                end = f"The end of {child.log}:\n{tail(child.log)}"
                raise CannotRun(f"{child.name} ended by itself ({_outcome(code)}). {end}")

    def wait(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait until something is true while every program lives.

        This function will raise `CannotRun` when `seconds` have passed or a program has died.
        """

        def settled() -> bool:
            self.check()
            return condition()

        if not wait_until(settled, seconds):
            logs = "\n".join(f"{child.log}:\n{tail(child.log)}" for child in self._children)
            raise CannotRun(f"{what} did not answer within {seconds:.0f} s.\n{logs}")

    def stop(self) -> None:
        """Stop every program.

        This function will ask with SIGTERM, wait up to 35 seconds (not at all once `hurry` is set), then kill what is
        left, and what the programs left behind in their sessions.
        """
        for child in self._children:
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while not self.hurry and any(child.process.poll() is None for child in self._children):
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        for child in self._children:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
        self._children.clear()


def tail(log: Path) -> str:
    """Read the end of a log; this function will return its last 20 lines, indented."""
    lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:] if log.exists() else []
    return "\n".join(f"    {line}" for line in lines) or "    (empty)"


def _outcome(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def _signal(child: Child, number: signal.Signals) -> None:
    if child.process.poll() is None:
        child.process.send_signal(number)
