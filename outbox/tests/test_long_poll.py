"""Waiting at the end of the feed: woken by a new fact, holding nothing, and never with every thread."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from accounts.tests.factories import make_key
from core import clock
from local.process import wait_until
from outbox import internal
from outbox.models import Sequence
from outbox.tests.kinds import note
from outbox.watching import LOOK_EVERY_S, watch
from tests.fixtures import Api

FEED = "/api/v1/events-feed"
Inside = Callable[[], Any]


@pytest.fixture
def api(committed: Any, sandbox_scope: Inside) -> Api:
    with sandbox_scope():
        return Api(make_key())


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def read(api: Api, **query: Any) -> tuple[list[str], float]:
    begun = clock.monotonic()
    try:
        facts = Api.get(api, FEED, **query).json()["data"]
        return [fact["type"] for fact in facts], clock.monotonic() - begun
    finally:
        connections.close_all()


def happen(sandbox_scope: Inside, *, subject: str = "sub_1") -> None:
    with sandbox_scope():
        with transaction.atomic():
            note(1, subject)
        internal.relay_here()


def last(sandbox_scope: Inside) -> int:
    """The end of the feed, once everything so far is relayed."""
    with sandbox_scope():
        internal.relay_here()
        with transaction.atomic():
            return Sequence.objects.get().last


def waiting() -> int:
    return sum(watch._waiting.values())


def until(condition: Callable[[], bool]) -> None:
    assert wait_until(condition, 20)


def begin(pool: ThreadPoolExecutor, api: Api, number: int = 1, **query: Any) -> list[Future[Any]]:
    readers = [pool.submit(read, api, **query) for _ in range(number)]
    until(lambda: waiting() == number)
    return readers


def test_a_new_fact_wakes_who_waits_for_it(api, sandbox_scope, pool):
    [reader] = begin(pool, api, after=last(sandbox_scope), wait=30)
    happen(sandbox_scope)
    begun = clock.monotonic()
    types, _ = reader.result(timeout=20)
    assert types == ["test.noted"]
    assert clock.monotonic() - begun < 5
    assert LOOK_EVERY_S <= 0.15


def test_what_is_there_is_answered_at_once(api, sandbox_scope):
    end = last(sandbox_scope)
    happen(sandbox_scope)
    types, took = read(api, after=end, wait=30)
    assert (types, took < 10) == (["test.noted"], True)


def test_it_holds_neither_a_transaction_nor_a_connection(api, sandbox_scope, pool, committed):
    [reader] = begin(pool, api, after=last(sandbox_scope), wait=30)
    connection.close()
    with committed.as_superuser() as superuser:
        mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename = 'perennial_app'"
        name = connection.settings_dict["NAME"]
        # What is left is the one connection of the thread that looks for all who wait.
        until(lambda: superuser.execute(mine, [name]).fetchone()[0] <= 1)
    happen(sandbox_scope)
    assert reader.result(timeout=20)[0] == ["test.noted"]


def test_beyond_the_places_of_the_process_it_answers_at_once(api, sandbox_scope, pool):
    end = last(sandbox_scope)
    readers = begin(pool, api, settings.FEED_MAX_WAITERS, after=end, wait=30)
    types, took = read(api, after=end, wait=30)
    assert (types, took < 10) == ([], True)

    happen(sandbox_scope)
    assert [reader.result(timeout=20)[0] for reader in readers] == [["test.noted"]] * settings.FEED_MAX_WAITERS
    until(lambda: waiting() == 0)


def test_whoever_waits_for_a_type_sleeps_through_the_others(api, sandbox_scope, pool):
    [reader] = begin(pool, api, after=last(sandbox_scope), wait=2, type="invoice.paid,invoice.voided")
    happen(sandbox_scope)
    types, took = reader.result(timeout=20)
    assert (types, took >= 2) == ([], True)


def test_when_nobody_waits_nobody_looks(api, sandbox_scope, pool):
    [reader] = begin(pool, api, after=last(sandbox_scope), wait=30)
    happen(sandbox_scope)
    reader.result(timeout=20)
    until(lambda: "outbox-watch" not in {thread.name for thread in threading.enumerate()})
