"""The engine room's work for `benchmarks.relay` and `benchmarks.chain`, as a process of its own once Django is set up.

`facts COUNT ROUND` writes pending facts, `relay` relays them; `entries COUNT` writes and seals entries of the log,
`verify` proves them and `hash` does the bare hashing of the same texts. Each prints a JSON object on the last line.
"""

import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import transaction

from audit import internal as audit
from audit import services
from audit.models import Entry
from audit.verification import verify
from benchmarks import rows
from catalog.tests.factories import make_plan
from core import tenancy
from core.models import Environment
from local.engines import databases
from outbox.internal import relay_here

# What makes one fact different from another; the rest is copied from one that a verb has published.
_OWN = {
    "event_id": "(lpad(number::text, 8, '0') || '-0000-7000-8000-' || lpad(%(round)s::text, 12, '0'))::uuid",
    "subject": "'sub_' || %(round)s || '_' || number",
    "sequence": "NULL",
    "relayed_at": "NULL",
}
_FACTS = """
INSERT INTO outbox_outboxevent ({names}) SELECT {values}
  FROM (SELECT * FROM outbox_outboxevent WHERE environment_id = %(environment)s ORDER BY id LIMIT 1) pattern,
       generate_series(1, %(count)s) number
"""


def sandbox() -> tenancy.Scope:
    """This function will return the environment in which everything is done."""
    with transaction.atomic():
        return Environment.objects.get(tenant__slug="default", slug="sandbox").as_scope()


def facts(count: int, number: int) -> dict[str, Any]:
    """This function will let so many facts wait for the relay, each about something of its own."""
    environment = sandbox()
    if number == 0:
        with tenancy.scope(environment), transaction.atomic():
            make_plan(code="pattern")
        relay()
    with psycopg.connect(_superuser_url(), autocommit=True) as admin:
        names = rows.columns_of(admin, "outbox_outboxevent")
        values = [_OWN.get(name, f'pattern."{name}"') for name in names]
        statement = _FACTS.format(names=", ".join(f'"{name}"' for name in names), values=", ".join(values))
        admin.execute(statement, {"round": number, "count": count, "environment": environment.environment_id})
        admin.execute("VACUUM ANALYZE outbox_outboxevent")
    return {}


def relay() -> dict[str, Any]:
    """This function will relay what waits and measure it."""
    with tenancy.scope(sandbox()):
        return _timed(relay_here)


def entries(count: int) -> dict[str, Any]:
    """This function will write and seal entries of the audit log."""
    with tenancy.scope(sandbox()), transaction.atomic():
        for number in range(count):
            meta = {"customer": f"cus_{number}", "amount_minor": number, "currency": "EUR"}
            services.record(action="invoice.paid", target=f"inv_{number}", actor="key:key_bench", meta=meta)
    return {"count": audit.seal()}


def prove() -> dict[str, Any]:
    """This function will verify the chains from the database and measure it; a break fails it."""
    found = _timed(lambda: list(verify()))
    if broken := found.pop("answer"):
        raise SystemExit(f"the chain is broken: {broken}")
    with tenancy.scope(sandbox()), transaction.atomic():
        return {**found, "answer": Entry.objects.count()}


def bare() -> dict[str, Any]:
    """This function will chain the same texts in memory: one HMAC for each, which the least verifier has to do."""
    with tenancy.scope(sandbox()), transaction.atomic():
        texts = [text.encode() for text in Entry.objects.order_by("id").values_list("text", flat=True)]

    def chained() -> int:
        previous = bytes(32)
        for text in texts:
            previous = hmac.digest(b"0" * 32, previous + text, hashlib.sha256)
        return len(texts)

    return _timed(chained)


def _timed(work: Callable[[], Any]) -> dict[str, Any]:
    started = time.perf_counter()
    answer = work()
    return {"seconds": time.perf_counter() - started, "answer": answer}


def _superuser_url() -> str:
    return databases.swap(os.environ["DATABASE_ADMIN_URL"], databases.name_of(os.environ["DATABASE_URL"]))


_WORK: dict[str, Callable[..., dict[str, Any]]] = {
    "facts": facts, "relay": relay, "entries": entries, "verify": prove, "hash": bare,
}  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(_WORK[sys.argv[1]](*map(int, sys.argv[2:]))))
