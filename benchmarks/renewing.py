"""Renews subscriptions for `benchmarks.renewals`, as a process of its own once Django is set up.

`prepare FOLDER` leaves there what makes due subscriptions, and what renews them in plain SQL and by the ORM. `look`
writes the jobs of what is due, `work COUNT AT WARM` renews so many from an instant on, `orm FOLDER FIRST LAST` writes
the same rows one by one. Each prints what it found as a JSON object on the last line.
"""

import json
import os
import re
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import psycopg
from django.apps import apps
from django.db import transaction

from accounts.tests.factories import make_customer
from benchmarks import rows
from catalog.selectors import get_terms
from catalog.services import NewFeature
from catalog.tests.factories import make_plan, monthly, seats
from core import clock, ids, tenancy
from core.models import Environment
from jobs import batches, claims, internal
from local.engines import databases
from subscriptions.internal._entitlements import grant
from subscriptions.tests.factories import subscribe
from subscriptions.tests.renewing import activate

QUEUE, KIND = "q:sub:payment_initiation", "subscriptions.renew"
# What a subscription that is due has of its own; the invoices of its past are nobody's concern.
DUE = (
    "accounts_customer", "subscriptions_subscription", "subscriptions_subscriptionevent",
    "subscriptions_subscriptionperiod", "usage_entitlement", "outbox_aggregate",
)  # fmt: skip
MOST = batches.MOST
_MONTH_AGO = timedelta(days=31, hours=1)


def prepare(folder: Path) -> dict[str, Any]:
    """This function will renew one subscription and write down what it was made of and what was written for it."""
    environment = sandbox()
    with tenancy.scope(environment):
        _sell()
    # The first renewal of an environment opens what the others find open.
    _renew_all(environment)
    with psycopg.connect(_superuser_url(), autocommit=True) as admin:
        before = rows.read(admin)
        with tenancy.scope(environment):
            _sell()
        due = rows.read(admin)
        made = _of_subscriptions(rows.compare(before, due))
        _renew_all(environment)
        written = rows.compare(due, rows.read(admin))
        kinds = rows.kinds_of(made, {})
        every = rows.kinds_of(written, kinds)
        (folder / "due.sql").write_text(rows.series(admin, made, kinds))
        (folder / "renewal.sql").write_text(rows.series(admin, written, every))
    pattern = {"new": written.new, "before": written.before, "after": written.after}
    (folder / "orm.json").write_text(json.dumps([pattern, {str(one): kind for one, kind in every.items()}]))
    return {"rows": written.count, "environment": str(environment.environment_id)}


def look() -> dict[str, Any]:
    """This function will write the jobs of what is due, as beat has it done."""
    started = time.perf_counter()
    found = internal.look_for_due()
    return {"seconds": time.perf_counter() - started, "found": found}


def work(count: int, begin_at: float, warm: int = 0) -> dict[str, Any]:
    """This function will renew so many as a worker does, and no more than the rest of its last batch.

    Before that it renews `warm` others: a worker has read the code and prepared its statements long ago.
    """
    if warm:
        work(warm, 0.0)
    Event().wait(max(0.0, begin_at - time.time()))
    done, started = 0, time.time()
    while done < count and (claim := claims.of_queues(QUEUE)) and claim.kind == KIND:
        batches.MOST = min(MOST, count - done)
        outcomes = internal.do_with_others(claim)
        done += len(outcomes)
        if any(outcome != "succeeded" for _, outcome in outcomes):
            raise SystemExit("a renewal failed")
    return {"done": done, "from": started, "until": time.time()}


def one_by_one(folder: Path, first: int, last: int) -> dict[str, Any]:
    """This function will write the rows of renewals by `save()`, each renewal in a transaction of its own."""
    pattern, kinds = json.loads((folder / "orm.json").read_text())
    texts = _Texts({UUID(one): kind for one, kind in kinds.items()})
    models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    with tenancy.scope(sandbox()):
        started = time.perf_counter()
        for number in range(first, last + 1):
            with transaction.atomic():
                _save(pattern, texts, models, number)
        return {"seconds": time.perf_counter() - started}


