"""Statements that stay prepared, transactions that begin in one round-trip, connections that are found dead."""

from typing import Any, Protocol

import psycopg
import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model
from django.db.models.signals import post_init, pre_init

from accounts.models import Customer
from accounts.tests.factories import make_customer
from core import ids, tenancy
from core.tenancy import Scope
from core.tenancy.prepared import Prepared
from core.tenancy.rows import ScopedRow
from core.tenancy.system import system_scope

ONE = Prepared(Customer, "id = %s")
ALL = Prepared(Customer, "true ORDER BY id DESC")


def asked(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def prepared_like(pattern: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", [pattern])
        return int(cursor.fetchone()[0])


@pytest.mark.django_db
def test_statements_of_our_own_and_of_the_orm_stay_prepared() -> None:
    """Parameters written into the statement, or no threshold, and each call would be parsed and planned anew."""
    rows = [make_customer() for _ in range(3)]
    before = prepared_like('SELECT%FROM "accounts_customer" WHERE%id = $2')
    for row in rows:
        ONE.first(row.pk)
        Customer.objects.filter(pk=row.pk, name="nobody").first()
    # One statement of ours and one of the ORM's, not one for each value.
    assert prepared_like('SELECT%FROM "accounts_customer" WHERE environment_id = $1 AND id = $2') == 1
    assert prepared_like('SELECT%FROM "accounts_customer" WHERE ("accounts_customer"."environment_id" = $1%') >= 1
    assert prepared_like('SELECT%FROM "accounts_customer" WHERE%id = $2') - before <= 1


@pytest.mark.django_db
def test_a_prepared_read_is_what_the_manager_reads() -> None:
    written = make_customer(name="Ada", metadata={"a": "b"}, address={"city": "Oslo"}, country="NO")
    found, expected = ONE.first(written.pk), Customer.objects.get(pk=written.pk)
    assert found is not None
    assert found.__dict__ | {"_state": None} == expected.__dict__ | {"_state": None}
    assert (found._state.db, found._state.adding) == (expected._state.db, False)
    assert ONE.first(ids.new()) is None
    make_customer()
    assert ALL.all() == list(Customer.objects.order_by("-id"))


class FromDatabase(Protocol):
    def __call__(self, model: type[Model], db: str, names: list[str], values: tuple[Any, ...]) -> Customer: ...


@pytest.mark.django_db
@pytest.mark.parametrize("left_out", [0, 3])
def test_a_row_that_was_read_is_what_django_makes_of_it(left_out: int) -> None:
    written = make_customer(name="Ada", metadata={"a": "b"})
    names = [field.attname for field in Customer._meta.concrete_fields]
    names = names[: len(names) - left_out]
    values = tuple(getattr(written, name) for name in names)
    djangos: FromDatabase = Model.from_db.__func__  # type: ignore[attr-defined]
    found, expected = Customer.from_db("default", names, values), djangos(Customer, "default", names, values)
    assert found.__dict__ | {"_state": None} == expected.__dict__ | {"_state": None}
    states = [(row._state.adding, row._state.db, row._state.fields_cache) for row in (found, expected)]
    assert states == [(False, "default", {})] * 2
    assert found.get_deferred_fields() == expected.get_deferred_fields()
    assert (found, found.environment) == (written, written.environment)
    found.name = "Grace"
    found.save(update_fields=["name"])
    assert Customer.objects.get(pk=written.pk).name == "Grace"


def test_nobody_waits_for_rows_to_be_made() -> None:
    """Rows of an environment are made without their constructor, so that neither signal would be sent."""
    assert not pre_init.receivers
    scoped = [model for model in apps.get_models() if issubclass(model, ScopedRow)]
    assert len(scoped) > 30
    assert all(model.__init__ is Model.__init__ and not post_init.has_listeners(model) for model in scoped)


@pytest.mark.django_db
def test_a_prepared_read_keeps_to_the_scope(live_environment: Scope) -> None:
    here = make_customer()
    with tenancy.scope(live_environment):
        there = make_customer()
        assert ALL.all() == [there]
        assert ONE.first(here.pk) is None
    assert ALL.all() == [here]
    with system_scope("test: everything"):
        assert {here, there} <= set(ALL.all())


def test_a_transaction_begins_with_its_scope(committed: Any, sandbox_scope: Any) -> None:
    with sandbox_scope() as scope, transaction.atomic():
        assert asked("SELECT current_setting('app.environment_id')") == str(scope.environment_id)
        assert asked("SELECT current_setting('app.system_reason')") == ""
    with system_scope("test: it's quoted"), transaction.atomic():
        assert asked("SELECT current_setting('app.system_reason')") == "test: it's quoted"
    with transaction.atomic():
        assert asked("SELECT current_setting('app.environment_id')") == ""


def test_a_connection_that_the_server_closed_is_opened_again(committed: Any) -> None:
    database: Any = connection

    def pid() -> int:
        database.close_if_unusable_or_obsolete()
        database.health_check_enabled, database.health_check_done = True, False
        with transaction.atomic():
            return int(asked("SELECT pg_backend_pid()"))

    first = pid()
    assert pid() == first
    with psycopg.connect(committed.admin_url, autocommit=True) as admin:
        assert admin.execute("SELECT pg_terminate_backend(%s, 5000)", [first]).fetchone() == (True,)
    assert pid() != first


def test_a_server_that_is_gone_is_an_error_of_the_database(committed: Any) -> None:
    with psycopg.connect(committed.admin_url, autocommit=True) as admin, transaction.atomic():
        mine = asked("SELECT pg_backend_pid()")
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [mine])
        raw = connection.connection
        transaction.set_rollback(True)
    with pytest.raises(psycopg.OperationalError):
        tenancy.scopes.begin(raw, read_only=False)
