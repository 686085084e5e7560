"""Renewals under kills and a gateway that fails every fifth time: none twice, none lost, and both books agree."""

import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from unittest.mock import patch
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.tests.factories import make_customer
from billing.services import create_tax_rate
from catalog.models import Plan
from catalog.services import NewPrice
from catalog.tests.factories import make_plan, monthly, seats
from core import events
from core.actor import SYSTEM
from core.periods import Cycle, Interval
from proof.harness import crew, verdict, world
from proof.harness.births import Child, Nursery
from proof.harness.crew import Crew, until
from proof.harness.outside import Outside
from proof.harness.progress import Progress
from proof.harness.results import Result
from proof.harness.settling import settle
from subscriptions.tests.factories import attach_card, make_coupon, subscribe
from tests.fixtures import NOW

MAKERS = 2
# Of a hundred answers twenty go wrong, in every way that leaves money's fate unknown.
FAULTS = {
    "ok": 80, "drop_before": 4, "process_then_drop": 4, "process_then_500": 3, "process_then_hang": 3,
    "hang_before": 2, "too_many_requests": 2, "malformed": 2,
}  # fmt: skip
# Whoever prints a document or looks for receivers changes nothing of the money, and takes longer than all the rest.
UNHEARD = ("billing.print_invoice", "billing.print_receipt", "webhooks.queue_deliveries")
_CHARGES = "SELECT count(*) FROM payments_sandboxcharge WHERE kind = 'charge' AND status = 'succeeded'"
_OPEN = "SELECT count(*) FROM payments_paymentattempt WHERE finished_at IS NULL"
_NEXT_LOOK = "SELECT min(next_reconcile_at) FROM payments_paymentattempt WHERE finished_at IS NULL"
_FAULTY = "SELECT count(*), coalesce(sum(requests - 1), 0) FROM payments_sandboxcharge WHERE requests > 1"
_PER_SUBSCRIPTION = """
SELECT count(*) FROM (
  SELECT reference FROM billing_invoice GROUP BY reference
  HAVING count(*) <> %s OR count(*) FILTER (WHERE state = 'paid') <> %s
     OR count(DISTINCT period_starts_at) <> count(*) OR min(paid_minor) <> max(paid_minor)) wrong
"""
# How many subscriptions have paid so much, all months together.
_PAID = """
SELECT paid_minor, count(*) FROM (
  SELECT sum(paid_minor)::bigint AS paid_minor FROM billing_invoice GROUP BY reference) one
GROUP BY paid_minor ORDER BY paid_minor
"""
_DEAD = "SELECT count(*) FROM jobs_job WHERE state = 'dead'"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a customer takes, how much of it, from where, with which coupon, and what he pays for each month of it."""

    monthly_minor: int
    price: NewPrice
    country: str | None = None
    quantity: int = 1
    coupons: tuple[str, ...] = ()


# A flat price; 15 % off 10.00, and 20 % tax on the rest; three seats at 4.00. In turn, one customer after the other.
KINDS = (
    Kind(monthly_minor=1000, price=monthly("10.00")),
    Kind(monthly_minor=1020, price=monthly("10.00"), country="NO", coupons=("FIFTEEN",)),
    Kind(monthly_minor=1200, price=seats("4.00"), quantity=3),
)


def sell() -> list[str]:
    """This function will make a plan of each kind, the tax and the coupon."""
    with world.inside(), transaction.atomic():
        create_tax_rate(code="NO20", name="VAT", percentage=Decimal(20), country="NO", actor=SYSTEM, now=NOW)
        make_coupon("FIFTEEN", percent=Decimal(15), duration="forever")
        return [str(make_plan(kind.price).pk) for kind in KINDS]


def welcome(plans: list[str], numbers: list[int]) -> None:
    """This function will subscribe customers with cards that work."""
    with world.inside():
        with transaction.atomic():
            chosen = [Plan.objects.get(pk=UUID(plan)) for plan in plans]
        for number in numbers:
            kind, plan = KINDS[number % len(KINDS)], chosen[number % len(KINDS)]
            with transaction.atomic():
                customer = make_customer(email=f"customer{number}@example.com", country=kind.country)
                attach_card(customer)
                subscribe(customer, plan, quantity=kind.quantity, coupons=kind.coupons)


def takings(subscriptions: int, months: int) -> list[tuple[int, int]]:
    """This function will return what is to be paid by a subscription of each kind, and by how many."""
    kinds = Counter(KINDS[number % len(KINDS)].monthly_minor * months for number in range(subscriptions))
    return sorted(kinds.items())


def run(
    nursery: Nursery,
    outside: Outside,
    result: Result,
    *,
    subscriptions: int,
    months: int,
    kills: int,
    minutes: float = 60.0,
) -> None:
    """This function will renew everybody month after month while processes are killed and the gateway fails."""
    all_of = events.handlers_of
    heard = patch.object(events, "handlers_of", lambda kind: [one for one in all_of(kind) if one.name not in UNHEARD])
    with heard:
        renewed = _renew_everybody(nursery, outside, result, (subscriptions, months), kills=kills, minutes=minutes)
        _judge(nursery, outside, result, subscriptions, renewed)


def _renew_everybody(
    nursery: Nursery, outside: Outside, result: Result, total: tuple[int, int], *, kills: int, minutes: float
) -> int:
    """Return how many months it came to."""
    (subscriptions, months), dice, began = total, random.Random(result.seed), time.monotonic()
    outside.set_clock(NOW)
    staff = Crew(nursery=nursery, outside=outside, dice=dice)
    _subscribe_everybody(nursery, outside, staff, subscriptions)
    # From here on the gateway fails; whoever is born now knows it.
    settings.SANDBOX_FAULTS = {"seed": result.seed, "weights": FAULTS}
    staff.start([(f"worker{n}", crew.work) for n in range(4)] + [(f"keeper{n}", crew.keep_house) for n in range(2)])
    try:
        for month in range(1, months + 1):
            _renew(staff, outside, month, total=(subscriptions, months), kills=kills)
            if time.monotonic() - began > minutes * 60 and month < months:
                # A slower machine proves less, and says so.
                result.figure += f" (time was up after month {month})"
                return month
    finally:
        staff.stop()
        result.kills = staff.kills
    return months


def _subscribe_everybody(nursery: Nursery, outside: Outside, staff: Crew, subscriptions: int) -> None:
    plans, began = nursery.ask(sell), time.monotonic()
    numbers = list(range(subscriptions))
    makers: list[Child] = [
        nursery.fork("maker", partial(welcome, plans, numbers[part::MAKERS])) for part in range(MAKERS)
    ]
    for maker in makers:
        if maker.wait():
            raise RuntimeError(nursery.log("maker").read_text(encoding="utf-8")[-3000:])
    if not settle(nursery, outside, staff, patience_s=60 + subscriptions):
        raise RuntimeError("the first month's payments do not come to an end")
    print(f"  {subscriptions} subscriptions in {time.monotonic() - began:.0f} s", flush=True)


def boundary(month: int) -> datetime:
    """This function will return the instant at which a month of everybody's begins."""
    return Cycle(anchor=NOW, interval=Interval.MONTH).boundary(month) + timedelta(minutes=1)


