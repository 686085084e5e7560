"""Fixtures of every app's tests. A test that touches the database works in the default tenant's sandbox."""

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from accounts.tests.factories import make_key
from core import ids, tenancy
from core.actor import Actor
from core.tenancy import Scope
from core.tenancy.system import system_scope
from jobs import internal
from jobs.registry import QUEUES
from outbox.internal import relay_here
from outbox.models import OutboxEvent
from tests import due, shared
from tests.session import Database, own_redis

hypothesis_settings.register_profile("dev", max_examples=200, deadline=None)
hypothesis_settings.register_profile("proof", max_examples=10_000, deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
# A guard against work that makes work for ever; no test needs half of it.
MOST_ROUNDS = 200


@pytest.fixture(scope="session")
def database(worker_id: str) -> Iterator[Database]:
    """The worker's database, created when the first test asks for it."""
    mine = Database(worker_id)
    own_redis(worker_id)
    mine.create()
    yield mine
    mine.drop()


@pytest.fixture(scope="session")
def django_db_setup(database: Database, django_db_blocker: object) -> None:
    """What pytest-django would do with Django's own test databases, which one role would own and use."""


@pytest.fixture
def now() -> datetime:
    """The instant at which tests act unless they say otherwise."""
    return NOW


@pytest.fixture
def actor() -> Actor:
    """A backend with a secret key that may do everything."""
    return Actor(type="key", id="key_test", scopes=frozenset({"read", "write"}))


@pytest.fixture(autouse=True)
def environment(request: pytest.FixtureRequest) -> Iterator[Scope | None]:
    """The sandbox's scope, entered for every test marked `django_db`."""
    if request.node.get_closest_marker("django_db") is None:
        yield None
        return
    request.getfixturevalue("db")
    with shared.working() as entered:
        yield entered


@pytest.fixture(scope="module")
def worlds(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[shared.Worlds]:
    """Worlds that the tests of a module share: `worlds.build(arrange)` in a fixture of module scope makes one."""
    with shared.opened(django_db_blocker) as opened:
        yield opened


@pytest.fixture
def live_environment(environment: Scope) -> Scope:
    """The default tenant's live environment; enter it with `tenancy.scope(...)`."""
    return shared.environment_called("live").as_scope()


@pytest.fixture
def freeze(environment: Scope) -> Iterator[Callable[[datetime], None]]:
    """Freeze the sandbox's clock at an instant, for verbs, jobs and requests alike. Later calls move it."""
    with shared.freezing(environment) as freeze_at:
        yield freeze_at


@pytest.fixture
def facts() -> Callable[[], list[str]]:
    """The types of the facts published so far in the environment, in order."""

    def types() -> list[str]:
        return list(OutboxEvent.objects.order_by("id").values_list("type", flat=True))

    return types


def do_all_jobs() -> int:
    """Do what the relay, beat and the workers would do, in this thread, until all is quiet."""
    done = 0
    for _ in range(MOST_ROUNDS):
        done += _relay_and_work()
        if not (kinds := due.kinds()):
            return done
        done += internal.look_for_due(kinds=kinds)
    raise AssertionError("jobs keep making jobs")


def _relay_and_work() -> int:
    """Facts become jobs and jobs publish facts. Who looks for what is due comes by more rarely than either."""
    done = 0
    for _ in range(MOST_ROUNDS):
        moved = relay_here()
        while outcomes := internal.do_next(*QUEUES):
            moved += len(outcomes)
        if not moved:
            return done
        done += moved
    raise AssertionError("facts keep making facts")


@pytest.fixture
def run_jobs() -> Callable[[], int]:
    """Do what the relay, beat and the workers would do, in this thread, until all is quiet."""
    return do_all_jobs


@pytest.fixture
def committed(database: Database, django_db_blocker: DjangoDbBlocker) -> Iterator[Database]:
    """Real commits and as many connections as a test likes; the database is made anew afterwards.

    Not to be combined with the `django_db` mark. No scope is entered: enter `sandbox_scope()` and a transaction.
    """
    with django_db_blocker.unblock():
        yield database
        connections.close_all()
        database.recreate()


@pytest.fixture
def sandbox_scope() -> Callable[[], Any]:
    """A context manager that enters the sandbox of the default tenant; usable in every thread."""
    return lambda: tenancy.scope(shared.environment_called("sandbox").as_scope())


@pytest.fixture
def owner_sql() -> Callable[..., list[Any]]:
    """Run SQL as the owner of the tables in the test's own transaction, to corrupt data on purpose.

    `owner_sql("UPDATE …", params, off=["audit_entry"])` switches the triggers of those tables off for the statement.
    Constraints can be dropped the same way; the rollback of the test brings everything back.
    """

    def execute(sql: str, params: Any = None, *, off: Sequence[str] = ()) -> list[Any]:
        with system_scope("test: corrupt the data"), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET LOCAL ROLE perennial_owner")
            for table in off:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(sql, params)
            rows = cursor.fetchall() if cursor.description else []
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in off:
                _switch_on(cursor, table)
            cursor.execute("RESET ROLE")
            # As transactions begin here; what the test does next is checked when it would be.
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            return rows

    return execute


def _switch_on(cursor: Any, table: str) -> None:
    cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    cursor.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE 'append_only%%'", [table]
    )
    for (trigger,) in cursor.fetchall():
        cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")


class Api:
    """A backend's HTTP client: a secret key, and a fresh Idempotency-Key on every POST unless one is given."""

    def __init__(self, key: str) -> None:
        self.client = Client()
        self.headers = {"X-API-Key": key} if key else {}

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, query, headers=self.headers)

    def post(self, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> Any:
        sent = self.headers | {"Idempotency-Key": key or str(ids.new())} | headers
        return self.client.post(path, body if body is not None else {}, content_type="application/json", headers=sent)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.client.patch(path, body, content_type="application/json", headers=self.headers | headers)

    def put(self, path: str, body: Any, **headers: str) -> Any:
        return self.client.put(path, body, content_type="application/json", headers=self.headers | headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.client.delete(path, headers=self.headers | headers)


@pytest.fixture
def api(environment: Scope) -> Api:
    """A backend that may do everything in the sandbox."""
    return Api(make_key())


@pytest.fixture
def stranger_api(live_environment: Scope) -> Api:
    """A backend that may do everything in another environment."""
    with tenancy.scope(live_environment):
        return Api(make_key())
