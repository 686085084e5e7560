"""Changes that are to be made later."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import Error, IntegrityError, transaction

from billing.models import Invoice
from billing.selectors import explain_invoice
from catalog.services import archive_plan
from core.actor import SYSTEM
from core.errors import Refusal
from payments.models import Payment
from payments.selectors import find_default_method_id
from payments.services import detach_payment_method
from subscriptions import internal, services
from subscriptions.models import ScheduledChange, Subscription
from subscriptions.proration import Behavior
from subscriptions.services import ScheduledChangeOver, Wanted
from subscriptions.tests.changing import amounts, change, invoices_of, preview, second_card, waiting
from subscriptions.tests.factories import (
    latest,
    lines_of,
    make_addon,
    make_coupon,
    make_customer,
    make_plan,
    monthly,
    once,
    seats,
    subscribe,
)
from subscriptions.tests.histories import figures
from subscriptions.tests.migrating import half_way, healthy, subscribed
from tests.edge.state import digest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seat_sold")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


@pytest.fixture
def active(seat_sold: Subscription) -> Subscription:
    """A paid subscription to one seat of 20.00 USD a month from 15 January, 31 days long."""
    return deepcopy(seat_sold)


def schedule(
    subscription: Subscription, now: datetime, at: datetime | None = None, behavior: Behavior | None = None,
    **wanted: Any,
) -> ScheduledChange:  # fmt: skip
    """Schedule a change for an instant, or with the next period."""
    return services.schedule_change(
        subscription_id=subscription.pk, wanted=Wanted(**wanted), at=at, behavior=behavior, actor=SYSTEM, now=now
    )


def refused(verb: Callable[..., Any], *arguments: Any, **named: Any) -> Refusal:
    """The refusal of a verb, which has changed no row of any table."""
    before = digest()
    with pytest.raises(Refusal) as caught, transaction.atomic():
        verb(*arguments, **named)
    assert digest() == before
    return caught.value


def test_with_the_next_period_everything_is_priced_anew_and_nothing_prorated(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run, facts: Facts
) -> None:
    smaller, addon = make_plan(seats("10.00")), make_addon(monthly("5"))
    row = schedule(active, half_way(now), plan_id=smaller.pk, quantity=3, addons=((addon.pk, 1),))
    active.refresh_from_db()
    assert (active.plan_id == smaller.pk, active.quantity, waiting(active)) == (False, 1, [])
    assert row.takes_effect_at == active.period_ends_at
    freeze(now.replace(month=2))
    run_jobs()
    active.refresh_from_db()
    row.refresh_from_db()
    assert (row.state, active.plan_id, active.quantity) == ("applied", smaller.pk, 3)
    assert lines_of(latest(active)) == [("fixed", 3000), ("addon", 500)]
    told = [fact for fact in facts() if fact.startswith("subscription.change")]
    assert told == ["subscription.change_scheduled", "subscription.changed"]
    assert active.events.filter(type="changed", reason=row.public_id, effective_at=now.replace(month=2)).exists()
    assert healthy()


def test_at_an_instant_the_rest_of_the_period_is_prorated(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    row = schedule(active, now, half_way(now), Behavior.INVOICE_NOW, quantity=3)
    freeze(half_way(now))
    run_jobs()
    active.refresh_from_db()
    row.refresh_from_db()
    assert (row.state, active.quantity, amounts(latest(active))) == ("applied", 3, [-1000, 3000])
    assert row.invoice_id == latest(active).pk
    assert healthy()


def test_an_outage_of_days_is_made_up_for_in_order(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    """Three seats from 31 January, a plan of 40.00 with the period of 15 February, five seats from 1 March."""
    bigger = make_plan(seats("40.00"))
    schedule(active, now, now + timedelta(days=16), Behavior.INVOICE_NOW, quantity=3)
    schedule(active, now, plan_id=bigger.pk)
    schedule(active, now, now + timedelta(days=45), Behavior.INVOICE_NOW, quantity=5)
    freeze(now.replace(month=3, day=20))
    run_jobs()
    active.refresh_from_db()
    assert [amounts(invoice) for invoice in invoices_of(active)] == [
        [2000], [-968, 2903], [12000], [-6000, 10000], [20000],
    ]  # fmt: skip
    assert not ScheduledChange.objects.pending().exists()
    periods = list(active.periods.order_by("number").values_list("starts_at", flat=True))
    assert periods == [now, now.replace(month=2), now.replace(month=3)]
    assert healthy()


def test_a_renewal_that_comes_first_does_what_was_scheduled_before_it(
    active: Subscription, now: datetime, freeze: Freeze
) -> None:
    """A worker that renews before it looks for changes ends at the same."""
    schedule(active, now, half_way(now), quantity=3)
    late = now.replace(month=2) + timedelta(days=1)
    freeze(late)
    internal.renew(subscription_id=active.pk, actor=SYSTEM, now=late)
    assert [amounts(invoice) for invoice in invoices_of(active)] == [[2000], [6000, -1000, 3000]]


def test_many_renewed_together_leave_those_that_change_to_be_renewed_alone(
    active: Subscription, now: datetime, freeze: Freeze
) -> None:
    schedule(active, now, quantity=3)
    freeze(now.replace(month=2))
    left = internal.renew_many(subscription_ids=[active.pk], actor=SYSTEM, now=now.replace(month=2))
    active.refresh_from_db()
    assert (left, active.period_index) == ({active.pk}, 0)


@pytest.mark.parametrize("by", ["period", "instant"])
def test_it_costs_what_was_told_when_it_was_asked_for(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run, by: str
) -> None:
    make_coupon(duration="forever")
    when: Any = "period_end" if by == "period" else now + timedelta(days=40)
    wanted = {"plan_id": make_plan(seats("33.33")).pk, "quantity": 3, "coupon": "HALF"}
    before = digest()
    seen = services.preview_change(
        subscription_id=active.pk, wanted=Wanted(**wanted), when=when, behavior=Behavior.INVOICE_NOW, actor=SYSTEM,
        now=half_way(now),
    )  # fmt: skip
    assert digest() == before
    at = now.replace(month=2) if by == "period" else when
    assert (seen.takes_effect_at, (seen.invoice is None)) == (at, by == "period")
    schedule(active, half_way(now), None if by == "period" else when, Behavior.INVOICE_NOW, **wanted)
    freeze(at)
    run_jobs()
    assert figures(explain_invoice(latest(active).pk)) == figures(seen.renewal if by == "period" else seen.invoice)
    freeze(seen.renews_at or at)
    run_jobs()
    assert figures(explain_invoice(latest(active).pk)) == figures(seen.renewal)


def test_an_anchor_can_move_with_the_next_period(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    """From 15 February to 1 March are 14 of the 28 days between 1 February and 1 March."""
    anchor = now.replace(month=3, day=1)
    schedule(active, now, anchor=anchor)
    freeze(now.replace(month=2))
    run_jobs()
    active.refresh_from_db()
    assert (active.period_starts_at, active.period_ends_at) == (now.replace(month=2), anchor)
    assert amounts(latest(active)) == [1000]
    freeze(anchor)
    run_jobs()
    assert amounts(latest(active)) == [2000]
    assert healthy()


def test_a_plan_of_another_interval_begins_with_the_next_period(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    schedule(active, now, plan_id=make_plan(seats("200.00", interval="year")).pk)
    freeze(now.replace(month=2))
    run_jobs()
    active.refresh_from_db()
    assert (amounts(latest(active)), active.period_ends_at) == ([20000], now.replace(year=2027, month=2))
    assert healthy()


def test_a_trial_becomes_paid_with_what_was_scheduled(now: datetime, freeze: Freeze, run_jobs: Run) -> None:
    subscription = subscribe(plan=make_plan(seats("20.00"), trial_days=14))
    schedule(subscription, now, now + timedelta(days=3), quantity=2)
    schedule(subscription, now, plan_id=make_plan(seats("30.00")).pk)
    schedule(subscription, now, now + timedelta(days=20), Behavior.INVOICE_NOW, quantity=3)
    freeze(now + timedelta(days=21))
    run_jobs()
    subscription.refresh_from_db()
    first, second = invoices_of(subscription)
    assert (subscription.status, amounts(first)) == ("active", [6000])
    # 6 of the 30 days from 29 January have passed.
    assert amounts(second) == [-4800, 7200]
    assert healthy()


def test_a_scheduled_start_takes_what_was_scheduled_for_it(now: datetime, freeze: Freeze, run_jobs: Run) -> None:
    starts_at = now + timedelta(days=3)
    subscription = subscribe(plan=make_plan(seats("20.00")), starts_at=starts_at)
    row = schedule(subscription, now, quantity=4)
    assert row.takes_effect_at == starts_at
    freeze(starts_at)
    run_jobs()
    assert amounts(latest(subscription)) == [8000]


def test_one_that_cannot_be_done_any_more_fails_alone(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run, facts: Facts
) -> None:
    gone = make_plan(seats("40.00"))
    dated = schedule(active, now, half_way(now), plan_id=gone.pk, quantity=9)
    with_period = schedule(active, now, plan_id=gone.pk)
    archive_plan(plan_id=gone.pk, actor=SYSTEM, now=now)
    freeze(now.replace(month=2))
    run_jobs()
    active.refresh_from_db()
    assert (active.quantity, active.period_index) == (1, 1)
    assert [amounts(invoice) for invoice in invoices_of(active)] == [[2000], [2000]]
    for row in (dated, with_period):
        row.refresh_from_db()
        assert (row.state, row.error.partition(":")[0], row.invoice_id) == ("failed", "plan_archived", None)
    assert facts().count("subscription.change_failed") == 2
    letters = [one for one in mail.outbox if "could not be made" in one.body]
    assert len(letters) == 2
    assert active.public_id in letters[0].body
    assert healthy()


@pytest.mark.parametrize("dated", [True, False])
def test_a_means_of_payment_pays_from_the_change_on(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run, dated: bool
) -> None:
    """The invoice of the change, or of the period that begins with it, is the first that the other card pays."""
    other = second_card(active)
    at = half_way(now) if dated else None
    row = schedule(active, now, at, Behavior.INVOICE_NOW if dated else None, quantity=3, payment_method_id=other.pk)
    assert find_default_method_id(active.customer_id) != other.pk
    freeze(at or now.replace(month=2))
    run_jobs()
    row.refresh_from_db()
    assert (row.state, find_default_method_id(active.customer_id)) == ("applied", other.pk)
    assert [invoice.state for invoice in invoices_of(active)] == ["paid", "paid"]
    paid_by = [one.payment_method_id == other.pk for one in Payment.objects.order_by("id")]
    assert paid_by == [False, True]
    assert healthy()


@pytest.mark.parametrize("dated", [True, False])
def test_a_means_of_payment_that_is_gone_by_then_lets_its_change_fail_alone(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run, dated: bool
) -> None:
    """Neither the quantity nor the default has changed, the period goes on, and the customer is told."""
    other, old = second_card(active), find_default_method_id(active.customer_id)
    row = schedule(active, now, half_way(now) if dated else None, quantity=3, payment_method_id=other.pk)
    detach_payment_method(payment_method_id=other.pk, actor=SYSTEM, now=now)
    freeze(now.replace(month=2))
    run_jobs()
    active.refresh_from_db()
    row.refresh_from_db()
    assert (row.state, row.error.partition(":")[0]) == ("failed", "payment_method_detached")
    assert (active.quantity, active.period_index, find_default_method_id(active.customer_id)) == (1, 1, old)
    assert [(amounts(one), one.state) for one in invoices_of(active)] == [([2000], "paid"), ([2000], "paid")]
    assert len([one for one in mail.outbox if "could not be made" in one.body]) == 1
    assert healthy()


def test_a_means_of_payment_that_is_gone_is_not_scheduled(active: Subscription, now: datetime) -> None:
    other = second_card(active)
    detach_payment_method(payment_method_id=other.pk, actor=SYSTEM, now=now)
    assert refused(schedule, active, now, payment_method_id=other.pk).code == "payment_method_detached"


def test_one_that_fails_late_leaves_nothing_of_itself(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    """The coupon is used up by somebody else in the meantime; add-on and quantity are not changed either."""
    make_coupon(max_redemptions=1)
    row = schedule(active, now, half_way(now), quantity=3, addons=((make_addon(monthly("5")).pk, 1),), coupon="HALF")
    subscribed(make_plan(), coupons=["HALF"])
    run_jobs()
    freeze(half_way(now))
    run_jobs()
    active.refresh_from_db()
    row.refresh_from_db()
    assert (row.state, row.error.partition(":")[0]) == ("failed", "coupon_exhausted")
    assert (active.quantity, active.addons.count(), waiting(active)) == (1, 0, [])
    assert healthy()


def test_one_is_replaced_and_withdrawn(active: Subscription, now: datetime, facts: Facts) -> None:
    row = schedule(active, now, quantity=2)
    other = services.replace_change(
        change_id=row.pk, wanted=Wanted(quantity=3), at=half_way(now), actor=SYSTEM, now=now
    )
    row.refresh_from_db()
    assert (row.state, row.error, other.replaces_id, other.effective_at) == (
        "withdrawn", "replaced", row.pk, half_way(now),
    )  # fmt: skip
    services.withdraw_change(change_id=other.pk, reason="no need", actor=SYSTEM, now=now)
    other.refresh_from_db()
    assert (other.state, other.error) == ("withdrawn", "no need")
    for over in (row, other):
        refusal = refused(services.withdraw_change, change_id=over.pk, actor=SYSTEM, now=now)
        assert (type(refusal), refusal.members) == (ScheduledChangeOver, {"state": "withdrawn"})
        how = {"wanted": Wanted(quantity=5), "actor": SYSTEM, "now": now}
        assert type(refused(services.replace_change, change_id=over.pk, **how)) is ScheduledChangeOver
    assert [fact for fact in facts() if "change_" in fact] == [
        "subscription.change_scheduled", "subscription.change_withdrawn", "subscription.change_scheduled",
        "subscription.change_withdrawn",
    ]  # fmt: skip


def test_one_that_is_replaced_badly_goes_on_waiting(active: Subscription, now: datetime) -> None:
    row = schedule(active, now, quantity=2)
    how = {"wanted": Wanted(coupon="NONE"), "actor": SYSTEM, "now": now}
    assert refused(services.replace_change, change_id=row.pk, **how).code == "coupon_unknown"
    row.refresh_from_db()
    assert row.state == "pending"


def test_a_cancellation_withdraws_what_would_come_with_it_or_later(
    active: Subscription, now: datetime, facts: Facts
) -> None:
    rows = [
        schedule(active, now, quantity=2), schedule(active, now, active.period.ends_at, quantity=3),
        schedule(active, now, active.period.ends_at + timedelta(days=1), quantity=4),
    ]  # fmt: skip
    before = schedule(active, now, half_way(now), quantity=3)
    services.cancel_subscription(subscription_id=active.pk, actor=SYSTEM, now=now)
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.error) == ("withdrawn", "subscription_ends")
    before.refresh_from_db()
    assert (before.state, facts().count("subscription.change_withdrawn")) == ("pending", 3)


def test_an_end_withdraws_what_waits(active: Subscription, now: datetime) -> None:
    row = schedule(active, now, quantity=2)
    services.cancel_subscription(subscription_id=active.pk, at="now", actor=SYSTEM, now=now)
    row.refresh_from_db()
    assert row.state == "withdrawn"


def test_until_a_scheduled_end_something_can_be_scheduled_but_not_for_then(active: Subscription, now: datetime) -> None:
    services.cancel_subscription(subscription_id=active.pk, actor=SYSTEM, now=now)
    for at in (None, active.period_ends_at):
        assert type(refused(schedule, active, now, at, quantity=2)) is services.CancellationScheduled
    assert schedule(active, now, half_way(now), quantity=2).state == "pending"


def test_nothing_is_scheduled_for_after_a_fixed_term(now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(plan=make_plan(seats("20.00")), intervals=1)
    run_jobs()
    refusal = refused(schedule, subscription, now, quantity=2)
    assert (type(refusal), list(refusal.members)) == (services.NoNextPeriod, ["ends_at"])


def test_two_cannot_wait_for_one_instant(active: Subscription, now: datetime) -> None:
    for at in (None, half_way(now)):
        row = schedule(active, now, at, quantity=2)
        refusal = refused(schedule, active, now, at, quantity=3)
        assert (type(refusal), refusal.members) == (services.ChangeAlreadyScheduled, {"change": row.public_id})
        with pytest.raises(IntegrityError, match="one_per_instant"), transaction.atomic():
            ScheduledChange.objects.create(
                subscription=active, wanted={}, effective_at=at, created_by="me", created_at=now
            )


def test_what_could_not_be_done_now_is_not_scheduled(active: Subscription, now: datetime) -> None:
    for at in (None, half_way(now)):
        assert refused(schedule, active, now, at, coupon="NONE").code == "coupon_unknown"
        euro = make_plan(monthly("9", currency="EUR"))
        assert refused(schedule, active, now, at, plan_id=euro.pk).code == "currency_not_offered"
    for at in (now, now - timedelta(days=1), now + timedelta(days=800)):
        assert type(refused(schedule, active, now, at, quantity=2)) is services.ChangeNotInTime


@pytest.mark.parametrize("state", ["incomplete", "canceled"])
def test_what_cannot_be_changed_is_not_scheduled_either(now: datetime, state: str) -> None:
    subscription = subscribe(make_customer())
    if state == "canceled":
        services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=SYSTEM, now=now)
    assert refused(schedule, subscription, now, quantity=2).code == "invalid_transition"


def test_what_is_charged_once_is_on_the_first_invoice_of_the_period(
    active: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    schedule(active, now, addons=((make_addon(once(), kind="one_off").pk, 1),))
    freeze(now.replace(month=2))
    run_jobs()
    assert lines_of(latest(active)) == [("fixed", 2000), ("one_off", 9900)]


def test_the_database_holds_what_was_asked_for_and_what_became_of_it(active: Subscription, now: datetime) -> None:
    row = schedule(active, now, quantity=2)
    rows = ScheduledChange.objects.filter(pk=row.pk)
    wrongs: list[dict[str, Any]] = [
        {"wanted": {"quantity": 9}}, {"effective_at": half_way(now)}, {"state": "applied"}, {"settled_at": now},
        {"state": "done"}, {"invoice": latest(active)}, {"created_by": "me"},
    ]  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(Error), transaction.atomic():
            rows.update(**wrong)
    services.withdraw_change(change_id=row.pk, actor=SYSTEM, now=now)
    over: list[dict[str, Any]] = [{"state": "pending", "settled_at": None}, {"state": "applied"}, {"error": "x"}]
    for wrong in over:
        with pytest.raises(Error), transaction.atomic():
            rows.update(**wrong)


def test_a_second_worker_finds_it_done(active: Subscription, now: datetime, freeze: Freeze) -> None:
    row = schedule(active, now, half_way(now), Behavior.INVOICE_NOW, quantity=3)
    freeze(half_way(now))
    early = internal.apply_change(change_id=row.pk, actor=SYSTEM, now=half_way(now) - timedelta(seconds=1))
    assert early is None
    for _ in range(2):
        internal.apply_change(change_id=row.pk, actor=SYSTEM, now=half_way(now))
    assert Invoice.objects.count() == 2


def test_what_is_due_is_done_before_somebody_changes_more(active: Subscription, now: datetime) -> None:
    """Nobody has looked for due changes; a change by hand finds the subscription as it should be."""
    schedule(active, now, half_way(now), quantity=3)
    change(active, half_way(now) + timedelta(days=1), Behavior.NONE, addons=((make_addon(monthly("5")).pk, 1),))
    assert (active.quantity, ScheduledChange.objects.get().state) == (3, "applied")


def test_asking_tells_what_waits_as_well(active: Subscription, now: datetime) -> None:
    schedule(active, now, quantity=4)
    seen = preview(active, half_way(now), addons=((make_addon(monthly("5")).pk, 1),))
    assert seen.renewal is not None
    assert [line.amount_minor for line in seen.renewal.lines] == [8000, 500, 250]
