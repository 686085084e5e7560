"""The house as it is run: web server, Celery worker and beat as real programs on a proof's engines."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local import process
from local.children import Child, Children
from local.house import House, web_answers

READY_S = 90.0


@dataclass(kw_only=True)
class Programs:
    """What runs, and where it answers. A program that ends by itself is started again, as compose would."""

    folder: Path
    environment: dict[str, str]
    port: int
    house: House = field(default_factory=House)
    running: dict[str, tuple[Children, Child]] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, role: str) -> None:
        """This function will start `web`, `worker` or `beat`; a sabotage reaches it through the proofs' own entries."""
        words: dict[str, Callable[[], list[str]]] = {
            "web": lambda: self.house.web(self.port),
            "worker": lambda: self.house.worker,
            "beat": lambda: self.house.beat,
        }
        entries = {"config.wsgi:application": "proof.entries:application", "config": "proof.entries"}
        group = Children(self.folder, self.environment)
        child = group.start(f"{role}{self.restarts.get(role, 0)}", [entries.get(word, word) for word in words[role]()])
        self.running[role] = (group, child)

    def revive(self) -> None:
        """This function will start every program again that has ended, and count it."""
        for role, (group, child) in list(self.running.items()):
            if child.process.poll() is not None:
                group.stop()
                self.restarts[role] = self.restarts.get(role, 0) + 1
                self.start(role)

    def stop(self) -> None:
        """This function will end every program at once."""
        for group, _ in self.running.values():
            group.hurry = True
            group.stop()


@contextmanager
def running(folder: Path, environment: Mapping[str, str]) -> Iterator[Programs]:
    """This function will start the programs and wait until the web answers; all are stopped at the end."""
    port = process.free_port()
    known = {**os.environ, **environment, "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    programs = Programs(folder=folder, environment=known, port=port)
    try:
        for role in ("web", "worker", "beat"):
            programs.start(role)
        group, _ = programs.running["web"]
        group.wait(lambda: web_answers(f"{programs.url}/livez"), programs.url, READY_S)
        yield programs
    finally:
        programs.stop()
