"""A house to load: engines whose data is safe on disk, as in production, and the web process of `make run`."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from local import engines, home, process
from local.children import Children
from local.engines import databases
from local.guard import CHECKOUT
from local.house import House, web_answers

READY_SECONDS = 60.0
_AS_DJANGO = "import django, runpy; django.setup(); runpy.run_module({module!r}, run_name='__main__')"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A house that answers at `port`, what is in it, and the database with the same content for the reference."""

    port: int
    plain_port: int
    secret: str
    publishable: str
    plan: str
    rows: int
    statements: int
    script: Path
    reference_url: str
    superuser_urls: tuple[str, str]

    def analyze(self) -> None:
        """This function will do in both databases what autovacuum does within a minute.

        Until then the server goes by plans that were made when the tables were empty, and reads them whole.
        """
        for url in self.superuser_urls:
            with psycopg.connect(url, autocommit=True) as admin:
                admin.execute("VACUUM ANALYZE")


@contextmanager
def opened(environ: Mapping[str, str], *, customers: int) -> Iterator[Loaded]:
    """This function will start engines of its own, migrate, and serve; everything is stopped and deleted at the end."""
    with migrated(environ) as (environment, folder), served(environment, folder, customers=customers) as loaded:
        yield loaded


@contextmanager
def migrated(environ: Mapping[str, str]) -> Iterator[tuple[Mapping[str, str], Path]]:
    """This function will start engines of its own and migrate; it gives the environment variables and a folder."""
    folder = home.default_folder(environ) / "bench"
    home.open_home(folder.parent)
    engines.remove(folder)
    here = home.open_home(folder)
    with home.only_run(here), ExitStack() as stack:
        stack.callback(engines.remove, folder)
        started = engines.start(folder, durable=True, environ={})
        stack.callback(started.stop)
        environment = home.settings(here, process.free_port(), environ) | started.environment
        owner = environment | {"DATABASE_URL": started.database_owner_url}
        call([sys.executable, "manage.py", "migrate", "--verbosity", "0"], owner)
        yield environment, folder


@contextmanager
def served(environment: Mapping[str, str], folder: Path, *, customers: int) -> Iterator[Loaded]:
    """This function will load the company into a migrated database, copy it for the reference, and serve it."""
    environment = {**environment, "RATE_LIMITS_ENABLED": "false", "LOG_LEVEL": "WARNING", "PYTHONOPTIMIZE": "1"}
    told = ask("benchmarks.company", environment, str(folder), str(customers))
    with reference(environment) as reference_url, ExitStack() as stack:
        port = _serve(stack, "web", environment, folder, "/readyz")
        plain_port = _serve(stack, "plain", environment | _plain(environment), folder, "/subscriptions")
        both = environment["DATABASE_URL"], reference_url
        yield Loaded(
            port=port, plain_port=plain_port, script=folder / "subscribe.sql", reference_url=reference_url,
            superuser_urls=(as_superuser(both[0], environment), as_superuser(both[1], environment)), **told,
        )  # fmt: skip


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    """The reference for reads knows no environments, so it reads as a superuser, whom row security does not bind."""
    url = as_superuser(environment["DATABASE_URL"], environment)
    return {"DJANGO_SETTINGS_MODULE": "benchmarks.plain_settings", "PLAIN_DATABASE_URL": url}


def as_superuser(url: str, environment: Mapping[str, str]) -> str:
    """This function will return the URL of a database for somebody whom row security does not bind."""
    return databases.swap(environment["DATABASE_ADMIN_URL"], databases.name_of(url))


def _serve(stack: ExitStack, name: str, environment: Mapping[str, str], folder: Path, page: str) -> int:
    """The web process of `make run`, at a free port."""
    port = process.free_port()
    children = Children(folder, environment)
    stack.callback(children.stop)
    children.start(name, House().web(port))
    children.wait(lambda: web_answers(f"http://127.0.0.1:{port}{page}"), f"The process {name}", READY_SECONDS)
    return port


def ask(module: str, environment: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    """This function will run a module with Django set up and return the JSON object on its last line."""
    output = call([sys.executable, "-c", _AS_DJANGO.format(module=module), *arguments], environment)
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


@contextmanager
def reference(environment: Mapping[str, str]) -> Iterator[str]:
    """This function will give the URL of a copy of the database, with everything in it but our own triggers."""
    admin_url = environment["DATABASE_ADMIN_URL"]
    source = databases.name_of(environment["DATABASE_URL"])
    name = f"{source}_reference"
    databases.drop(admin_url, name)
    urls = databases.create(admin_url, name, source)
    try:
        with psycopg.connect(urls.admin or "", autocommit=True) as admin:
            _disable_triggers(admin)
        yield urls.app
    finally:
        databases.drop(admin_url, name)


def _disable_triggers(admin: "psycopg.Connection[tuple[Any, ...]]") -> None:
    tables = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
    for (table,) in admin.execute(tables).fetchall():
        admin.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(str(table))))


def call(command: list[str], environment: Mapping[str, str]) -> str:
    """This function will run a command of the house and return its output.

    :raises SystemExit: with that output, if it fails.
    """
    done = subprocess.run(
        command, cwd=CHECKOUT, env=dict(environment), capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
