"""Facts and real commits: many writers at once, and what a failure in the last moment leaves behind."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from audit.models import Entry
from core import invariants, tenancy
from core.events import occurred
from core.models import Environment, scope_of
from core.tenancy.system import system_scope
from outbox import internal
from outbox.models import Aggregate, OutboxEvent
from outbox.tests.kinds import note
from tests.session import Database
from tests.shared import environment_called
from tests.test_storms import TURN

Inside = Callable[[], Any]
WRITERS, ROUNDS, SUBJECTS = 64, 6, 5


@pytest.fixture
def inside(committed: Database, sandbox_scope: Inside) -> Inside:
    return sandbox_scope


def counts() -> tuple[int, int, int]:
    with transaction.atomic():
        return Aggregate.objects.count(), OutboxEvent.objects.count(), Entry.objects.count()


def fail_in_python(**_: Any) -> None:
    raise ZeroDivisionError


def fail_in_sql(**_: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def lose_the_connection(**_: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.parametrize(
    ("fail", "failure"),
    [(fail_in_python, ZeroDivisionError), (fail_in_sql, DatabaseError), (lose_the_connection, DatabaseError)],
)
def test_a_receiver_that_fails_before_the_commit_rolls_everything_back(inside, fail, failure):
    occurred.connect(fail, dispatch_uid="test.fail")
    try:
        with inside(), pytest.raises(failure), transaction.atomic():
            Environment.objects.filter(slug="sandbox").update(slug="sandbox-2")
            note(1)
    finally:
        occurred.disconnect(dispatch_uid="test.fail")

    with inside():
        assert counts() == (0, 0, 0)
        with transaction.atomic():
            note(2)
        assert counts() == (1, 1, 1)


def test_what_is_rolled_back_says_nothing_in_the_next_transaction(inside):
    with inside():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            note(1)
            raise ZeroDivisionError
        with transaction.atomic():
            note(2)
        with transaction.atomic():
            assert [row.data["number"] for row in OutboxEvent.objects.all()] == [2]


def test_a_fact_said_outside_every_scope_of_the_commit_finds_its_environment(inside):
    """The scope may be left before the transaction that it was entered in ends."""
    sandbox = environment_called("sandbox").as_scope()
    with transaction.atomic(), tenancy.scope(sandbox):
        note(1)
    with inside():
        assert counts() == (1, 1, 1)


@pytest.fixture
def turn(database: Database) -> Iterator[None]:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [TURN])
        yield


class RolledBack(Exception):
    pass


def write(dice: random.Random, scopes: list[Any], wrote: Counter[Any]) -> None:
    """One transaction of some facts about some subjects, in any order and in both environments; one of 20 fails."""
    said = [(dice.choice(scopes), f"sub_{dice.randrange(SUBJECTS)}") for _ in range(dice.randint(1, 5))]
    fails = dice.random() < 0.05
    try:
        with transaction.atomic():
            for scope, subject in said:
                with tenancy.scope(scope):
                    note(len(wrote), subject)
            if fails:
                # After its rows are written and its versions drawn, so that there is something to give back.
                OutboxEvent.objects.exists()
                raise RolledBack
    except RolledBack:
        return
    wrote.update((scope.environment_id, subject) for scope, subject in said)


@pytest.mark.slow
def test_64_writers_leave_no_gap_in_the_versions_and_no_deadlock(turn, committed):
    scopes = [environment_called(slug).as_scope() for slug in ("sandbox", "live")]
    barrier = Barrier(WRITERS)

    def writer(number: int) -> Counter[Any]:
        dice, wrote = random.Random(number), Counter[Any]()
        try:
            with tenancy.scope(scopes[0]):
                connection.ensure_connection()
                barrier.wait(timeout=60)
                for _ in range(ROUNDS):
                    write(dice, scopes, wrote)
        finally:
            connections.close_all()
        return wrote

    with ThreadPoolExecutor(WRITERS) as pool:
        wrote = sum(pool.map(writer, range(WRITERS)), Counter[Any]())

    with system_scope("test: every environment"), transaction.atomic():
        rows = list(OutboxEvent.objects.order_by("id").values_list("environment_id", "subject", "aggregate_version"))
    versions: dict[Any, list[int]] = {}
    for environment, subject, version in rows:
        versions.setdefault((environment, subject), []).append(version)
    assert versions == {pair: list(range(1, number + 1)) for pair, number in wrote.items()}
    assert sum(wrote.values()) > WRITERS * ROUNDS
    for environment in {environment for environment, _ in wrote}:
        with tenancy.scope(scope_of(environment)):
            internal.relay_here()
    assert {rule.code: found for rule in invariants.rules() if (found := invariants.broken(rule.code))} == {}
