"""Folders and programs for tests of the launcher, which starts engines of its own in each."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import engines
from local.engines import binaries, postgres, state

ENGINE_VARIABLES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_ADMIN_URL", "REDIS_URL", "PG_BIN", "PERENNIAL_HOME")


@pytest.fixture(scope="module", autouse=True)
def bare_environment() -> Iterator[None]:
    """The launcher must find engines by itself, whatever the session was told."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ENGINE_VARIABLES:
            patch.delenv(name, raising=False)
        yield


@contextmanager
def folder_for_everybody(where: Path | None = None) -> Iterator[Path]:
    """A folder that other accounts can reach, unlike pytest's own; its name holds a space, as checkouts may."""
    folder = Path(tempfile.mkdtemp(prefix="perennial test ", dir=where))
    folder.chmod(0o755)
    yield folder
    for home in sorted(folder.rglob(state.MARKER)):
        engines.remove(home.parent)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def home_in_memory() -> Iterator[Path]:
    """A home to be made, in memory where there is room: each makes a database, and no test pulls a plug."""
    with folder_for_everybody(postgres.MEMORY if postgres.has_room(postgres.MEMORY) else None) as folder:
        yield folder / "home"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with folder_for_everybody() as folder:
        yield folder


@pytest.fixture
def home() -> Iterator[Path]:
    with home_in_memory() as home:
        yield home


@pytest.fixture(scope="module")
def common_home(bare_environment: None) -> Iterator[Path]:
    """A home for those of a module's tests that only look."""
    with home_in_memory() as home:
        yield home


@pytest.fixture
def open_programs(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Both engines' programs where every account may run them, wherever the checkout is."""
    found = binaries.find_postgres()
    target = open_folder / "programs"
    target.mkdir()
    # The system's are open to everybody; a package's find their libraries by the way from one to the other.
    programs = found.bin if found.package is None else postgres.stage(found, target)
    shutil.copy(binaries.find_valkey(), target / "valkey-server")
    monkeypatch.setenv("PG_BIN", str(programs))
    monkeypatch.setenv("PATH", f"{target}{os.pathsep}{os.environ['PATH']}")
    return target
