"""The house's real processes on a test's database: web, worker and beat, as `make run` starts them."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local import process
from local.children import Child, Children
from local.guard import CHECKOUT
from local.house import House, web_answers

READY_SECONDS = 60.0


@dataclass(kw_only=True)
class Running:
    """What runs, and how to start and kill it. Logs and mail are kept in `folder`."""

    folder: Path
    environment: dict[str, str]
    port: int
    house: House = field(default_factory=House)
    groups: list[Children] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def broker(self) -> str:
        return self.environment.get("BROKER_URL") or self.environment["REDIS_URL"]

    @property
    def mailbox(self) -> Path:
        return self.folder / "mailbox"

    def load_demo(self) -> str:
        """Run `manage.py load_demo` and return the last line of what it prints."""
        done = subprocess.run(
            self.house.load_demo, cwd=CHECKOUT, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()[-1]

    def start_web(self) -> None:
        """Start the web server; this function will return once it answers."""
        group = self._new_group()
        group.start("web", self.house.web(self.port))
        group.wait(lambda: web_answers(f"{self.url}/readyz"), self.url, READY_SECONDS)

    def start_worker(self) -> Child:
        """Start a worker and return it once it answers."""
        group = self._new_group()
        worker = group.start("worker", self.house.worker)
        group.wait(lambda: self.house.worker_answers(self.broker), "the worker", READY_SECONDS)
        return worker

    def start_beat(self) -> Child:
        """Start beat, which looks for what is due once a second."""
        return self._new_group().start("beat", self.house.beat)

    def stop(self) -> None:
        """Stop everything, in the reverse of the order in which it was started."""
        while self.groups:
            self.groups.pop().stop()

    def _new_group(self) -> Children:
        # One each, so that a worker that was killed on purpose does not count as one that died.
        self.groups.append(Children(self.folder, self.environment))
        return self.groups[-1]


@contextmanager
def processes(folder: Path, database: Mapping[str, str]) -> Iterator[Running]:
    """Nothing at first; whatever is started in the block is stopped at its end."""
    (folder / "mailbox").mkdir()
    port = process.free_port()
    chosen = {
        "ENV": "local",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MAILBOX_DIR": str(folder / "mailbox"),
        "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PYTHONUNBUFFERED": "1",
    }
    house = Running(folder=folder, environment={**os.environ, **database, **chosen}, port=port)
    try:
        yield house
    finally:
        house.stop()


def kill(child: Child) -> None:
    """End a program and everything it has started at once, as a power cut would."""
    os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()
