"""Databases and roles: what the application may do, and what it may not."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local import engines
from local.engines import databases
from local.refusals import CannotRun


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("engines") / "home"
    started = engines.start(folder, durable=False, environ={})
    assert started.database_admin_url is not None
    yield started.database_admin_url
    started.stop()


@pytest.fixture
def house(admin: str) -> Iterator[databases.DatabaseUrls]:
    yield databases.create(admin, "a house")
    databases.drop(admin, "a house")


def run(url: str, *statements: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_neither_role_can_bypass_row_security(house: databases.DatabaseUrls) -> None:
    question = "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
    for url in (house.app, house.owner):
        assert run(url, question) == [(False, False, False, False)]


def test_the_application_reads_and_writes_the_owners_tables(house: databases.DatabaseUrls) -> None:
    run(house.owner, "CREATE TABLE thing (id bigserial PRIMARY KEY, n int)")
    assert run(house.app, "INSERT INTO thing (n) VALUES (1) RETURNING id") == [(1,)]
    assert run(house.app, "UPDATE thing SET n = 2 RETURNING n") == [(2,)]
    run(house.app, "DELETE FROM thing")
    assert run(house.app, "SELECT * FROM thing") == []


@pytest.mark.parametrize("statement", ["TRUNCATE thing", "DROP TABLE thing", "CREATE TABLE other ()"])
def test_the_application_cannot_go_around_the_rules_of_a_table(house: databases.DatabaseUrls, statement: str) -> None:
    run(house.owner, "CREATE TABLE thing (n int)", "INSERT INTO thing VALUES (1)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(house.app, statement)
    assert run(house.app, "SELECT n FROM thing") == [(1,)]


def test_provisioning_again_does_not_give_back_what_was_revoked(admin: str, house: databases.DatabaseUrls) -> None:
    run(house.owner, "CREATE TABLE log (n int)", f"REVOKE DELETE ON log FROM {databases.APP}")
    assert databases.provision(admin, "a house") == house
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(house.app, "DELETE FROM log")


def test_extensions_are_there(house: databases.DatabaseUrls) -> None:
    found = run(
        house.app, "SELECT extname::text FROM pg_extension WHERE extname IN ('btree_gist', 'pg_trgm') ORDER BY 1"
    )
    assert found == [("btree_gist",), ("pg_trgm",)]


def test_a_copy_of_a_template_has_its_tables_and_its_rights(admin: str, house: databases.DatabaseUrls) -> None:
    run(house.owner, "CREATE TABLE thing (n int)", "INSERT INTO thing VALUES (1)")
    copy = databases.create(admin, "copy", template="a house")
    try:
        assert run(copy.app, "SELECT n FROM thing") == [(1,)]
        run(copy.owner, "CREATE TABLE later (n int)")
        run(copy.app, "INSERT INTO later VALUES (1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run(copy.app, "TRUNCATE thing")
    finally:
        databases.drop(admin, "copy")


def test_a_name_is_given_once(admin: str, house: databases.DatabaseUrls) -> None:
    with pytest.raises(psycopg.errors.DuplicateDatabase):
        databases.create(admin, "a house", template="template1")
    assert run(house.app, "SELECT 1") == [(1,)]


def test_drop_ends_sessions_and_may_be_repeated(admin: str) -> None:
    urls = databases.create(admin, "short")
    with psycopg.connect(urls.app):
        databases.drop(admin, "short")
    databases.drop(admin, "short")
    with pytest.raises(psycopg.OperationalError):
        run(urls.app, "SELECT 1")


def test_only_a_superuser_provisions(house: databases.DatabaseUrls) -> None:
    with pytest.raises(CannotRun, match="superuser"):
        databases.provision(house.owner, "another")


def test_a_superuser_without_a_password_is_refused_in_words() -> None:
    with pytest.raises(CannotRun, match="must carry its password"):
        databases.urls_of("postgresql://postgres@127.0.0.1/postgres", "x")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://a:b@h:1/x", "postgresql://a:b@h:1/y%2Fz"),
        ("postgres://a:b@h:1/x?sslmode=require", "postgres://a:b@h:1/y%2Fz?sslmode=require"),
        ("postgresql://a:b@[::1]:1", "postgresql://a:b@[::1]:1/y%2Fz"),
    ],
)
def test_swap_changes_the_database_alone(url: str, expected: str) -> None:
    assert databases.swap(url, "y/z") == expected
    assert databases.name_of(expected) == "y/z"
