"""Subscribing writes by a few prepared statements what the ORM would write row by row."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from accounts import internal as accounts
from accounts.models import Customer
from benchmarks import rows
from billing.models import Posting
from core import clock
from core.actor import SYSTEM
from core.tenancy import writes
from core.tenancy.rows import ScopedRow
from jobs.services import _enqueue as jobs
from payments.internal import _request
from subscriptions import services
from subscriptions.internal import _charges, _rows
from subscriptions.tests.factories import make_addon, make_customer, make_plan, monthly, once, seats
from tests.session import Database

# Who writes by `write` or `later`.
WRITERS = (accounts, writes, _rows, _charges, _request, jobs)
# Facts and audit entries have statements and tests of their own.
ELSEWHERE = ("outbox_", "audit_")
# The number of an invoice in its series, and how many there are.
COUNTED = ("sequence", "last")
_MADE_UP = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\b"
    r"|\d{4}-\d\d-\d\d[ T][\d:.]+(?:\+00(?::00)?)?|INV-\d+-\d+|customer\d+@"
)


def by_the_orm(new: Iterable[ScopedRow], changed: Sequence[writes.Changed] = ()) -> None:
    for model, found in groupby(new, key=type):
        if model is Posting:
            # The sides of a journal come by one statement, or are refused.
            Posting.objects.bulk_create(found)
            continue
        for row in found:
            row.save(force_insert=True)
    for row, names in changed:
        row.save(update_fields=names)


def written(admin: "psycopg.Connection[Any]", subscribe: Callable[[], object]) -> rows.Written:
    before = rows.read(admin)
    subscribe()
    return rows.compare(before, rows.read(admin))


def comparable(found: rows.Written) -> dict[str, list[Any]]:
    """The rows with a name for each id, instant and number in the order in which they are met."""
    names: dict[str, str] = {}

    def named(text: str | None) -> str | None:
        return text and _MADE_UP.sub(lambda made: names.setdefault(made[0], f"made-up {len(names)}"), text)

    tables = {**{f"new {table}": one for table, one in found.new.items()},
              **{f"changed {table}": one for table, one in found.after.items()}}  # fmt: skip
    kept = {table: one for table, one in sorted(tables.items()) if not table.split()[1].startswith(ELSEWHERE)}
    return {
        table: [
            {name: named(value) for name, value in row.items() if name not in COUNTED} for _, row in sorted(one.items())
        ]
        for table, one in kept.items()
    }


@pytest.mark.slow
def test_subscribing_writes_what_the_orm_would(
    committed: Database, sandbox_scope: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox_scope(), transaction.atomic():
        plan = make_plan(seats(), monthly("3"), family=None)
        addons = [make_addon(monthly("5")).pk, make_addon(once("7"), kind="one_off").pk]
        customers = [make_customer(name="Ada", country="NO").pk for _ in range(3)]

    def subscribe(customer: Any) -> Callable[[], object]:
        def run() -> object:
            with sandbox_scope(), transaction.atomic():
                return services.create_subscription(
                    customer_id=customer, plan_id=plan.pk, quantity=3, addons=[(addon, 1) for addon in addons],
                    actor=SYSTEM, now=clock.now(),
                )  # fmt: skip

        return run

    with committed.as_superuser() as admin:
        # The first invoice of an environment opens its books, and makes its series of numbers.
        written(admin, subscribe(customers[0]))
        ours = comparable(written(admin, subscribe(customers[1])))
        for module in WRITERS:
            for name in {"write", "later"} & set(vars(module)):
                monkeypatch.setattr(module, name, by_the_orm)
        theirs = comparable(written(admin, subscribe(customers[2])))
    assert ours == theirs
    assert {name: len(found) for name, found in ours.items() if name in EXPECTED} == EXPECTED
    connection.close()


EXPECTED = {
    "new subscriptions_subscription": 1,
    "new subscriptions_subscriptionevent": 1,
    "new subscriptions_subscriptionperiod": 1,
    "new billing_invoice": 1,
    "new billing_invoiceline": 4,
    "new billing_journal": 1,
    "new billing_posting": 2,
    "new payments_payment": 1,
    "new jobs_job": 1,
    "changed accounts_customer": 1,
}


@pytest.mark.django_db
def test_a_customer_is_fixed_to_his_first_currency() -> None:
    customer = make_customer()
    services.create_subscription(customer_id=customer.pk, plan_id=make_plan().pk, actor=SYSTEM, now=clock.now())
    assert Customer.objects.values_list("currency", "is_currency_fixed").get(pk=customer.pk) == ("USD", True)
