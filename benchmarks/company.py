"""Loads what the loads work on; run by `benchmarks.house` as a process of its own, once Django is set up.

It leaves the reference's script in a folder and prints what there is as a JSON object on its last line.
"""

import json
import os
import sys
from pathlib import Path

import psycopg
from django.db import transaction
from django.test import Client
from django.test.utils import setup_test_environment

from accounts.tests.factories import make_customer, make_key, register
from benchmarks import logins, rows
from catalog.tests.factories import make_plan, seats
from core import tenancy
from core.models import Environment
from local.engines import databases

SUBSCRIPTIONS = "/api/v1/subscriptions"
_MULTIPLY = """
INSERT INTO accounts_customer ({names}) SELECT {values} FROM accounts_customer pattern,
  generate_series(%(n)s::bigint, %(n)s + %(customers)s) n, generate_series(%(c)s::int, %(c)s + %(clients)s - 1) c
 WHERE pattern.id = %(pattern)s
"""
_ID = "(n::text || '-' || c::text || '-7000-8000-000000000000')::uuid"


def main(folder: Path, customers: int) -> None:
    """This function will load the company, send one request, and write down the rows that it wrote."""
    setup_test_environment()
    with transaction.atomic():
        environment = Environment.objects.get(tenant__slug="default", slug="sandbox").as_scope()
    with tenancy.scope(environment):
        pattern, first, watched = (make_customer() for _ in range(3))
        told = {"secret": make_key(), "publishable": make_key((), type="publishable")}
        told["plan"] = make_plan(seats()).public_id
        for number in range(logins.PEOPLE):
            register(logins.email(number), logins.PASSWORD)
    with psycopg.connect(_superuser_url(), autocommit=True) as admin:
        _subscribe(told, first.public_id, str(rows.uuid_of(1, 1, 1)))
        key = rows.uuid_of(1, 1, 2)
        before = rows.read(admin)
        _subscribe(told, watched.public_id, str(key))
        written = rows.compare(before, rows.read(admin))
        mine = {watched.pk: 0, key: 1}
        lines = rows.script(admin, written, environment=str(environment.environment_id), mine=mine)
        _multiply(admin, str(pattern.pk), customers)
    (folder / "subscribe.sql").write_text("\n".join(lines) + "\n")
    print(json.dumps({**told, "rows": written.count, "statements": len(lines) - 2}))


def _superuser_url() -> str:
    name = databases.name_of(os.environ["DATABASE_URL"])
    return databases.swap(os.environ["DATABASE_ADMIN_URL"], name)


def _subscribe(told: dict[str, str], customer: str, key: str) -> None:
    body = {"customer": customer, "plan": told["plan"]}
    headers = {"X-API-Key": told["secret"], "Idempotency-Key": key}
    answer = Client().post(SUBSCRIPTIONS, body, content_type="application/json", headers=headers)
    if answer.status_code != 201:
        raise SystemExit(f"{answer.status_code} {answer.content.decode()}")


def _multiply(admin: rows.Connection, pattern: str, customers: int) -> None:
    """Customers of every client and number, whose ids the loads and the reference can compute."""
    columns = rows.columns_of(admin, "accounts_customer")
    values = [_ID if name == "id" else f'pattern."{name}"' for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    chosen = {"n": rows.FIRST_NUMBER, "c": rows.FIRST_CLIENT, "customers": customers, "clients": rows.CLIENTS}
    admin.execute(_MULTIPLY.format(names=names, values=", ".join(values)), {**chosen, "pattern": pattern})
    admin.execute("ANALYZE")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