class _Texts:
    """Texts of a pattern's rows, with the ids of another number."""

    def __init__(self, kinds: Mapping[UUID, int]) -> None:
        self._kinds = {str(one): kind for one, kind in kinds.items()}
        self._public = {ids.encode("xxx", one)[4:]: kind for one, kind in kinds.items()}
        self._pattern = re.compile("|".join(map(re.escape, (*self._kinds, *self._public))))

    def of(self, number: int, text: str) -> str:
        def mine(found: re.Match[str]) -> str:
            if found[0] in self._kinds:
                return str(rows.uuid_of(number, rows.FIRST_CLIENT, self._kinds[found[0]]))
            return f"{number}{rows.FIRST_CLIENT}{self._public[found[0]]:014d}"

        return self._pattern.sub(mine, text)


def _save(pattern: Mapping[str, Any], texts: _Texts, models: Mapping[str, Any], number: int) -> None:
    for table, found in pattern["new"].items():
        for row in found.values():
            _made(models[table], row, texts, number).save(force_insert=True)
    for table, found in pattern["after"].items():
        for key, row in found.items():
            old = models[table].objects.get(pk=texts.of(number, key))
            changed = [name for name, value in row.items() if pattern["before"][table][key][name] != value]
            fresh = _made(models[table], row, texts, number)
            names = [field.name for field in fresh._meta.concrete_fields if field.column in changed]
            for name in names:
                setattr(old, name, getattr(fresh, name))
            old.save(update_fields=names)


def _made(model: Any, row: Mapping[str, str | None], texts: _Texts, number: int) -> Any:
    values = {}
    for field in model._meta.concrete_fields:
        if field.column not in row:
            continue
        text = row[field.column]
        values[field.attname] = None if text is None else _value(field, texts.of(number, text))
        if (model._meta.db_table, field.column) in rows.COUNTED:
            values[field.attname] = number * 10 if field.column == "sequence" else f"INV-{number}"
    return model(**values)


def _value(field: Any, text: str) -> Any:
    kind = field.get_internal_type()
    if kind == "JSONField":
        return json.loads(text)
    if kind == "BinaryField":
        return bytes.fromhex(text[2:])
    if kind == "BooleanField":
        return text == "true"
    return field.target_field.to_python(text) if field.is_relation else field.to_python(text)


def _sell() -> None:
    """A subscription with a fee, a price for seats and two features, whose first period is over."""
    at = clock.now() - _MONTH_AGO
    with transaction.atomic():
        features = [NewFeature(code="sso", name="SSO"), NewFeature(code="api", name="API", kind="metered")]
        plan = make_plan(monthly("20"), seats(), features=features, code=f"bench-{ids.new()}")
        row = subscribe(make_customer(country="DE", now=at), plan, quantity=3, now=at)
        activate(row)
        grant(row, get_terms(row.plan_version_id), now=at)


def _renew_all(environment: tenancy.Scope) -> None:
    internal.look_for_due(environment.environment_id)
    if work(1, 0.0)["done"] != 1:
        raise SystemExit("nothing was due")


def _of_subscriptions(made: rows.Written) -> rows.Written:
    new = {table: {key: dict(row) for key, row in made.new[table].items()} for table in DUE}
    for row in new["subscriptions_subscriptionperiod"].values():
        row["invoice_id"] = None
    facts = new["outbox_aggregate"].items()
    new["outbox_aggregate"] = {key: row for key, row in facts if str(row["subject"]).startswith(("cus_", "sub_"))}
    return rows.Written(new=new, before={}, after={})


def sandbox() -> tenancy.Scope:
    """This function will return the environment in which everything is done."""
    with transaction.atomic():
        return Environment.objects.get(tenant__slug="default", slug="sandbox").as_scope()


def _superuser_url() -> str:
    return databases.swap(os.environ["DATABASE_ADMIN_URL"], databases.name_of(os.environ["DATABASE_URL"]))


def main(asked: str, *arguments: str) -> None:
    """This function will do what is asked and print what came of it."""
    match asked:
        case "prepare":
            found = prepare(Path(arguments[0]))
        case "look":
            found = look()
        case "work":
            found = work(int(arguments[0]), float(arguments[1]), int(arguments[2]))
        case _:
            found = one_by_one(Path(arguments[0]), *map(int, arguments[1:]))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
