"""A customer who moves to another timezone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from accounts.services import update_customer
from core import invariants
from core.actor import SYSTEM, Actor
from subscriptions import internal, services
from subscriptions.models import Subscription
from subscriptions.tests.factories import attach_card, free_plan, make_customer, make_plan, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def move(subscription: Subscription, timezone: str, now: datetime) -> None:
    update_customer(customer_id=subscription.customer_id, changes={"timezone": timezone}, actor=SYSTEM, now=now)


@pytest.fixture
def of_new_york(run_jobs: Run) -> Subscription:
    """A paid subscription by the calendar of New York."""
    customer = make_customer(timezone="America/New_York")
    attach_card(customer)
    subscription = subscribe(customer, anchor="calendar")
    run_jobs()
    return subscription


def spans(subscription: Subscription) -> list[tuple[str, str]]:
    return [
        (one.starts_at.strftime("%m-%dT%H"), one.ends_at.strftime("%m-%dT%H"))
        for one in subscription.periods.order_by("number")
    ]


def broken() -> list[str]:
    codes = [one.code for one in invariants.rules() if one.code.startswith("subscriptions.")]
    return [code for code in codes if invariants.broken(code)]


@pytest.mark.parametrize(
    ("timezone", "after"),
    [
        ("Asia/Tokyo", [("02-01T05", "02-28T15"), ("02-28T15", "03-31T15")]),
        ("Pacific/Honolulu", [("02-01T05", "03-01T10"), ("03-01T10", "04-01T10")]),
    ],
)
def test_the_new_zone_counts_from_the_next_boundary_without_hole_or_overlap(
    of_new_york: Subscription, freeze: Freeze, now: datetime, run_jobs: Run, timezone: str,
    after: list[tuple[str, str]],
) -> None:  # fmt: skip
    move(of_new_york, timezone, now)
    run_jobs()
    of_new_york.refresh_from_db()
    assert (of_new_york.timezone, of_new_york.next_timezone) == ("America/New_York", timezone)
    for _ in range(2):
        freeze(of_new_york.period.ends_at)
        run_jobs()
        of_new_york.refresh_from_db()
    assert (of_new_york.timezone, of_new_york.next_timezone) == (timezone, "")
    assert spans(of_new_york) == [("01-15T12", "02-01T05"), *after]
    assert broken() == []


def test_whoever_moves_back_before_the_boundary_has_not_moved(
    of_new_york: Subscription, now: datetime, run_jobs: Run, facts: Facts
) -> None:
    move(of_new_york, "Asia/Tokyo", now)
    run_jobs()
    move(of_new_york, "America/New_York", now + timedelta(days=1))
    run_jobs()
    of_new_york.refresh_from_db()
    assert (of_new_york.timezone, of_new_york.next_timezone) == ("America/New_York", "")
    assert facts().count("subscription.timezone_changed") == 2


def test_being_told_twice_changes_nothing_twice(of_new_york: Subscription, now: datetime, run_jobs: Run) -> None:
    move(of_new_york, "Asia/Tokyo", now)
    run_jobs()
    of_new_york.refresh_from_db()
    before = of_new_york.version
    assert internal.follow_timezone(customer_id=of_new_york.customer_id, actor=SYSTEM, now=now) == 0
    of_new_york.refresh_from_db()
    assert of_new_york.version == before


def test_before_the_first_period_it_counts_at_once(now: datetime, run_jobs: Run) -> None:
    trial = subscribe(make_customer(), make_plan(trial_days=14))
    move(trial, "Asia/Tokyo", now)
    run_jobs()
    trial.refresh_from_db()
    assert (trial.timezone, trial.next_timezone) == ("Asia/Tokyo", "")


def test_an_end_that_is_decided_stays_where_it_is(
    of_new_york: Subscription, freeze: Freeze, now: datetime, run_jobs: Run, actor: Actor
) -> None:
    services.cancel_subscription(subscription_id=of_new_york.pk, actor=actor, now=now)
    move(of_new_york, "Asia/Tokyo", now)
    run_jobs()
    freeze(at("2026-02-01T05:00:00Z"))
    run_jobs()
    of_new_york.refresh_from_db()
    assert (of_new_york.status, of_new_york.ended_at) == ("canceled", at("2026-02-01T05:00:00Z"))
    assert spans(of_new_york) == [("01-15T12", "02-01T05")]


def test_a_fixed_term_ends_at_a_boundary_of_the_new_zone(freeze: Freeze, now: datetime, run_jobs: Run) -> None:
    subscription = subscribe(make_customer(timezone="America/New_York"), free_plan(), anchor="calendar", intervals=3)
    move(subscription, "Asia/Tokyo", now)
    for _ in range(3):
        run_jobs()
        subscription.refresh_from_db()
        freeze(subscription.period.ends_at)
    run_jobs()
    subscription.refresh_from_db()
    assert (subscription.status, subscription.ended_at) == ("expired", at("2026-03-31T15:00:00Z"))
    assert broken() == []


def test_other_particulars_and_other_customers_change_nothing(
    of_new_york: Subscription, now: datetime, run_jobs: Run
) -> None:
    other = subscribe(make_customer(), free_plan())
    move(other, "Asia/Tokyo", now)
    update_customer(customer_id=of_new_york.customer_id, changes={"name": "Ada"}, actor=SYSTEM, now=now)
    run_jobs()
    of_new_york.refresh_from_db()
    assert of_new_york.next_timezone == ""
