"""A module's tests find the world that they share as it was built, whatever another has done to it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Customer
from accounts.tests.factories import make_customer
from core import clock, tenancy
from core.tenancy import Scope
from outbox.models import OutboxEvent
from subscriptions.tests.factories import free_plan, subscribe
from tests import session
from tests.fixtures import NOW
from tests.shared import Freeze, Worlds, check_now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first")]
LATER = NOW + timedelta(days=3)


def arrange(freeze: Freeze) -> Customer:
    freeze(NOW)
    made = make_customer(name="first")
    freeze(LATER)
    return made


@pytest.fixture(scope="module")
def first(worlds: Worlds) -> Iterator[Customer]:
    yield worlds.build(arrange)
    assert connection.in_atomic_block
    assert tenancy.current() is None


@pytest.mark.parametrize("name", ["second", "third"])
def test_what_one_does_the_next_does_not_find(first: Customer, facts: Callable[[], list[str]], name: str) -> None:
    before = facts()
    assert [one.pk for one in Customer.objects.all()] == [first.pk]
    Customer.objects.update(name=name)
    subscribe(make_customer(), free_plan())
    assert Customer.objects.count() == 2
    assert len(facts()) > len(before)
    assert OutboxEvent.objects.filter(type="subscription.created").count() == 1


@pytest.mark.parametrize("days", [1, 2])
def test_each_begins_at_the_instant_of_the_world(freeze: Callable[[datetime], None], days: int) -> None:
    assert clock.now() == LATER
    freeze(LATER + timedelta(days=days))
    assert clock.now() == LATER + timedelta(days=days)


def test_what_is_deferred_is_checked_when_asked() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE thing (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            cursor.execute("INSERT INTO thing VALUES (1), (1)")
        check_now()


def test_a_world_that_a_commit_would_refuse_is_not_built(worlds: Worlds) -> None:
    def arrange_wrongly(freeze: Freeze) -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE thing (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            cursor.execute("INSERT INTO thing VALUES (1), (1)")

    with pytest.raises(IntegrityError), transaction.atomic():
        worlds.build(arrange_wrongly)


def _item(name: str, *fixtures: str) -> pytest.Item:
    item = SimpleNamespace(nodeid=name, path=Path("one.py"), fixturenames=fixtures, get_closest_marker=lambda _: None)
    return cast("pytest.Item", item)


@pytest.mark.parametrize("fixture", ["db", "committed"])
def test_whoever_would_find_anothers_world_is_refused(environment: Scope, fixture: str) -> None:
    sharing, pure = _item("a", "db", "worlds"), _item("b", "tmp_path")
    session._refuse_strays([sharing, pure])
    with pytest.raises(pytest.UsageError, match="stray has to ask"):
        session._refuse_strays([sharing, pure, cast("Any", _item("stray", fixture))])
