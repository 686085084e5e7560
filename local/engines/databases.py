"""Databases and roles of a cluster: the owner who migrates, the application that cannot bypass row security."""

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from local.refusals import CannotRun

OWNER = "perennial_owner"
APP = "perennial_app"
EXTENSIONS = ["btree_gist", "pg_trgm"]
DEFAULTS = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT"
# Any number, the same everywhere: two sessions that change one role at once refuse each other.
LOCK = 7_368_787_271


@dataclass(frozen=True)
class DatabaseUrls:
    """The URLs of one database by role; `admin` is a superuser's and may be unknown."""

    app: str
    owner: str
    admin: str | None


def provision(admin_url: str, database: str) -> DatabaseUrls:
    """Make one database ready for migrations.

    This function will create what is missing of the roles, the database, its extensions and the default privileges,
    and return the URLs; running it again changes nothing. `admin_url` is a superuser's and carries its password,
    from which the roles' passwords are derived: every checkout on one cluster then knows the same ones.
    It raises `CannotRun` for a URL without a password, or of somebody who is no superuser.
    """
    urls = urls_of(admin_url, database)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        if not is_superuser(admin):
            raise CannotRun("Roles can only be made by a superuser.", exit_code=2)
        admin.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        for role, url in ((OWNER, urls.owner), (APP, urls.app)):
            _ensure_role(admin, role, urlsplit(url).password or "")
        _ensure_database(admin, database)
        with psycopg.connect(swap(admin_url, database), autocommit=True) as inside:
            _grant(inside)
    return urls


def urls_of(admin_url: str, database: str) -> DatabaseUrls:
    """Build the URLs of a database by role; this function will not ask the server anything."""
    secret = unquote(urlsplit(admin_url).password or "")
    if not secret:
        message = "The URL of a superuser must carry its password; or give DATABASE_OWNER_URL beside DATABASE_URL."
        raise CannotRun(message, exit_code=2)
    there = swap(admin_url, database)
    return DatabaseUrls(app=_as(there, APP, secret), owner=_as(there, OWNER, secret), admin=there)


def create(admin_url: str, name: str, template: str | None = None) -> DatabaseUrls:
    """Create a database owned by the owner role.

    This function will copy `template` when one is given (nobody may be connected to it), else provision the new one,
    and return its URLs. psycopg's DuplicateDatabase says that the name is taken.
    """
    if template is None:
        return provision(admin_url, name)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        parts = (sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template))
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*parts))
    return urls_of(admin_url, name)


def drop(admin_url: str, name: str) -> None:
    """Drop a database; this function will end its sessions, and do nothing when there is no such database."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def swap(url: str, database: str) -> str:
    """Point a URL at another database; this function will keep everything else of it, options too."""
    return urlunsplit(urlsplit(url)._replace(path="/" + quote(database, safe="")))


def name_of(url: str) -> str:
    """Name the database of a URL; this function will return an empty string when the URL names none."""
    return unquote(urlsplit(url).path.lstrip("/"))


def is_superuser(connection: "psycopg.Connection[tuple[object, ...]]") -> bool:
    """Tell whether a session may do everything; this function will ask the server."""
    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return row is not None and row[0] is True


def _as(url: str, role: str, secret: str) -> str:
    password = hmac.new(secret.encode(), f"role {role}".encode(), hashlib.sha256).hexdigest()
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}:{password}@{parts.netloc.rpartition('@')[2]}"))


def _ensure_role(admin: "psycopg.Connection[tuple[object, ...]]", role: str, password: str) -> None:
    known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = sql.SQL("ALTER" if known else "CREATE")
    statement = sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}")
    admin.execute(statement.format(verb, sql.Identifier(role), sql.Literal(password)))


def _ensure_database(admin: "psycopg.Connection[tuple[object, ...]]", database: str) -> None:
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        return
    statement = sql.SQL("CREATE DATABASE {} OWNER {}")
    admin.execute(statement.format(sql.Identifier(database), sql.Identifier(OWNER)))


def _grant(inside: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Say who may do what.

    Only defaults for tables to come: granting on the tables there are would undo what a migration revoked.
    TRUNCATE is not among them, because it passes by every row trigger.
    """
    statement = "SELECT name FROM pg_available_extensions WHERE name = ANY(%s)"
    for (name,) in inside.execute(statement, [EXTENSIONS]).fetchall():
        inside.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(str(name))))
    names = {"owner": sql.Identifier(OWNER), "app": sql.Identifier(APP)}
    for text in (
        "GRANT USAGE, CREATE ON SCHEMA public TO {owner}",
        "GRANT USAGE ON SCHEMA public TO {app}",
        f"{DEFAULTS} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {{app}}",
        f"{DEFAULTS} USAGE, SELECT ON SEQUENCES TO {{app}}",
    ):
        inside.execute(sql.SQL(text).format(**names))
