"""A clock that is moved is one environment's: what others have to do stays undone until their own time comes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.tests.factories import make_customer
from billing.models import Invoice
from core import clock, tenancy
from core.actor import SYSTEM
from core.models import Environment
from core.tenancy import Scope
from core.tenancy.system import system_scope
from jobs import services as jobs
from jobs import time_travel
from jobs.models import Job
from outbox.models import OutboxEvent
from subscriptions.models import Subscription
from subscriptions.tests.factories import attach_card, make_plan, monthly, subscribe
from tests.edge.state import digest_of
from tests.fixtures import NOW

pytestmark = pytest.mark.django_db

MONTHS = timedelta(days=100)


@pytest.fixture
def set_wall(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Set the machine's clock, which is the one of live."""

    def set_to(instant: datetime) -> None:
        monkeypatch.setattr(clock, "wall", lambda: instant)

    set_to(NOW)
    return set_to


@pytest.fixture
def second_sandbox(environment: Scope) -> Scope:
    """Another sandbox of the same tenant, whose clock stands where the first one's stands."""
    with system_scope("test: another sandbox"), transaction.atomic():
        row = Environment.objects.create(tenant_id=environment.tenant_id, kind="sandbox", slug="second", clock_at=NOW)
    return row.as_scope()


def open_shop() -> None:
    """Months that are paid for afterwards, a trial, and a first bill for which there is no money."""
    for behavior, plan in (
        ("success", make_plan(monthly("10", billed="arrears"))),
        ("success", make_plan(monthly("12"), trial_days=20)),
        ("fails_later", make_plan(monthly("7"))),
    ):
        customer = make_customer()
        attach_card(customer, behavior)
        subscribe(customer, plan, now=NOW)


def numbers() -> dict[str, Any]:
    """What the environment in scope has come to."""
    return {
        "invoices": list(Invoice.objects.order_by("sequence").values_list("sequence", "state")),
        "subscriptions": sorted(Subscription.objects.values_list("status", "period_index")),
        "facts": OutboxEvent.objects.count(),
        "jobs": Job.objects.count(),
    }


def seen_of(scope: Scope) -> tuple[Any, ...]:
    """Every row of an environment, its clock, and what it has come to."""
    with system_scope("test: where the clock is"), transaction.atomic():
        row = Environment.objects.get(pk=scope.environment_id)
    with tenancy.scope(scope):
        return digest_of(scope.environment_id), row.clock_at, row.advancing_to, numbers()


def travel_to(to: datetime) -> None:
    """Move the clock of the environment in scope, and nobody else's work is done meanwhile."""
    jobs.advance_clock(to=to, actor=SYSTEM, now=NOW)
    while not time_travel.travel(tenancy.environment_id(), to=to):
        pass


def test_nobody_else_notices_a_move_of_months(
    live_environment: Scope,
    second_sandbox: Scope,
    freeze: Callable[[datetime], None],
    set_wall: Callable[[datetime], None],
    run_jobs: Callable[[], int],
) -> None:
    freeze(NOW)
    others = (live_environment, second_sandbox)
    open_shop()
    for other in others:
        with tenancy.scope(other):
            open_shop()
    run_jobs()
    set_wall(NOW + timedelta(days=40))
    for other in others:
        with tenancy.scope(other):
            subscribe(make_customer(), make_plan(monthly("0")), now=NOW)
    # Now each has facts to relay; and in live a renewal, a trial's end and a deadline have passed.
    before = [seen_of(other) for other in others]

    travel_to(NOW + MONTHS)
    assert [seen_of(other) for other in others] == before
    moved = numbers()
    assert moved["subscriptions"] == [("active", 2), ("active", 3), ("expired", 0)]
    assert [number for number, _ in moved["invoices"]] == list(range(1, 8))

    # Everybody's workers: each environment gets as far as its own clock.
    run_jobs()
    live, second = (seen_of(other)[-1] for other in others)
    assert live["subscriptions"] == [("active", 0), ("active", 1), ("active", 1), ("expired", 0)]
    assert live["invoices"] == [(1, "void"), (2, "paid"), (3, "paid"), (4, "open"), (5, "open")]
    assert second["subscriptions"] == [("active", 0), ("active", 0), ("incomplete", 0), ("trialing", None)]
    assert second["invoices"] == [(1, "open"), (2, "paid")]
    assert (seen_of(second_sandbox)[1:3], numbers()["invoices"]) == ((NOW, None), moved["invoices"])
