"""A shop in which much happens by itself, and the ways in which its months can pass."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Customer
from billing.services import create_wallet, grant_promotion
from core import tenancy
from core.actor import SYSTEM
from core.models import Environment, scope_of
from core.periods import Cycle, Interval
from gifts.services import redeem_code
from gifts.tests.factories import buy, mailed_codes
from jobs import services as jobs
from jobs import time_travel
from jobs.dues import next_of_duties
from jobs.models import Job
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.proration import Behavior, Refund
from subscriptions.services import Wanted
from subscriptions.tests.factories import attach_card, make_coupon, make_customer, make_plan, monthly, seats, subscribe
from tests.fixtures import do_all_jobs

DAY = timedelta(days=1)
# The engine room's own rows tell when a machine did what, and how often it was asked to; codes of gifts are random.
APART = ("jobs_", "audit_unsealed", "webhooks_", "outbox_sequence", "outbox_receipt", "gifts_giftcode")
CLOCK = ("environment.clock_", "('subject', 'the environment')")


def customer(card: str = "success", **particulars: Any) -> Customer:
    """Return a customer with a card that behaves as named."""
    row = make_customer(**particulars)
    attach_card(row, card)
    return row


def plan_ahead(now: datetime) -> None:
    """Sell to people who have something planned: changes, pauses, an end, gifts, value that expires, and a zone whose
    clocks change on 8 March.
    """
    make_coupon("TWICE", percent=Decimal(10), duration="repeating", cycles=2)
    yorker = subscribe(customer(timezone="America/New_York"), make_plan(seats("20")), anchor="calendar", quantity=2)
    resting = subscribe(customer(), make_plan(monthly("31")), coupons=["TWICE"])
    changed = subscribe(customer(), make_plan(seats("15")))
    given = subscribe(customer(), make_plan(monthly("6")))
    buy(plan=make_plan(monthly("8")), intervals=1, deliver_at=now + 10 * DAY)
    buy(plan=given.plan, intervals=2)
    # Who has not paid yet has nothing to pause.
    do_all_jobs()
    how: dict[str, Any] = {"actor": SYSTEM, "now": now}
    redeem_code(code=mailed_codes()[-1], customer_id=given.customer_id, **how)
    services.schedule_change(subscription_id=yorker.pk, wanted=Wanted(quantity=3), **how)
    services.pause_subscription(subscription_id=resting.pk, until=now + 12 * DAY, policy="give_back", **how)
    services.cancel_subscription(subscription_id=resting.pk, at=now + 65 * DAY, refund=Refund.CREDIT, **how)
    services.pause_subscription(
        subscription_id=changed.pk, at="period_end", until=now + 36 * DAY, policy="restart", **how
    )
    larger = Wanted(plan_id=make_plan(seats("25")).pk, quantity=4)
    services.schedule_change(
        subscription_id=changed.pk, wanted=larger, at=now + 40 * DAY, behavior=Behavior.INVOICE_NOW, **how
    )
    _promise(changed, now)


def _promise(subscription: Subscription, now: datetime) -> None:
    """Value that pays for a month and for the change of the 40th day; the rest is gone on the 37th and the 60th."""
    wallet = create_wallet(customer_id=subscription.customer_id, currency="USD", actor=SYSTEM, now=now)
    for amount, days in ((7_000, 37), (99_900, 60)):
        grant_promotion(
            wallet_id=wallet.pk, amount_minor=amount, key=str(days), expires_at=now + days * DAY, actor=SYSTEM, now=now
        )


def month_of(now: datetime, month: int) -> datetime:
    """Return the instant so many months after another."""
    return Cycle(anchor=now, interval=Interval.MONTH).boundary(month)


def move(now: datetime, *months: int) -> None:
    """Move the clock in one move to each of these months from now."""
    environment_id = tenancy.environment_id()
    for month in months:
        to, at = month_of(now, month), Environment.objects.get(pk=environment_id)
        jobs.advance_clock(to=to, actor=SYSTEM, now=at.clock_at or now)
        while not time_travel.travel(environment_id, to=to):
            pass


def live(now: datetime, months: int) -> None:
    """Let relay, beat and workers do what they do at each instant at which something is to be done.

    Of several kinds of things at one instant theirs is another order; whoever compares plans no such two.
    """
    environment_id, to = tenancy.environment_id(), month_of(now, months)
    at: datetime | None = now
    while at is not None and at <= to:
        Environment.objects.filter(pk=environment_id).update(clock_at=at)
        with tenancy.scope(scope_of(environment_id)):
            do_all_jobs()
        at = _next_instant()


def _next_instant() -> datetime | None:
    waiting = list(Job.objects.filter(state="pending").values_list("run_at", flat=True))
    return min([*waiting, *next_of_duties(tenancy.environment_id()).values()], default=None)


def compared(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return what is compared: everything but the engine room, and the facts about the clock itself."""
    kept = {table: rows for table, rows in found.items() if not table.startswith(APART)}
    told = {table: [row for row in rows if not any(one in row for one in CLOCK)] for table, rows in kept.items()}
    return {table: rows for table, rows in told.items() if rows}


def assert_same(ours: dict[str, list[str]], theirs: dict[str, list[str]]) -> None:
    """Hold each table's rows against the other's."""
    for table in sorted(ours.keys() | theirs.keys()):
        mine, his = ours.get(table, []), theirs.get(table, [])
        differing = (sorted({*mine} - {*his})[:1], sorted({*his} - {*mine})[:1])
        assert mine == his, f"{table}: {differing}"
