"""What the launcher remembers about the engines of one folder, between processes."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from local.refusals import CannotRun

MARKER = "perennial.home"


@dataclass(frozen=True)
class PostgresRecord:
    """One cluster: where it listens, whose folder it is in, how it is run and the superuser's password."""

    port: int
    place: str
    bin: str
    way: str
    password: str
    durable: bool

    @property
    def data(self) -> Path:
        return Path(self.place) / "data"


@dataclass(frozen=True)
class ValkeyRecord:
    """One Valkey server: process, port, folder and password."""

    pid: int
    port: int
    place: str
    password: str


@dataclass
class State:
    """The engines of a folder; `orphaned` means their starter left while somebody else was still using them."""

    postgres: PostgresRecord | None = None
    valkey: ValkeyRecord | None = None
    orphaned: bool = False


def prepare(folder: Path) -> Path:
    """Make a folder ours.

    This function will create the folder with its marker file and return its absolute path; it raises `CannotRun`
    for a folder that holds other things or that this user may not write.
    """
    folder = folder.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / MARKER).exists():
            # Somebody who starts at the same instant makes the marker first, and everything else after it.
            if any(folder.iterdir()) and not (folder / MARKER).exists():
                raise CannotRun(f"{folder} holds other files; name an empty folder with PERENNIAL_HOME.", exit_code=2)
            (folder / MARKER).write_text("Data of a local Perennial. `make reset` deletes this folder.\n")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError
    except PermissionError:
        message = f"This user may not write {folder}: remove it as its owner, or name another with PERENNIAL_HOME."
        raise CannotRun(message, exit_code=2) from None
    return folder


def load(folder: Path) -> State:
    """Read the record; this function will return an empty state when there is none, or it cannot be understood."""
    try:
        found = json.loads((folder / "engines.json").read_text())
        return State(
            postgres=PostgresRecord(**found["postgres"]) if found["postgres"] else None,
            valkey=ValkeyRecord(**found["valkey"]) if found["valkey"] else None,
            orphaned=found["orphaned"],
        )
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return State()


def save(folder: Path, state: State) -> None:
    """Write the record; this function will replace the file in one step, readable by its owner only."""
    write_private(folder / "engines.json", json.dumps(asdict(state), indent=1) + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that holds secrets; this function will replace it in one step with mode 0600."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other launchers out; this function will wait its turn. The lock goes with the process, even a killed one."""
    with (folder / "engines.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
