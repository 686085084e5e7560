"""Resting and going on: now or at the period's end, with the days given back or with a new period afterwards."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing.models import CreditNote, Invoice
from catalog.services import NewFeature
from core import invariants
from core.actor import SYSTEM
from subscriptions import internal, services
from subscriptions.models import Subscription, SubscriptionPause
from subscriptions.tests.factories import (
    attach_card,
    free_plan,
    latest,
    lines_of,
    make_customer,
    make_plan,
    metered,
    monthly,
    states_of,
    subscribe,
    use,
)
from usage.models import Entitlement

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]
DAY = timedelta(days=1)


def pause(row: Subscription, now: datetime, **how: Any) -> Subscription:
    return services.pause_subscription(subscription_id=row.pk, **{"actor": SYSTEM, "now": now, **how})


def resume(row: Subscription, now: datetime) -> Subscription:
    return services.resume_subscription(subscription_id=row.pk, actor=SYSTEM, now=now)


def healthy() -> None:
    """The rules about subscriptions hold."""
    broken = {
        one.code: invariants.broken(one.code) for one in invariants.rules() if one.code.startswith("subscriptions.")
    }
    assert {code: rows for code, rows in broken.items() if rows} == {}


@pytest.fixture
def paid(run_jobs: Run) -> Subscription:
    """A running subscription that costs 20.00 a month, since now."""
    row = subscribe(plan=make_plan(monthly("31"), features=[NewFeature(code="sso", name="Single sign-on")]))
    run_jobs()
    row.refresh_from_db()
    assert row.status == "active"
    return row


def test_what_rests_is_neither_renewed_nor_granted(
    paid: Subscription, now: datetime, freeze: Freeze, run_jobs: Run, facts: Facts
) -> None:
    pause(paid, now + 10 * DAY, reason="holidays")
    paid.refresh_from_db()
    assert (paid.status, paid.paused_at, paid.renews_at, paid.remind_at) == ("paused", now + 10 * DAY, None, None)
    assert Entitlement.objects.get().revoked_at == now + 10 * DAY
    assert facts()[-1] == "subscription.paused"
    freeze(now + 100 * DAY)
    run_jobs()
    assert (paid.periods.count(), Invoice.objects.count()) == (1, 1)
    healthy()


def test_paused_days_are_given_back(paid: Subscription, now: datetime, freeze: Freeze, run_jobs: Run) -> None:
    end = paid.period.ends_at
    pause(paid, now + 10 * DAY)
    resume(paid, now + 17 * DAY)
    paid.refresh_from_db()
    assert (paid.status, paid.period.ends_at, paid.renews_at) == ("active", end + 7 * DAY, end + 7 * DAY)
    assert (paid.given_back, paid.anchor_at) == (7 * DAY, end + 7 * DAY)
    sso = Entitlement.objects.get()
    assert (sso.revoked_at, sso.period_ends_at) == (None, end + 7 * DAY)
    healthy()
    freeze(end + 7 * DAY)
    run_jobs()
    paid.refresh_from_db()
    # 15 February and seven days: counted anew from there.
    assert paid.period.ends_at == now.replace(month=3, day=22)
    assert [one.total_minor for one in Invoice.objects.order_by("id")] == [3100, 3100]
    healthy()


def test_two_pauses_in_one_period_add_up(paid: Subscription, now: datetime) -> None:
    end = paid.period.ends_at
    for first, last in ((2, 5), (10, 20)):
        pause(paid, now + first * DAY)
        resume(paid, now + last * DAY)
    paid.refresh_from_db()
    assert (paid.period.ends_at, paid.given_back) == (end + 13 * DAY, 13 * DAY)
    healthy()


def test_a_lengthened_period_is_worth_no_more(paid: Subscription, now: datetime) -> None:
    pause(paid, now + 10 * DAY)
    resume(paid, now + 30 * DAY)
    at = now + 41 * DAY
    # 31 days less 10 and 11 that were used.
    services.cancel_subscription(
        subscription_id=paid.pk, at="now", refund=services.Refund.CREDIT, actor=SYSTEM, now=at
    )  # fmt: skip
    assert CreditNote.objects.get().total_minor == 1000
    healthy()


def test_a_worker_resumes_at_the_instant_that_was_agreed(
    paid: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    end, until = paid.period.ends_at, now + 20 * DAY
    pause(paid, now + 10 * DAY, until=until)
    freeze(until + 3 * DAY)
    run_jobs()
    paid.refresh_from_db()
    assert (paid.status, paid.period.ends_at) == ("active", end + 10 * DAY)
    last = paid.events.order_by("-number")[0]
    assert (last.type, last.effective_at, last.reason) == ("resumed", until, "until")
    assert internal.resume_due(subscription_id=paid.pk, actor=SYSTEM, now=until + 4 * DAY) is None
    healthy()


def test_after_a_long_absence_every_missed_period_is_billed(
    paid: Subscription, now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    pause(paid, now + 10 * DAY, until=now + 20 * DAY)
    freeze(now + 200 * DAY)
    run_jobs()
    paid.refresh_from_db()
    assert paid.period.starts_at <= now + 200 * DAY < paid.period.ends_at
    assert Invoice.objects.count() == paid.periods.count()
    healthy()


def test_billing_restarts_with_a_new_anchor(paid: Subscription, now: datetime) -> None:
    pause(paid, now + 10 * DAY, policy="restart")
    resume(paid, now + 50 * DAY)
    paid.refresh_from_db()
    begun = now + 50 * DAY
    assert (paid.status, paid.period_index, paid.anchor_at, paid.period.starts_at) == ("active", 1, begun, begun)
    assert lines_of(latest(paid)) == [("fixed", 3100)]
    healthy()


@pytest.mark.parametrize(("refund", "settled"), [("prorated_credit", "wallet"), ("prorated_refund", "refund")])
def test_the_rest_of_a_period_that_is_broken_off_goes_back_on_request(
    paid: Subscription, now: datetime, refund: str, settled: str
) -> None:
    pause(paid, now + 10 * DAY, policy="restart", refund=services.Refund(refund))
    note = CreditNote.objects.get()
    assert (note.total_minor, getattr(note, f"{settled}_minor")) == (2100, 2100)
    healthy()


def test_a_pause_at_the_end_of_the_period_puts_off_the_next(
    paid: Subscription, now: datetime, freeze: Freeze, run_jobs: Run, facts: Facts
) -> None:
    end = paid.period.ends_at
    pause(paid, now, at="period_end", until=end + 14 * DAY)
    paid.refresh_from_db()
    assert (paid.status, paid.pauses_at, paid.renews_at) == ("active", end, None)
    assert facts()[-1] == "subscription.pause_scheduled"
    freeze(end)
    run_jobs()
    paid.refresh_from_db()
    assert (paid.status, paid.paused_at) == ("paused", end)
    freeze(end + 14 * DAY)
    run_jobs()
    paid.refresh_from_db()
    assert (paid.status, paid.period.starts_at, paid.period_index) == ("active", end + 14 * DAY, 1)
    assert Invoice.objects.count() == 2
    healthy()


def test_a_pause_that_has_not_begun_is_withdrawn(paid: Subscription, now: datetime) -> None:
    pause(paid, now, at="period_end")
    with pytest.raises(services.PauseScheduled):
        pause(paid, now)
    resume(paid, now + DAY)
    paid.refresh_from_db()
    assert (paid.status, paid.pauses_at, paid.renews_at) == ("active", None, paid.period.ends_at)
    assert SubscriptionPause.objects.get().withdrawn_at == now + DAY
    healthy()


def test_canceling_at_period_end_withdraws_a_planned_pause(paid: Subscription, now: datetime) -> None:
    pause(paid, now, at="period_end")
    services.cancel_subscription(subscription_id=paid.pk, actor=SYSTEM, now=now)
    paid.refresh_from_db()
    assert (paid.pauses_at, paid.cancel_at) == (None, paid.period.ends_at)
    with pytest.raises(services.CancellationScheduled):
        pause(paid, now)
    healthy()


def test_usage_up_to_a_pause_is_charged_when_it_is_canceled_there(now: datetime) -> None:
    row = subscribe(make_customer(), make_plan(metered("0.10")))
    use(row, "30", at=now)
    pause(row, now + 10 * DAY)
    services.cancel_subscription(subscription_id=row.pk, at="now", actor=SYSTEM, now=now + 20 * DAY)
    final = Invoice.objects.get()
    assert (final.total_minor, final.period_ends_at) == (300, now + 10 * DAY)
    assert SubscriptionPause.objects.get().ended_at == now + 20 * DAY
    healthy()


def test_a_pause_that_ends_the_period_charges_what_was_used(now: datetime, freeze: Freeze, run_jobs: Run) -> None:
    row = subscribe(make_customer(), make_plan(metered("0.10"), monthly("31", billed="arrears")))
    use(row, "30", at=now)
    pause(row, now + 10 * DAY, policy="restart")
    assert sorted(lines_of(latest(row))) == [("proration", 1000), ("usage", 300)]
    resume(row, now + 40 * DAY)
    assert Invoice.objects.count() == 1
    healthy()


def test_a_price_in_arrears_is_charged_once_for_a_lengthened_period(
    now: datetime, freeze: Freeze, run_jobs: Run
) -> None:
    row = subscribe(make_customer(), make_plan(monthly("31", billed="arrears")))
    pause(row, now + 10 * DAY)
    resume(row, now + 15 * DAY)
    row.refresh_from_db()
    freeze(row.period.ends_at)
    run_jobs()
    assert lines_of(latest(row)) == [("fixed", 3100)]
    healthy()


def test_nothing_is_charged_for_a_pause_between_two_periods(now: datetime, freeze: Freeze, run_jobs: Run) -> None:
    row = subscribe(make_customer(), make_plan(monthly("31", billed="arrears"), metered("0.10")))
    pause(row, now, at="period_end")
    end = row.period.ends_at
    freeze(end)
    run_jobs()
    assert lines_of(latest(row)) == [("fixed", 3100)]
    resume(row, end + 10 * DAY)
    assert Invoice.objects.count() == 1
    healthy()


def test_a_fixed_term_goes_on_by_the_days_given_back(now: datetime, freeze: Freeze, run_jobs: Run) -> None:
    row = subscribe(make_customer(), free_plan(), intervals=1)
    pause(row, now + 10 * DAY)
    freeze(now.replace(month=4))
    run_jobs()
    row.refresh_from_db()
    assert row.status == "paused"
    resume(row, now.replace(month=4))
    row.refresh_from_db()
    rested = now.replace(month=4) - now - 10 * DAY
    assert row.ends_at == now.replace(month=2) + rested
    freeze(now.replace(month=2) + rested)
    run_jobs()
    assert states_of(row) == ["active", "paused", "active", "expired"]
    healthy()


@pytest.mark.parametrize("how", [{"at": "period_end"}, {"policy": "restart"}])
def test_the_last_period_has_none_after_it(now: datetime, how: dict[str, str]) -> None:
    row = subscribe(make_customer(), free_plan(), intervals=1)
    with pytest.raises(services.LastPeriod):
        pause(row, now, **how)
    assert (row.events.count(), SubscriptionPause.objects.count()) == (1, 0)


def test_nonsense_is_refused(paid: Subscription, now: datetime) -> None:
    for how in ({"until": now}, {"until": now + DAY, "at": "period_end"}, {"refund": services.Refund.CREDIT}):
        with pytest.raises(services.PauseInvalid):
            pause(paid, now, **how)
    assert not SubscriptionPause.objects.exists()


def test_what_was_owed_before_is_owed_afterwards(now: datetime, run_jobs: Run, facts: Facts) -> None:
    customer = make_customer()
    attach_card(customer, "fails_later")
    row = subscribe(customer, make_plan(trial_days=1))
    services.activate_subscription(subscription_id=row.pk, actor=SYSTEM, now=now)
    run_jobs()
    pause(row, now + DAY)
    resume(row, now + 2 * DAY)
    assert states_of(row) == ["trialing", "active", "past_due", "paused", "active", "past_due"]
    healthy()


def test_the_database_keeps_one_pause_at_a_time(paid: Subscription, now: datetime) -> None:
    pause(paid, now)
    again = SubscriptionPause.objects.get()
    again.pk = None
    with pytest.raises(IntegrityError, match="one_at_a_time"), transaction.atomic():
        SubscriptionPause(
            subscription=paid, policy="restart", interrupted="active", starts_at=now, created_at=now
        ).save(force_insert=True)
    with pytest.raises(IntegrityError, match="paused_is_stamped"), transaction.atomic():
        Subscription.objects.filter(pk=paid.pk).update(paused_at=None)
