"""Asking what a change would cost."""

import random
import sys
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta

import pytest

from billing.models import Invoice
from billing.selectors import explain_invoice
from core import errors
from core.actor import SYSTEM
from core.invariants import broken, rules
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.proration import Behavior
from subscriptions.services import Wanted
from subscriptions.tests.changing import change, preview
from subscriptions.tests.factories import make_coupon, make_plan, seats, subscribe
from subscriptions.tests.histories import World, figures
from subscriptions.tests.migrating import half_way
from tests.edge.state import digest
from tests.edge.world import savepoint
from tests.fixtures import do_all_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seat_sold")]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


@pytest.fixture
def active(seat_sold: Subscription) -> Subscription:
    """A paid subscription to one seat of 20.00 USD a month from 15 January, 31 days long."""
    return deepcopy(seat_sold)


def test_it_tells_the_lines_the_amount_due_and_the_next_invoice(active: Subscription, now: datetime) -> None:
    make_coupon()
    before = digest()
    seen = preview(active, half_way(now), Behavior.INVOICE_NOW, quantity=3, coupon="HALF")
    assert digest() == before
    assert seen.invoice is not None
    assert seen.renewal is not None
    assert [line.amount_minor for line in seen.invoice.lines] == [-1000, 3000]
    assert (seen.invoice.discount_minor, seen.invoice.total_minor, seen.due_minor) == (1500, 500, 500)
    assert (seen.behavior, seen.takes_effect_at, seen.waiting) == (Behavior.INVOICE_NOW, half_way(now), ())
    assert (seen.renews_at, seen.renewal.due_minor) == (active.renews_at, 6000)


def test_what_waits_is_told_and_is_on_the_next_invoice(active: Subscription, now: datetime) -> None:
    seen = preview(active, half_way(now), quantity=3)
    assert (seen.invoice, seen.waiting_minor, seen.credit_minor, seen.due_minor) == (None, 2000, 1000, 0)
    assert seen.renewal is not None
    assert [line.amount_minor for line in seen.renewal.lines] == [6000, -1000, 3000]


def test_in_a_trial_the_first_invoice_is_told(now: datetime) -> None:
    subscription = subscribe(plan=make_plan(seats("20.00"), trial_days=14))
    seen = preview(subscription, now, quantity=2)
    assert (seen.invoice, seen.behavior, seen.renews_at) == (None, None, now + timedelta(days=14))
    assert seen.renewal is not None
    assert seen.renewal.total_minor == 4000


def test_where_nothing_follows_no_next_invoice_is_told(active: Subscription, now: datetime) -> None:
    Subscription.objects.filter(pk=active.pk).update(cancel_at=active.period_ends_at, renews_at=None)
    seen = preview(active, half_way(now), quantity=2)
    assert (seen.renews_at, seen.renewal) == (None, None)


def test_it_leaves_no_gap_in_the_numbers_and_tells_nobody(
    active: Subscription, now: datetime, facts: Callable[[], list[str]]
) -> None:
    told = facts()
    preview(active, half_way(now), Behavior.INVOICE_NOW, quantity=3)
    assert facts() == told
    change(active, half_way(now), Behavior.INVOICE_NOW, quantity=2)
    numbers = list(Invoice.objects.order_by("id").values_list("sequence", flat=True))
    assert numbers == [1, 2]


def test_the_next_invoice_comes_as_it_was_told(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    from_now = preview(active, half_way(now), quantity=3)
    change(active, half_way(now), quantity=3)
    freeze(active.period.ends_at)
    run_jobs()
    made = Invoice.objects.latest("id")
    assert figures(from_now.renewal) == figures(explain_invoice(made.pk))


# What a walk can come across.
CAN_BE_SEEN = {
    "changed", "same", "period_end", "instant", "renewal", "payment_method", "trialing", "active", "past_due", "paused",
}  # fmt: skip


def test_what_waited_before_is_not_what_the_change_brings(active: Subscription, now: datetime) -> None:
    change(active, half_way(now), quantity=3)
    seen = preview(active, half_way(now), quantity=3)
    assert (seen.is_changed, seen.waiting, seen.waiting_minor, seen.credit_minor) == (False, (), 0, 0)
    seen = preview(active, half_way(now), quantity=4)
    assert (seen.waiting_minor, seen.credit_minor) == (1000, 3000)
    assert seen.renewal is not None
    # What waited is still on the next invoice.
    assert [line.amount_minor for line in seen.renewal.lines] == [8000, -1000, 3000, -3000, 4000]


def refusal_of(verb: Callable[..., object], row: Subscription, now: datetime, **when: object) -> str:
    """The code of the refusal of six seats later; nothing if it is not refused."""
    try:
        verb(subscription_id=row.pk, wanted=Wanted(quantity=6), actor=SYSTEM, now=now, **when)
    except errors.Refusal as refused:
        return refused.code
    return ""


@pytest.mark.parametrize("in_days", [None, 10, 731, 1500, -1])
def test_asking_refuses_what_changing_refuses_and_nothing_else(
    active: Subscription, now: datetime, in_days: int | None
) -> None:
    at = None if in_days is None else now + timedelta(days=in_days)
    for expected in ("", "change_already_scheduled"):
        asked = refusal_of(services.preview_change, active, now, when=at or "period_end")
        assert asked == refusal_of(services.schedule_change, active, now, at=at)
        assert asked == (expected if in_days in (None, 10, 731) else "change_not_in_time")


def walk(seed: int, steps: int, now: datetime, freeze: Freeze) -> set[str]:
    """One random history; what became of its steps, and the states in which they were tried."""
    world, seen = World(seed, now, freeze), set()
    dice = random.Random(seed + 1)
    for _ in range(steps):
        world.now += timedelta(seconds=dice.randint(0, 12 * 86400))
        freeze(world.now)
        if dice.random() < 0.6:
            do_all_jobs()
        seen.add(world.step(world.now))
    do_all_jobs()
    # Nobody seals here, and many histories take longer than an entry may wait for that.
    codes = [one.code for one in rules() if one.code != "audit.sealed_in_time"]
    assert {code: broken(code) for code in codes} == {code: [] for code in codes}, f"seed {seed}"
    return seen | world.seen


@pytest.mark.parametrize(
    ("seed", "met"),
    [
        (202, {"same", "period_end", "renewal", "past_due", "paused"}),
        (216, {"changed", "instant", "payment_method", "trialing", "paused"}),
    ],
)
def test_what_is_told_is_what_is_invoiced(seed: int, met: set[str], now: datetime, freeze: Freeze) -> None:
    assert met <= walk(seed, 6, now, freeze)


@pytest.mark.proof
def test_over_many_histories_what_is_told_is_what_is_invoiced(now: datetime, freeze: Freeze) -> None:
    first, seen = random.randrange(10**6), set[str]()
    for seed in range(first, first + 150):
        sys.stdout.write(f"seed {seed}\n")
        with savepoint():
            freeze(now)
            seen |= walk(seed, 20, now, freeze)
    assert seen >= CAN_BE_SEEN