def _renew(staff: Crew, outside: Outside, month: int, *, total: tuple[int, int], kills: int) -> None:
    """One month: the renewals, then the looks at what the gateway did not answer, as soon as each is due."""
    subscriptions, months = total
    wanted, before = (month + 1) * subscriptions, outside.one(_CHARGES)
    outside.set_clock(boundary(month))
    told, deadline = Progress(), time.monotonic() + 90 + subscriptions

    def is_done() -> bool:
        charges = outside.one(_CHARGES)
        done = (charges - subscriptions) / (months * subscriptions)
        told.at(done, f"month {month}: {charges - subscriptions} renewals, {staff.kills} kills")
        share = (month - 1 + min((charges - before) / subscriptions, 1.0)) / months
        if staff.kills < kills * share:
            staff.kill_one()
            if staff.kills % 10 == 0:
                staff.pause_one()
        return charges >= wanted and not outside.unfinished() and not outside.one(_OPEN)

    def go_on() -> None:
        staff.revive()
        # The waits after a failure are real time; nobody here needs to sit them out.
        outside.skip_waits()
        if not outside.unfinished() and (look := outside.one(_NEXT_LOOK)):
            outside.set_clock(max(look, boundary(month)))

    until(is_done, seconds=deadline - time.monotonic(), every=go_on, interval=0.1)


def _judge(nursery: Nursery, outside: Outside, result: Result, subscriptions: int, months: int) -> None:
    charges, all_months = outside.one(_CHARGES), months + 1
    faulty, repeats = outside.rows(_FAULTY)[0]
    result.counted = {
        "renewals": charges - subscriptions, "kills": result.kills, "charges asked for again": faulty,
        "repeats": int(repeats),
    }  # fmt: skip
    result.expect("charges at the gateway", charges, subscriptions * all_months)
    result.expect("subscriptions with other invoices", outside.one(_PER_SUBSCRIPTION, [all_months, all_months]), 0)
    paid = [(int(minor), int(number)) for minor, number in outside.rows(_PAID)]
    result.expect("subscriptions by what they paid", paid, takings(subscriptions, all_months))
    result.expect("dead jobs", outside.one(_DEAD), 0)
    result.expect("work left over", outside.unfinished(), 0)
    result.broken += verdict.broken(nursery)
