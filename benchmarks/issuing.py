"""Issues invoices for `benchmarks.invoices`, as a process of its own once Django is set up.

`prepare FOLDER LINES` leaves the reference's script in a folder; `issue ROUND INVOICES LINES` issues and measures. Both
print what they found as a JSON object on the last line.
"""

import json
import os
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import selectors as customers
from accounts.tests.factories import make_customer
from benchmarks import rows
from billing import internal, services
from billing.internal import Basis, NewLine
from catalog import selectors as catalog
from catalog.models import Price
from catalog.tests.factories import make_plan, seats
from core import clock, tenancy
from core.actor import SYSTEM
from core.models import Environment
from local.engines import databases

CUSTOMER = "bench"
SIZES = (1, 20, 200)


def prepare(folder: Path, lines: int) -> dict[str, Any]:
    """This function will load a customer with a coupon and two tax rates, and write down an invoice's rows."""
    with transaction.atomic():
        environment = Environment.objects.get(tenant__slug="default", slug="sandbox").as_scope()
    with tenancy.scope(environment), transaction.atomic():
        _load()
    # The first invoice fixes the customer's currency and opens the series and the accounts.
    issue(0, 1, lines)
    key = rows.uuid_of(2, 1)
    with psycopg.connect(_superuser_url(), autocommit=True) as admin:
        before = rows.read(admin)
        with tenancy.scope(environment), transaction.atomic():
            _issue(str(key), _priced(lines))
        written = rows.compare(before, rows.read(admin))
        script = rows.script(admin, written, environment=str(environment.environment_id), mine={key: 0})
    (folder / "invoice.sql").write_text("\n".join(script) + "\n")
    return {"rows": written.count, "statements": len(script) - 2}


def issue(number: int, invoices: int, lines: int) -> dict[str, Any]:
    """This function will issue invoices of so many lines, each in a transaction of its own."""
    with transaction.atomic():
        environment = Environment.objects.get(tenant__slug="default", slug="sandbox").as_scope()
    with tenancy.scope(environment):
        with transaction.atomic():
            priced = _priced(lines)
        seconds = []
        for one in range(invoices):
            start = time.perf_counter()
            _issue(f"round {number}, {lines} lines, {one}", priced)
            seconds.append(time.perf_counter() - start)
    return {"seconds": seconds}


def count(number: int) -> dict[str, Any]:
    """This function will count the queries of one invoice of each size."""
    with transaction.atomic():
        environment = Environment.objects.get(tenant__slug="default", slug="sandbox").as_scope()
    found = {}
    with tenancy.scope(environment):
        for lines in SIZES:
            with transaction.atomic():
                priced = _priced(lines)
            with CaptureQueriesContext(connection) as captured:
                _issue(f"counted {number}, {lines} lines", priced)
            found[str(lines)] = len(captured)
    return found


def _load() -> None:
    known: dict[str, Any] = {"actor": SYSTEM, "now": clock.now()}
    customer = make_customer(external_ref=CUSTOMER, country="DE")
    make_plan(seats("7.77"), code="bench")
    for code, percentage in (("vat", Decimal(19)), ("city", Decimal("2.5"))):
        services.create_tax_rate(code=code, name=code, percentage=percentage, country="DE", **known)
    services.create_coupon(code="BENCH", name="Bench", percent=Decimal(10), duration="forever", **known)
    internal.redeem_coupon(
        "BENCH", customer_id=customer.id, reference="sub_bench", currency="USD", plan=None, **known
    )  # fmt: skip


def _priced(lines: int) -> list[NewLine]:
    terms = catalog.get_price(Price.objects.get(version__plan__code="bench").id)
    return [
        internal.priced_line(terms, Basis(price_id=terms.price_id, quantity=Decimal(seat)), description="Bench – Seats")
        for seat in range(1, lines + 1)
    ]


def _issue(key: str, priced: list[NewLine]) -> None:
    with transaction.atomic():
        customer = customers.find_customer(CUSTOMER)
        if customer is None:
            raise SystemExit("there is no customer to bill")
        internal.issue_invoice(
            customer_id=customer.id, currency="USD", kind="subscription_cycle", lines=priced, reference="sub_bench",
            key=key, collect=False, actor=SYSTEM, now=clock.now(),
        )  # fmt: skip


def _superuser_url() -> str:
    name = databases.name_of(os.environ["DATABASE_URL"])
    return databases.swap(os.environ["DATABASE_ADMIN_URL"], name)


def main(asked: str, *arguments: str) -> None:
    """This function will do what is asked and print what came of it."""
    if asked == "prepare":
        found = prepare(Path(arguments[0]), int(arguments[1]))
    elif asked == "issue":
        found = issue(*map(int, arguments))
    else:
        found = count(*map(int, arguments))
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
