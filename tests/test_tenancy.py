"""The three fences: every model has them, and each of them holds without the others."""

import inspect
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, connections, transaction
from django.db.transaction import TransactionManagementError

import jobs.tests.kinds  # noqa: F401 - registers the kinds that tests use
from audit.models import Entry, Seal
from audit.services import record
from core import tenancy
from core.tenancy import OutsideScope, scopes
from core.tenancy.operations import POLICY, is_scoped, link_name, links
from core.tenancy.rows import ScopedManager, ScopedRow
from core.tenancy.system import system_scope
from jobs.models import Job
from jobs.services import enqueue

HOUSE = {
    "core", "accounts", "audit", "featureflags", "outbox", "jobs", "webhooks", "payments", "usage", "catalog",
    "billing", "subscriptions", "gifts",
}  # fmt: skip
# What stands above environments: the tenants and environments themselves, and the people who work across them.
ABOVE = {"core.tenant", "core.environment", "accounts.user", "accounts.membership"}

MODELS = [model for model in apps.get_models() if model._meta.app_label in HOUSE and not model._meta.proxy]
SCOPED = [model for model in MODELS if is_scoped(model)]
LINKS = [(model, field) for model in SCOPED for field in links(model)]


def fetch(sql: str, *params: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def test_the_walk_finds_the_house():
    assert len(SCOPED) > 20
    assert len(LINKS) > 15


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_row_belongs_to_one_environment(model):
    above = model._meta.label_lower in ABOVE or model._meta.many_to_many or model._meta.auto_created
    assert above or (is_scoped(model) and issubclass(model, ScopedRow)), "derive it from ScopedRow"


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model._meta.label)
def test_the_default_manager_refuses_to_run_without_a_scope(model):
    assert isinstance(model._default_manager, ScopedManager)
    with pytest.raises(OutsideScope):
        model._default_manager.all()


@pytest.mark.django_db
@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model._meta.label)
def test_row_level_security_is_on_for_everybody(model):
    table = model._meta.db_table
    assert fetch("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", table) == [
        (True, True)
    ]
    policies = fetch("SELECT polname, polcmd, polpermissive FROM pg_policy WHERE polrelid = %s::regclass", table)
    assert policies == [(POLICY, "*", True)]


@pytest.mark.django_db
def test_no_table_with_an_environment_is_left_out():
    """Also tables that no model speaks of, such as partitions."""
    rows = fetch(
        """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
           WHERE c.relkind IN ('r', 'p') AND a.attname = 'environment_id' AND c.relnamespace = 'public'::regnamespace
             AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"""
    )
    assert rows == []


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "field"), LINKS, ids=[f"{model._meta.label}.{field.name}" for model, field in LINKS])
def test_every_link_agrees_on_the_environment(model, field):
    found = fetch(
        "SELECT contype FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass",
        link_name(model, field), model._meta.db_table,
    )  # fmt: skip
    assert found == [("f",)]


@pytest.mark.django_db
def test_the_tests_work_under_a_role_that_cannot_bypass_row_security():
    assert fetch("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user") == [(False, False)]
    owners = fetch("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert (connection.settings_dict["USER"],) not in owners


@pytest.mark.django_db
class TestRawSql:
    """The database alone, against somebody who can write SQL."""

    @pytest.fixture(autouse=True)
    def job_in_live(self, live_environment) -> None:
        with tenancy.scope(live_environment):
            enqueue("test.note", payload={}, key="live")

    def test_another_environments_rows_are_not_seen(self):
        assert fetch("SELECT count(*) FROM jobs_job") == [(0,)]

    def test_another_environments_rows_are_not_changed(self):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE jobs_job SET queue = 'q:mail'")
            assert cursor.rowcount == 0
            cursor.execute("DELETE FROM jobs_job")
            assert cursor.rowcount == 0

    def test_a_row_cannot_be_given_to_another_environment(self, live_environment):
        enqueue("test.note", payload={}, key="mine")
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            fetch("UPDATE jobs_job SET environment_id = %s RETURNING 1", live_environment.environment_id)

    def test_no_scope_sees_no_rows_and_not_all_rows(self):
        fetch("SELECT set_config('app.environment_id', '', true)")
        assert fetch("SELECT count(*) FROM jobs_job") == [(0,)]

    def test_the_system_scope_sees_every_environment(self):
        with system_scope("test"):
            assert fetch("SELECT count(*) FROM jobs_job") == [(1,)]
            assert Job.objects.count() == 1
        assert fetch("SELECT count(*) FROM jobs_job") == [(0,)]

    def test_garbage_in_the_setting_is_an_error_and_no_access(self):
        with pytest.raises(Exception, match="invalid input syntax"), transaction.atomic():
            fetch("SELECT set_config('app.environment_id', 'x', true)")
            fetch("SELECT count(*) FROM jobs_job")

    def test_leaving_a_savepoint_brings_back_the_scope(self, live_environment):
        with pytest.raises(ZeroDivisionError), transaction.atomic(), tenancy.scope(live_environment):
            assert fetch("SELECT count(*) FROM jobs_job") == [(1,)]
            raise ZeroDivisionError
        assert fetch("SELECT count(*) FROM jobs_job") == [(0,)]


@pytest.mark.django_db
def test_a_link_into_another_environment_is_refused(live_environment, now):
    """The composite foreign key, with a row that row-level security alone would let in."""
    with tenancy.scope(live_environment):
        record(action="test", target="", actor="key:key_1")
        foreign = Entry.objects.get()
    with pytest.raises(IntegrityError, match="same_env"), transaction.atomic():
        Seal.objects.create(entry=foreign, sequence=1, mac=b"x" * 32, sealed_at=now)
        fetch("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_scoped_query_outside_a_transaction_is_refused(committed, sandbox_scope):
    with sandbox_scope(), pytest.raises(TransactionManagementError, match="needs a transaction"):
        Job.objects.count()


def test_the_scope_does_not_outlive_its_transaction_on_a_pooled_connection(committed, sandbox_scope):
    with sandbox_scope(), transaction.atomic():
        enqueue("test.note", payload={}, key="a")
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*), current_setting('app.environment_id', true) FROM jobs_job")
        assert cursor.fetchone() == (0, "")


def test_the_system_scope_needs_a_reason():
    with pytest.raises(ValueError, match="reason"), system_scope("  "):
        pass


def test_the_settings_are_made_in_one_place_only():
    """A session-wide setting would leak to the next request on a pooled connection."""
    assert inspect.getsource(scopes).count("set_config") == 2
    assert "false" not in scopes._SETTINGS
