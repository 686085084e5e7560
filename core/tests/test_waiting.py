"""Rows that wait for the next statement: they are there for whoever looks, and cannot be forgotten."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from accounts.models import Customer
from accounts.tests.factories import make_customer
from catalog.models import Plan
from core import clock, tenancy
from core.postgres import base
from core.tenancy import Scope
from core.tenancy.writes import beside, later, write

pytestmark = pytest.mark.django_db


def customer(name: str, **particulars: Any) -> Customer:
    now = clock.now()
    return Customer.fresh(name=name, email="a@example.com", created_at=now, updated_at=now, **particulars)


def wrong() -> Customer:
    return customer("wrong", tax_exemption="maybe")


def names() -> list[str]:
    return sorted(Customer.objects.values_list("name", flat=True))


def are_waiting() -> bool:
    return bool(transaction.get_connection().waiting)


def test_they_go_with_the_next_write(django_assert_num_queries: Any) -> None:
    known = make_customer(name="before")
    known.name = "after"
    with django_assert_num_queries(0):
        later([customer("first")])
        later([], [(known, ("name",))])
    with django_assert_num_queries(1):
        write([customer("second")])
    assert names() == ["after", "first", "second"]


def test_whoever_looks_finds_them(django_assert_num_queries: Any) -> None:
    later([customer("first")])
    with django_assert_num_queries(2):
        assert names() == ["first"]
    later([customer("second")])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_customer")
        assert cursor.fetchone() == (2,)


def test_a_statement_about_other_tables_leaves_them_waiting(django_assert_num_queries: Any) -> None:
    later([customer("first")])
    with django_assert_num_queries(1), beside(Plan) as cursor:
        cursor.execute("SELECT count(*) FROM catalog_plan")
    assert are_waiting()
    with django_assert_num_queries(2), beside(Plan, Customer) as cursor:
        cursor.execute("SELECT count(*) FROM accounts_customer")
        assert cursor.fetchone() == (1,)


def test_a_failure_beside_them_does_not_lose_them() -> None:
    later([customer("first")])
    with pytest.raises(ZeroDivisionError), beside(Plan):
        raise ZeroDivisionError
    assert names() == ["first"]


def test_they_are_written_as_they_were(django_assert_num_queries: Any) -> None:
    row = customer("before")
    later([row])
    row.name = "after"
    assert names() == ["before"]


def test_one_statement_writes_a_row_once() -> None:
    row = customer("new")
    later([row])
    for name in ("second", "third"):
        row.name = name
        later([], [(row, ("name",))])
    row.name, row.country = "last", "NO"
    write([], [(row, ("name", "country"))])
    assert Customer.objects.values_list("name", "country").get() == ("last", "NO")


def test_a_savepoint_takes_along_what_has_waited_since() -> None:
    later([customer("before")])
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        later([customer("within")])
        raise ZeroDivisionError
    later([customer("after")])
    assert names() == ["after", "before"]


def test_a_block_answers_for_its_own_rows() -> None:
    later([customer("before")])
    with pytest.raises(IntegrityError), transaction.atomic():
        later([wrong()])
    assert names() == ["before"]


def test_a_row_that_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(DatabaseError, match="not there"), transaction.atomic():
        later([], [(customer("nobody"), ("name",))])
    assert names() == []


def test_a_row_waits_in_the_environment_that_it_was_written_in(
    environment: Scope, live_environment: Scope, django_assert_num_queries: Any
) -> None:
    later([customer("here")])
    with tenancy.scope(live_environment):
        assert not are_waiting()
        later([customer("there")])
        assert names() == ["there"]
        later([customer("there, too")])
    assert names() == ["here"]
    with tenancy.scope(live_environment):
        assert names() == ["there", "there, too"]


def test_a_failure_that_the_database_does_not_know_of_ends_the_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        later([customer("lost")])
        with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
            patch.setattr(base, "send", lambda *_: 1 / 0)
            names()
        with pytest.raises(TransactionManagementError):
            names()
    assert names() == []
