"""Thirteen months in one move of the clock are thirteen moves of one month, row by row and document by document."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Document, Invoice
from core import clock, tenancy
from core.actor import SYSTEM
from core.models import Environment
from core.periods import Cycle, Interval
from core.tenancy import Scope
from jobs import services as jobs
from jobs import time_travel
from subscriptions.models import Subscription
from subscriptions.tests.factories import (
    attach_card,
    make_addon,
    make_coupon,
    make_customer,
    make_plan,
    metered,
    monthly,
    once,
    seats,
    subscribe,
    use,
)
from subscriptions.tests.renewing import written

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
# The engine room's own rows tell when a machine did what, and how often it was asked to.
MACHINERY = ("jobs_", "audit_unsealed", "webhooks_", "outbox_sequence", "outbox_receipt")
CLOCK = ("environment.clock_", "('subject', 'the environment')")


@pytest.fixture(scope="module", autouse=True)
def quiet() -> None:
    """Here documents are compared, so everybody hears of everything."""


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """The machine's clock stands, too, so that every instant can be compared."""
    monkeypatch.setattr(clock, "wall", lambda: now)


def customer(card: str = "success", **particulars: Any) -> Any:
    row = make_customer(**particulars)
    attach_card(row, card)
    return row


def open_shop(now: datetime, *, whole: bool) -> None:
    """A mix: an add-on and a coupon that ends, a trial, usage; and a card that fails, a fixed term, a quarter."""
    make_coupon("THREE", percent=Decimal(25), duration="repeating", cycles=3)
    addons = [(make_addon(monthly("5")).pk, 1), (make_addon(once("7"), kind="one_off").pk, 2)]
    subscribe(customer(country="NO"), make_plan(seats(), monthly("3")), quantity=2, addons=addons, coupons=["THREE"])
    subscribe(customer(), make_plan(monthly("12"), trial_days=20))
    used = subscribe(customer(), make_plan(monthly("2"), metered("0.05")))
    for value in ("2.5", "10"):
        use(used, value, at=now)
    if not whole:
        return
    subscribe(customer("fails_later"), make_plan(monthly("8")), starts_at=now + timedelta(days=3))
    subscribe(customer(), make_plan(monthly("10", billed="arrears")), intervals=4)
    subscribe(customer(), make_plan(monthly("99", interval_count=3)))


def move(now: datetime, *months: int) -> None:
    """Move the clock in one move to each of these months from now."""
    environment_id = tenancy.environment_id()
    for month in months:
        to, at = Cycle(anchor=now, interval=Interval.MONTH).boundary(month), Environment.objects.get(pk=environment_id)
        jobs.advance_clock(to=to, actor=SYSTEM, now=at.clock_at or now)
        while not time_travel.travel(environment_id, to=to):
            pass


def compared(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """What is compared: everything but the engine room, and the facts about the clock itself."""
    kept = {table: rows for table, rows in found.items() if not table.startswith(MACHINERY)}
    told = {table: [row for row in rows if not any(one in row for one in CLOCK)] for table, rows in kept.items()}
    return {table: rows for table, rows in told.items() if rows}


def assert_one_move_is_many(months: int, now: datetime) -> dict[str, list[str]]:
    open_shop(now, whole=months > 2)
    seen: list[tuple[int, int, int]] = []

    def travel(*stops: int) -> Callable[[], None]:
        def run() -> None:
            move(now, *stops)
            periods = sum(row.period_index or 0 for row in Subscription.objects.all())
            seen.append((Invoice.objects.count(), Document.objects.count(), periods))

        return run

    many = compared(written(travel(*range(1, months + 1))))
    one = compared(written(travel(months)))
    for table in sorted(many.keys() | one.keys()):
        mine, his = many.get(table, []), one.get(table, [])
        differing = (sorted({*mine} - {*his})[:1], sorted({*his} - {*mine})[:1])
        assert mine == his, f"{table}: {differing}"
    assert seen[0] == seen[1]
    assert min(seen[0]) > months
    return one


@pytest.mark.slow
@pytest.mark.usefixtures("still")
def test_two_months_at_once_are_two_moves_of_a_month(now: datetime, environment: Scope) -> None:
    rows = assert_one_move_is_many(2, now)
    assert {"billing_invoice", "billing_document", "outbox_outboxevent", "payments_payment"} <= rows.keys()


@pytest.mark.proof
@pytest.mark.usefixtures("still")
def test_thirteen_months_at_once_are_thirteen_moves_of_a_month(now: datetime) -> None:
    assert_one_move_is_many(13, now)
