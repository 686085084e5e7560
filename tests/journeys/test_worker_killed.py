"""A worker that is killed in the middle of the renewals: after it is started again, nobody can tell."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count, Sum

from accounts.tests.factories import make_customer
from audit.verification import verify
from billing.models import Invoice
from catalog.tests.factories import make_plan, monthly
from core import clock, invariants
from core.models import Environment
from jobs.models import Job
from local.tour.stage import await_
from outbox.models import OutboxEvent
from payments.models import Payment, SandboxCharge
from subscriptions.models import Subscription
from subscriptions.tests.factories import attach_card, subscribe
from tests.fixtures import NOW
from tests.journeys.processes import Running, kill
from tests.session import Database

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(300)]

SUBSCRIPTIONS = 24
PRICE_MINOR = 1000
MONTH = timedelta(days=31)
# Enough that the worker is in full swing, few enough that most renewals are still to come.
SOME = 4

Scope = Callable[[], Any]


def set_clock(instant: Any) -> None:
    with transaction.atomic():
        Environment.objects.filter(slug="sandbox").update(clock_at=instant)


def subscribe_everybody(sandbox_scope: Scope, run_jobs: Callable[[], int]) -> None:
    """Customers, each with a card and a paid first month."""
    set_clock(NOW)
    with sandbox_scope():
        with transaction.atomic():
            plan = make_plan(monthly("10.00"))
            for _ in range(SUBSCRIPTIONS):
                customer = make_customer()
                attach_card(customer)
                subscribe(customer, plan)
        run_jobs()


def seen(sandbox_scope: Scope, look: Callable[[], Any]) -> Any:
    with sandbox_scope(), transaction.atomic():
        return look()


def charges() -> int:
    return SandboxCharge.objects.filter(kind="charge", status="succeeded").count()


def is_quiet() -> bool:
    unfinished = Job.objects.exclude(state__in=("succeeded", "discarded")).exists()
    renewed = Subscription.objects.filter(period_index=1, status="active").count() == SUBSCRIPTIONS
    return renewed and not unfinished and not OutboxEvent.objects.pending().exists()


def let_leases_run_out(database: Database) -> None:
    """A minute passes for what the dead worker held."""
    with database.as_superuser() as connection:
        connection.execute(
            "UPDATE jobs_job SET lease_until = clock_timestamp() - interval '1 second' WHERE state = 'running'"
        )


def test_killing_the_worker_amid_the_renewals_changes_nothing(
    house: Running, committed: Database, sandbox_scope: Scope, run_jobs: Callable[[], int]
) -> None:
    subscribe_everybody(sandbox_scope, run_jobs)
    assert seen(sandbox_scope, charges) == SUBSCRIPTIONS
    worker = house.start_worker()
    house.start_beat()
    set_clock(NOW + MONTH)
    await_(lambda: seen(sandbox_scope, charges) >= SUBSCRIPTIONS + SOME, "the renewals are under way")
    kill(worker)
    assert seen(sandbox_scope, charges) < 2 * SUBSCRIPTIONS
    let_leases_run_out(committed)
    house.start_worker()
    await_(lambda: seen(sandbox_scope, is_quiet), "everything is done", seconds=120)
    house.stop()
    seen(sandbox_scope, assert_renewed_once)
    assert {rule.code: found for rule in invariants.rules() if (found := invariants.broken(rule.code))} == {}
    assert list(verify()) == []


def assert_renewed_once() -> None:
    """Two periods, two invoices, two payments and two charges each; no more money than that."""
    assert clock.now() == NOW + MONTH
    per_subscription = Invoice.objects.values("reference").annotate(count=Count("id"), paid=Sum("paid_minor"))
    assert {(row["count"], row["paid"]) for row in per_subscription} == {(2, 2 * PRICE_MINOR)}
    assert len(per_subscription) == SUBSCRIPTIONS
    assert set(Invoice.objects.values_list("state", flat=True)) == {"paid"}
    per_invoice = Payment.objects.values("reference").annotate(count=Count("id"))
    assert {row["count"] for row in per_invoice} == {1}
    booked = SandboxCharge.objects.filter(kind="charge", status="succeeded")
    assert booked.aggregate(count=Count("id"), sum=Sum("amount_minor")) == {
        "count": 2 * SUBSCRIPTIONS,
        "sum": 2 * SUBSCRIPTIONS * PRICE_MINOR,
    }
    assert set(SandboxCharge.objects.values_list("status", flat=True)) == {"succeeded"}
