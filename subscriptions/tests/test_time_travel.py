"""Thirteen months in one move of the clock are thirteen moves of one month, row by row and document by document."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from billing.models import Document, Invoice
from core import clock
from core.tenancy import Scope
from subscriptions.models import Subscription
from subscriptions.tests.factories import (
    make_addon,
    make_coupon,
    make_plan,
    metered,
    monthly,
    once,
    seats,
    subscribe,
    use,
)
from subscriptions.tests.renewing import written
from subscriptions.tests.travelling import assert_same, compared, customer, move, plan_ahead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]


@pytest.fixture(scope="module", autouse=True)
def quiet() -> None:
    """Here documents are compared, so everybody hears of everything."""


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """The machine's clock stands, too, so that every instant can be compared."""
    monkeypatch.setattr(clock, "wall", lambda: now)


def open_shop(now: datetime, *, whole: bool) -> None:
    """A mix: an add-on and a coupon that ends, a trial, usage; and what can be planned, a card that fails,
    a fixed term, and a quarter.
    """
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
    plan_ahead(now)


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
    assert_same(many, one)
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
