"""Renewing many at once writes what renewing each of them writes, in as many statements for a hundred as for ten."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.models import Invoice
from core import clock, ids
from core.actor import SYSTEM
from core.invariants import broken
from jobs.models import Job
from subscriptions import internal
from subscriptions.internal import _charges, _renew
from subscriptions.internal._renewals import _renew_many
from subscriptions.models import Subscription, SubscriptionPeriod
from subscriptions.tests.factories import make_customer, make_plan, monthly, subscribe
from subscriptions.tests.renewing import Shop, activate, written

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """The machine's clock stands, too, so that every instant can be compared."""
    monkeypatch.setattr(clock, "wall", lambda: now)


def renew_alone(keys: list[Any], now: datetime) -> None:
    for key in keys:
        internal.renew(subscription_id=key, actor=SYSTEM, now=now)


def renew_together(keys: list[Any], now: datetime) -> set[Any]:
    with transaction.atomic():
        return internal.renew_many(subscription_ids=keys, actor=SYSTEM, now=now)


def in_order(keys: list[Any]) -> list[Any]:
    return list(Subscription.objects.filter(pk__in=keys).order_by("renews_at", "pk").values_list("pk", flat=True))


def compare(seed: int, number: int, now: datetime) -> set[Any]:
    """What two ways of renewing a random mix write; returns those that the batch left alone."""
    shop = Shop(random.Random(seed), now)
    shop.open()
    keys = in_order([shop.sell().pk for _ in range(number)])
    at = now.replace(month=2) + timedelta(hours=1)
    left: set[Any] = set()

    def together() -> None:
        left.update(renew_together(keys, at))
        renew_alone([key for key in keys if key in left], at)

    ours = written(together)
    order = [key for key in keys if key not in left] + [key for key in keys if key in left]
    theirs = written(lambda: renew_alone(order, at))
    for table in sorted(ours.keys() | theirs.keys()):
        mine, his = ours.get(table, []), theirs.get(table, [])
        differing = (sorted({*mine} - {*his})[:1], sorted({*his} - {*mine})[:1])
        assert mine == his, f"seed {seed}: {table}: {differing}"
    return left


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("seed", [1, 2])
def test_a_batch_writes_what_renewing_one_by_one_writes(seed: int, now: datetime) -> None:
    left = compare(seed, 14, now)
    assert 0 < len(left) < 12


@pytest.mark.proof
@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("seed", range(100, 160))
def test_a_thousand_random_renewals_are_the_same_either_way(seed: int, now: datetime) -> None:
    compare(seed, 20, now)


def sold(number: int) -> list[Any]:
    plan = make_plan(monthly("20"))
    rows = [subscribe(make_customer(), plan) for _ in range(number)]
    for row in rows:
        activate(row)
    return [row.pk for row in rows]


def test_the_number_of_statements_does_not_grow(now: datetime) -> None:
    keys = sold(40)
    # The first one opens nothing any more that the others find open.
    renew_together(keys[:8], now.replace(month=2))
    counts = []
    for chunk in (keys[8:14], keys[14:40]):
        with CaptureQueriesContext(connection) as captured, transaction.atomic():
            assert renew_together(chunk, now.replace(month=2)) == set()
        counts.append(len(captured))
    assert counts[0] == counts[1] < 40


def test_nothing_is_renewed_early_or_twice(now: datetime) -> None:
    keys, at = sold(3), now.replace(month=2)
    assert renew_together(keys, at - timedelta(microseconds=1)) == set()
    assert SubscriptionPeriod.objects.count() == 3
    assert renew_together(keys, at) == set()
    assert renew_together(keys, at) == set()
    assert SubscriptionPeriod.objects.count() == Invoice.objects.count() == 6


def test_one_period_at_a_time_and_nothing_after_the_end(now: datetime) -> None:
    plan = make_plan(monthly("20"))
    row = subscribe(make_customer(), plan, intervals=3)
    activate(row)
    at = now.replace(year=2027)
    for expected in (1, 2, 2):
        renew_together([row.pk], at)
        row.refresh_from_db()
        assert row.period_index == expected
    assert row.renews_at is None
    assert row.period_ends_at == row.ends_at == now.replace(month=4)
    starts = Invoice.objects.order_by("sequence").values_list("period_starts_at", flat=True)
    assert list(starts) == [now.replace(month=month) for month in (1, 2, 3)]


def spoil_pricing(key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    right = _charges.opening_lines

    def wrong(subscription: Subscription, *rest: Any) -> Any:
        if subscription.pk == key:
            raise RuntimeError("no such price")
        return right(subscription, *rest)

    monkeypatch.setattr(_renew_many, "opening_lines", wrong)
    monkeypatch.setattr(_renew, "opening_lines", wrong)


def spoil_rows(key: Any, _: pytest.MonkeyPatch) -> None:
    """A period that begins when the next one would."""
    row = SubscriptionPeriod.objects.get(subscription_id=key)
    row.pk, row.number, row.invoice_id, row._state.adding = ids.new(), 1, None, True
    row.starts_at, row.ends_at = row.ends_at, row.ends_at + timedelta(days=28)
    row.save(force_insert=True)


@pytest.mark.parametrize("spoil", [spoil_pricing, spoil_rows])
def test_a_bad_one_fails_alone_and_becomes_a_dead_letter(
    spoil: Callable[..., None], now: datetime, freeze: Freeze, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = sold(5)
    bad = keys[2]
    spoil(bad, monkeypatch)
    freeze(now.replace(month=2))
    for _ in range(8):
        run_jobs()
        Job.objects.filter(state="failed").update(available_at=now)
    renewed = Subscription.objects.filter(pk__in=keys, period_index=1)
    assert set(renewed.values_list("pk", flat=True)) == {*keys} - {bad}
    assert Invoice.objects.filter(reference=Subscription(pk=bad).public_id).count() == 1
    dead = Job.objects.get(state="dead")
    assert (dead.kind, dead.payload) == ("subscriptions.renew", {"id": str(bad)})
    assert dead.error_class in ("RuntimeError", "IntegrityError")


def test_whoever_slept_for_days_bills_every_period_once_oldest_first(
    now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    plan = make_plan(monthly("2", interval="day"))
    sold = [subscribe(make_customer(), plan, now=now + timedelta(seconds=number)) for number in range(3)]
    for row in sold:
        activate(row)
    freeze(now + timedelta(days=4, hours=1))
    run_jobs()
    for row in sold:
        assert list(row.periods.values_list("number", flat=True)) == [0, 1, 2, 3, 4]
    rows = Invoice.objects.order_by("sequence")
    numbered = [invoice.period_starts_at for invoice in rows if invoice.period_starts_at]
    assert len(numbered) == 15
    assert numbered == sorted(numbered)
    assert len(set(Invoice.objects.values_list("key", flat=True))) == 15
    assert broken("subscriptions.nothing_due_missed") == []
    assert broken("subscriptions.one_invoice_per_period") == []


def test_the_worker_renews_together(now: datetime, freeze: Freeze, run_jobs: Run) -> None:
    keys = sold(7)
    freeze(now.replace(month=2))
    with CaptureQueriesContext(connection) as captured:
        run_jobs()
    assert Subscription.objects.filter(pk__in=keys, period_index=1).count() == 7
    numbers = [one["sql"] for one in captured if "INSERT INTO billing_numbercounter" in one["sql"]]
    assert len(numbers) == 1
