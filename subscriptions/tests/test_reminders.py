"""Telling customers what comes: once each, at its instant, and never what has passed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from core.actor import SYSTEM
from subscriptions import internal, services
from subscriptions.models import Subscription, SubscriptionReminder
from subscriptions.tests.factories import free_plan, make_customer, make_plan, monthly, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]
DAY = timedelta(days=1)


def told(row: Subscription) -> list[tuple[str, int]]:
    """Of what a customer was told, how many days before."""
    return list(SubscriptionReminder.objects.filter(subscription=row).order_by("id").values_list("kind", "days"))


def tell(row: Subscription, now: datetime) -> SubscriptionReminder | None:
    return internal.remind_upcoming(subscription_id=row.pk, actor=SYSTEM, now=now)


def test_a_renewal_is_told_7_3_and_1_days_before(now: datetime, freeze: Freeze, run_jobs: Run, facts: Facts) -> None:
    row = subscribe(make_customer(email="ada@example.com"), free_plan())
    end = row.period.ends_at
    assert row.remind_at == end - 7 * DAY
    for days in (8, 7, 6, 3, 2, 1):
        freeze(end - days * DAY)
        run_jobs()
    assert told(row) == [("renewal", 7), ("renewal", 3), ("renewal", 1)]
    assert [letter.to for letter in mail.outbox] == [["ada@example.com"]] * 3
    assert f"It renews on {end:%Y-%m-%d}." in mail.outbox[0].body
    assert facts().count("subscription.renewal_upcoming") == 3
    freeze(end)
    run_jobs()
    row.refresh_from_db()
    assert row.remind_at == row.period.ends_at - 7 * DAY


@pytest.mark.parametrize(("days", "before"), [(14, 3), (3, 3), (2, 1), (1, 1)])
def test_the_end_of_a_trial_is_told_once(now: datetime, freeze: Freeze, run_jobs: Run, days: int, before: int) -> None:
    row = subscribe(make_customer(), make_plan(trial_days=days))
    end = now + days * DAY
    assert row.remind_at == end - before * DAY
    for instant in (end - before * DAY, end - timedelta(hours=1)):
        freeze(instant)
        run_jobs()
    assert told(row) == [("trial_end", before)]
    assert f"Your trial ends on {end:%Y-%m-%d}." in mail.outbox[-1].body


def test_of_several_that_were_missed_the_last_is_told(now: datetime) -> None:
    row = subscribe(make_customer(), free_plan())
    end = row.period.ends_at
    assert tell(row, end - 2 * DAY) is not None
    row.refresh_from_db()
    assert (told(row), row.remind_at) == ([("renewal", 3)], end - DAY)


def test_what_has_come_is_not_told(now: datetime) -> None:
    row = subscribe(make_customer(), free_plan())
    assert tell(row, row.period.ends_at) is None
    row.refresh_from_db()
    assert (told(row), row.remind_at) == ([], None)


def test_nothing_is_told_twice_also_when_its_instant_is_set_again(now: datetime) -> None:
    row = subscribe(make_customer(), free_plan())
    at = row.period.ends_at - 7 * DAY
    assert tell(row, at) is not None
    services.cancel_subscription(subscription_id=row.pk, actor=SYSTEM, now=at)
    services.undo_cancellation(subscription_id=row.pk, actor=SYSTEM, now=at)
    row.refresh_from_db()
    assert row.remind_at == at
    assert tell(row, at) is None
    assert told(row) == [("renewal", 7)]


@pytest.mark.parametrize("verb", [services.cancel_subscription, services.pause_subscription])
def test_who_leaves_or_rests_is_told_nothing(now: datetime, verb: Callable[..., Any]) -> None:
    row = subscribe(make_customer(), free_plan())
    verb(subscription_id=row.pk, actor=SYSTEM, now=now)
    row.refresh_from_db()
    assert (row.remind_at, tell(row, row.period.ends_at - DAY)) == (None, None)


def test_a_short_period_is_told_of_inside_itself_only(now: datetime) -> None:
    row = subscribe(make_customer(), make_plan(monthly("0", interval="day", interval_count=5)))
    assert row.remind_at == row.period.ends_at - 3 * DAY


def test_an_environment_may_leave_the_mails_to_others(now: datetime, run_jobs: Run, facts: Facts) -> None:
    services.change_subscription_settings(changes={"sends_reminders": False}, actor=SYSTEM, now=now)
    row = subscribe(make_customer(), free_plan())
    tell(row, row.period.ends_at - 7 * DAY)
    run_jobs()
    assert (mail.outbox, facts()[-1]) == ([], "subscription.renewal_upcoming")


def test_the_days_are_the_house_s_to_choose(now: datetime, settings: Any) -> None:
    settings.RENEWAL_REMINDER_DAYS = [14]
    row = subscribe(make_customer(), free_plan())
    assert row.remind_at == row.period.ends_at - 14 * DAY
