"""Processes forked from one parent that has the whole house loaded and not one connection open.

A birth costs milliseconds where a start costs seconds of two cores, so a proof can afford hundreds of deaths. A child
works through the house's own code, on connections of its own; SIGKILL ends it wherever it is.
"""

import ctypes
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import connections

from core import failpoints
from jobs import claims, nudges
from local.engines import databases

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True)
class Child:
    """One process of a proof: what it is for, and its id."""

    name: str
    pid: int

    @property
    def owner(self) -> str:
        """The name under which its jobs are leased."""
        return f"{socket.gethostname()}:{self.pid}"

    def signal(self, number: signal.Signals) -> None:
        """This function will send it a signal; it is our child, so its id cannot be anybody else's yet."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """This function will wait for its end and return the exit status, negative for the signal that ended it."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def has_ended(self) -> int | None:
        """This function will return the exit status of a child that has ended, None while it lives."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None


@dataclass(frozen=True, kw_only=True)
class Nursery:
    """Where children write what they say, and what they find: the database's name and armed points."""

    folder: Path
    database: str = ""
    url: str = ""
    failpoints: Mapping[str, Any] | None = None

    def on(self, url: str) -> "Nursery":
        """This function will return a nursery whose children work on a database of another server."""
        return replace(self, url=url)

    def fork(self, name: str, call: Callable[[], object]) -> Child:
        """This function will start a child that does one thing and ends."""
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            self._live(name, call)
        return Child(name=name, pid=pid)

    def ask(self, call: Callable[[], Any]) -> Any:
        """This function will have a child find something out and return its answer, which JSON must be able to write.

        :raises RuntimeError: with what it said, if it failed.
        """
        reader, writer = os.pipe()

        def answer() -> None:
            with open(writer, "w", encoding="utf-8") as file:
                json.dump(call(), file)

        child = self.fork("ask", answer)
        os.close(writer)
        with open(reader, encoding="utf-8") as file:
            said = file.read()
        if status := child.wait():
            raise RuntimeError(f"a question ended with {status}: {self.log('ask').read_text()[-3000:]}")
        return json.loads(said)

    def log(self, name: str) -> Path:
        """This function will return the file that children of this name write to."""
        return self.folder / f"{name}.log"

    def _live(self, name: str, call: Callable[[], object]) -> None:
        code = 1
        try:
            self._settle_in(name)
            call()
            code = 0
        except BaseException:  # noqa: BLE001 - the log is all that is left of a child
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _settle_in(self, name: str) -> None:
        end_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        said = os.open(self.log(name), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        if self.url:
            connections["default"].settings_dict.update(_parts(self.url))
        if self.database:
            connections["default"].settings_dict["NAME"] = self.database
        claims.OWNER = f"{socket.gethostname()}:{os.getpid()}"
        # Nobody listens at the broker: whoever works here looks at the rows.
        nudges.rest.until = float("inf")
        failpoints.arm(self.failpoints if self.failpoints is not None else settings.FAILPOINTS)


def _parts(url: str) -> dict[str, Any]:
    found = urlsplit(url)
    return {
        "HOST": found.hostname, "PORT": found.port, "USER": found.username, "PASSWORD": unquote(found.password or ""),
        "NAME": databases.name_of(url),
    }  # fmt: skip


def end_with_parent() -> None:
    """This function will have the kernel end this process when its parent dies, where the kernel can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
