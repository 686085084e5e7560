"""Folders and programs for tests of the launcher, which starts engines of its own in each."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import engines
from local.engines import binaries, postgres, state

ENGINE_VARIABLES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_ADMIN_URL", "REDIS_URL", "PG_BIN", "PERENNIAL_HOME")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The launcher must find engines by itself, whatever the session was told."""
    for name in ENGINE_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other accounts can reach, unlike pytest's own; its name holds a space, as checkouts may."""
    folder = Path(tempfile.mkdtemp(prefix="perennial test "))
    folder.chmod(0o755)
    yield folder
    for home in sorted(folder.rglob(state.MARKER)):
        engines.remove(home.parent)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(open_folder: Path) -> Path:
    return open_folder / "home"


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
