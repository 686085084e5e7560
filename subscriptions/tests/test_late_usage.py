"""Usage that comes after its invoice was finalized is on the next one, once, and rewrites nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Customer
from billing.models import Invoice
from catalog.models import Plan
from core import clock
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.tests.factories import (
    attach_card,
    latest,
    lines_of,
    make_customer,
    make_plan,
    monthly,
    publish_prices,
)
from usage.models import Meter
from usage.tests.factories import event, make_meter, record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


@pytest.fixture
def metered(run_jobs: Run) -> tuple[Customer, Meter, Subscription]:
    """A paid subscription of 20.00 USD a month and 0.10 USD per call."""
    customer, meter = make_customer(), make_meter()
    attach_card(customer)
    calls = monthly(name="Calls", kind="usage", model="per_unit", unit_amount=Decimal("0.10"), meter_id=meter.id)
    plan = make_plan(monthly(), calls)
    subscription = services.create_subscription(customer_id=customer.id, plan_id=plan.id, actor=SYSTEM, now=clock.now())
    run_jobs()
    return customer, meter, subscription


def use(meter: Meter, customer: Customer, value: int, *, at: datetime) -> None:
    assert record(event(meter, customer, value, timestamp=at), now=clock.now()) == ["accepted"]


def test_it_is_on_the_next_invoice_and_only_there(metered: Any, freeze: Freeze, run_jobs: Run, now: datetime) -> None:
    customer, meter, subscription = metered
    used_at = now + timedelta(days=2)
    freeze(used_at)
    use(meter, customer, 100, at=used_at)
    freeze(now.replace(month=2))
    run_jobs()
    february = latest(subscription)
    assert lines_of(february) == [("usage", 1000), ("fixed", 2000)]
    use(meter, customer, 30, at=used_at + timedelta(hours=1))
    freeze(now.replace(month=3))
    run_jobs()
    assert lines_of(latest(subscription)) == [("fixed", 2000), ("usage", 300)]
    assert lines_of(february) == [("usage", 1000), ("fixed", 2000)]
    freeze(now.replace(month=4))
    run_jobs()
    assert lines_of(latest(subscription)) == [("fixed", 2000)]
    assert Invoice.objects.count() == 4


def test_what_was_billed_under_an_earlier_version_is_not_billed_again(
    metered: Any, freeze: Freeze, run_jobs: Run, now: datetime
) -> None:
    customer, meter, _ = metered
    freeze(now + timedelta(days=2))
    use(meter, customer, 100, at=now + timedelta(days=2))
    calls = monthly(name="Calls", kind="usage", model="per_unit", unit_amount=Decimal("0.50"), meter_id=meter.id)
    dearer = publish_prices(Plan.objects.get(), monthly(), calls)
    Subscription.objects.update(next_plan_version=dearer)
    for month in (2, 3):
        freeze(now.replace(month=month))
        run_jobs()
    january, february, march = Invoice.objects.order_by("id")
    assert lines_of(january) == [("fixed", 2000)]
    assert lines_of(february) == [("usage", 1000), ("fixed", 2000)]
    assert lines_of(march) == [("fixed", 2000)]


def test_it_is_on_the_final_invoice_of_a_subscription_that_ends(
    metered: Any, freeze: Freeze, run_jobs: Run, now: datetime
) -> None:
    customer, meter, subscription = metered
    freeze(now.replace(month=2))
    run_jobs()
    use(meter, customer, 50, at=now + timedelta(days=20))
    services.cancel_subscription(subscription_id=subscription.id, at="now", actor=SYSTEM, now=clock.now())
    assert lines_of(latest(subscription)) == [("usage", 500)]
