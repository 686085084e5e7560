"""People and workers who change one subscription at the same instant."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from billing.models import Coupon, Invoice
from billing.selectors import waiting_minor
from core import clock, errors
from core.actor import SYSTEM
from outbox.models import OutboxEvent
from subscriptions import internal, services
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.proration import Behavior
from subscriptions.services import Wanted
from subscriptions.tests.factories import make_coupon, make_plan, seats, subscribe
from subscriptions.tests.migrating import half_way, healthy
from tests.fixtures import do_all_jobs
from tests.session import Database

AT_ONCE = 6
Scope = Callable[[], Any]


def run_all(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def ask(scope: Scope, verb: Callable[..., Any], **how: Any) -> str:
    """What came of it: the refusal's code, or nothing."""
    try:
        with scope(), transaction.atomic():
            verb(**how)
    except errors.Refusal as refused:
        return refused.code
    finally:
        connection.close()
    return ""


def running(scope: Scope) -> tuple[UUID, datetime]:
    """A paid subscription of one seat at 20.00 USD, and the middle of its period."""
    with scope():
        with transaction.atomic():
            subscription = subscribe(plan=make_plan(seats("20.00")))
        do_all_jobs()
        with transaction.atomic():
            return subscription.pk, half_way(subscription.created_at)


@pytest.mark.slow
def test_changes_at_one_instant_come_one_after_the_other(committed: Database, sandbox_scope: Scope) -> None:
    """Each finds what the one before has made: what all of them charge is the last quantity's difference."""
    key, at = running(sandbox_scope)
    how = {"subscription_id": key, "behavior": Behavior.INVOICE_NOW, "actor": SYSTEM, "now": at}
    calls = [
        partial(ask, sandbox_scope, services.change_subscription, wanted=Wanted(quantity=number), **how)
        for number in range(2, 2 + AT_ONCE)
    ]
    previews = [
        partial(ask, sandbox_scope, services.preview_change, wanted=Wanted(quantity=99), **how) for _ in range(2)
    ]
    assert run_all([*calls, *previews]) == [""] * (AT_ONCE + 2)
    with sandbox_scope(), transaction.atomic():
        subscription = Subscription.objects.get(pk=key)
        made = list(Invoice.objects.about(subscription.public_id).order_by("sequence"))
        charged = sum(line.amount_minor for invoice in made for line in invoice.lines.all())
        carried = waiting_minor(subscription.public_id, subscription.currency)
        share = (subscription.period.ends_at - at) / subscription.period.length
        assert charged + carried == pytest.approx(2000 + 2000 * (subscription.quantity - 1) * share, abs=AT_ONCE)
        assert [invoice.sequence for invoice in made] == list(range(1, len(made) + 1))
        assert healthy()


@pytest.mark.slow
def test_of_those_who_schedule_for_one_instant_one_wins(committed: Database, sandbox_scope: Scope) -> None:
    key, at = running(sandbox_scope)
    how = {"subscription_id": key, "actor": SYSTEM, "now": at}
    outcomes = run_all(
        [
            partial(ask, sandbox_scope, services.schedule_change, wanted=Wanted(quantity=number), **how)
            for number in range(2, 2 + AT_ONCE)
        ]
    )
    assert (outcomes.count(""), outcomes.count("change_already_scheduled")) == (1, AT_ONCE - 1)


@pytest.mark.slow
def test_workers_and_withdrawals_agree_on_what_becomes_of_a_change(committed: Database, sandbox_scope: Scope) -> None:
    """A change is due: workers do it, renewals come by, somebody takes it back. It happens once or not at all."""
    key, at = running(sandbox_scope)
    with sandbox_scope(), transaction.atomic():
        row = services.schedule_change(
            subscription_id=key, wanted=Wanted(quantity=3), at=at, behavior=Behavior.INVOICE_NOW, actor=SYSTEM,
            now=clock.now(),
        )  # fmt: skip
        late = Subscription.objects.get(pk=key).period.ends_at
    how = {"actor": SYSTEM, "now": late}
    run_all(
        [
            *[partial(ask, sandbox_scope, internal.apply_change, change_id=row.pk, **how) for _ in range(2)],
            *[partial(ask, sandbox_scope, internal.renew, subscription_id=key, **how) for _ in range(2)],
            partial(ask, sandbox_scope, services.withdraw_change, change_id=row.pk, **how),
        ]
    )
    with sandbox_scope(), transaction.atomic():
        row, subscription = ScheduledChange.objects.get(), Subscription.objects.get(pk=key)
        totals = [one.total_minor for one in Invoice.objects.about(subscription.public_id).order_by("sequence")]
        assert (row.state, subscription.quantity, subscription.period_index) == ("applied", 3, 1)
        assert (totals[0], totals[2], len(totals)) == (2000, 6000, 3)
        assert healthy()


@pytest.mark.slow
def test_a_coupon_is_taken_off_once_whoever_asks(committed: Database, sandbox_scope: Scope) -> None:
    with sandbox_scope():
        with transaction.atomic():
            make_coupon(duration="forever")
            subscription = subscribe(plan=make_plan(seats("20.00")), coupons=["HALF"])
        do_all_jobs()
    how = {"subscription_id": subscription.pk, "actor": SYSTEM, "now": half_way(subscription.created_at)}
    call = partial(
        ask, sandbox_scope, services.change_subscription, wanted=Wanted(remove_coupons=("HALF",)), **how
    )  # fmt: skip
    assert run_all([call] * AT_ONCE) == [""] * AT_ONCE
    with sandbox_scope(), transaction.atomic():
        assert OutboxEvent.objects.filter(type="coupon.removed").count() == 1
        assert subscription.events.filter(type="changed").count() == 1
        assert (Coupon.objects.get().redeemed, Invoice.objects.get().total_minor) == (1, 1000)
        assert healthy()
