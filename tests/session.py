"""Engines and databases of a test session.

PostgreSQL and Valkey are real and started by the same launcher as `make run`. The controlling process migrates one
template as the owner; each worker copies it and works under the application's role, which row-level security binds.
On a server that `DATABASE_URL` names, the template stays for the next session, until a migration changes.
"""

import gc
import hashlib
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import psycopg.errors
import pytest
from django.conf import settings
from django.db import connections
from psycopg import sql

from local import engines, home
from local.engines import databases

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "PERENNIAL_TEST_TEMPLATE"
SESSION = "PERENNIAL_TEST_SESSION"
# What decides how a migrated database looks: the migrations, and what they are made of.
MIGRATED_BY = (
    "*/migrations/*.py", "core/migrating.py", "core/management/commands/migrate.py", "core/tenancy/*.py",
    "usage/partitions.py", "requirements.txt",
)  # fmt: skip
# Marks of what takes more than a few seconds.
LONG = ("slow", "journey", "browser")
# The fixture of a world that a module shares, and those of the tests that would find its rows.
SHARED, WITH_ROWS = "worlds", ("db", "committed")

_started: list[engines.Engines] = []


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    """Start the engines before Django reads its settings; xdist's workers inherit the variables."""
    if TEMPLATE not in os.environ:
        _begin()
    return (yield)


def _begin() -> None:
    # The home itself first: `make run` refuses a folder with things in it that it has not made.
    here = home.open_home(ROOT / ".local")
    _keep_bytecode(here.folder / "bytecode")
    # Each more would load the whole house again; the journeys have two, as everybody has.
    os.environ.setdefault("WEB_WORKERS", "1")
    running = engines.start(here.folder / "test", durable=False)
    _started.append(running)
    if not running.database_admin_url:
        raise pytest.UsageError("tests create databases: DATABASE_URL must be a superuser's, or unset")
    os.environ.update(running.environment)
    os.environ[SESSION] = str(os.getpid())
    os.environ[TEMPLATE] = template = f"template_{_fingerprint()}"
    urls = databases.urls_of(running.database_admin_url, template)
    if not _exists(running.database_admin_url, template):
        _make_template(running.database_admin_url, template)
    os.environ.update(DATABASE_URL=urls.app, DATABASE_OWNER_URL=urls.owner)


def _keep_bytecode(folder: Path) -> None:
    """Let what the tests' many programs import be compiled once, also where Python was told to leave no such files."""
    if sys.dont_write_bytecode:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(folder)
        sys.dont_write_bytecode = False


def _fingerprint() -> str:
    """Name what the migrations make; this function will return the same twelve digits for the same schema."""
    found = sorted(path for pattern in MIGRATED_BY for path in ROOT.glob(pattern))
    parts = [part for path in found for part in (str(path.relative_to(ROOT)).encode(), path.read_bytes())]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def _exists(admin_url: str, name: str) -> bool:
    with psycopg.connect(admin_url) as admin:
        return admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _make_template(admin_url: str, name: str) -> None:
    """Migrate under a name of this session's own: a template that exists is whole, whoever was killed on the way."""
    draft = f"{name}_{os.getpid()}"
    urls = databases.create(admin_url, draft)
    _let_tests_corrupt_data(admin_url)
    try:
        _migrate(urls.owner)
        with psycopg.connect(admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name)))
    except psycopg.errors.DuplicateDatabase:
        pass  # another session was quicker, with the same one
    finally:
        databases.drop(admin_url, draft)


def _let_tests_corrupt_data(admin_url: str) -> None:
    """Allow `SET ROLE` to the owner, without inheriting anything from it: only who asks for it becomes the owner."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(f"ALTER ROLE {databases.APP} NOINHERIT")
        admin.execute(f"GRANT {databases.OWNER} TO {databases.APP}")


def _migrate(owner_url: str) -> None:
    variables = os.environ | {"DATABASE_URL": owner_url, "DATABASE_OWNER_URL": owner_url, "ENV": "test"}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise pytest.UsageError(f"the migrations failed:\n{done.stdout}{done.stderr}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """One worker more than there are cores: many a test waits for programs that it has started."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules whose tests may take longest, so that none of them is left for a lonely last worker."""
    _refuse_strays(items)
    weights: dict[Path, tuple[float, bool]] = {}
    for item in items:
        timeout = item.get_closest_marker("timeout")
        weight = (float(timeout.args[0]) if timeout else 0.0, any(map(item.get_closest_marker, LONG)))
        weights[item.path] = max(weight, weights.get(item.path, weight))
    items.sort(key=lambda item: weights[item.path], reverse=True)


def _refuse_strays(items: list[pytest.Item]) -> None:
    """A module whose tests share a world shares it whole: in a random order, others would find it or not."""
    sharing = {item.path for item in items if SHARED in _fixtures(item)}
    for item in items:
        if item.path in sharing and SHARED not in _fixtures(item) and not _fixtures(item).isdisjoint(WITH_ROWS):
            raise pytest.UsageError(f"{item.nodeid} has to ask for the world that its module shares, or to leave")


def _fixtures(item: pytest.Item) -> set[str]:
    named = {"db"} if item.get_closest_marker("django_db") else set()
    return named | set(getattr(item, "fixturenames", ()))


def pytest_collection_finish() -> None:
    """Keep the collector off what lives as long as the session: the house, its tests, and Django's registries."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_unconfigure() -> None:
    """Leave the engines, which stop when nobody else uses them, and take what they hold with them."""
    for running in _started:
        os.environ.pop(TEMPLATE)
        running.stop()
    _started.clear()


class Database:
    """This worker's own copy of the template."""

    def __init__(self, worker: str) -> None:
        self.admin_url = os.environ["DATABASE_ADMIN_URL"]
        self.template = os.environ[TEMPLATE]
        self.name = f"test_{os.environ[SESSION]}_{worker}"
        self.urls = databases.urls_of(self.admin_url, self.name)

    def create(self) -> None:
        """Copy the template and point Django at the copy, as the application's role."""
        databases.create(self.admin_url, self.name, self.template)
        connections["default"].settings_dict["NAME"] = self.name

    def drop(self) -> None:
        connections.close_all()
        databases.drop(self.admin_url, self.name)

    def recreate(self) -> None:
        """Forget everything that was committed."""
        self.drop()
        self.create()

    def as_superuser(self) -> psycopg.Connection:
        """Connect as somebody whom neither triggers' owners nor row security stop."""
        return psycopg.connect(self.urls.admin or "", autocommit=True)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a child process (a worker, a server) works on this database."""
        return {"DATABASE_URL": self.urls.app, "DATABASE_OWNER_URL": self.urls.owner, "REDIS_URL": settings.REDIS_URL}


def own_redis(worker: str) -> None:
    """Give each worker a Redis database of its own, so that one's rate limits are not another's."""
    number = int(worker.removeprefix("gw") or 0) % 15 + 1 if worker.startswith("gw") else 0
    base = urlsplit(settings.REDIS_URL)
    url = base._replace(path=f"/{number}").geturl()
    settings.REDIS_URL = settings.CELERY_BROKER_URL = settings.CACHES["default"]["LOCATION"] = url
