"""Previewing, running, stopping and resuming a migration of subscribers."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from billing.models import Invoice
from catalog.models import Plan
from catalog.selectors import PlanNotPublished
from catalog.services import revise_plan
from core import ids
from core.actor import SYSTEM, Actor
from jobs.models import Job
from subscriptions import internal, services
from subscriptions.internal import _moving
from subscriptions.internal._versions import move
from subscriptions.models import Subscription, VersionMigration, VersionMigrationItem
from subscriptions.proration import Behavior
from subscriptions.tests.factories import (
    make_addon,
    make_customer,
    make_plan,
    monthly,
    publish_prices,
    seats,
    subscribe,
)
from subscriptions.tests.migrating import counts, half_way, healthy, migrated, now_with, subscribed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


@pytest.fixture
def plan() -> Plan:
    return make_plan(monthly("20.00"))


@pytest.fixture
def active(plan: Plan, run_jobs: Run) -> Subscription:
    """A paid subscription to the first version, 20.00 USD a month."""
    subscription = subscribed(plan)
    run_jobs()
    subscription.refresh_from_db()
    return subscription


def test_the_preview_says_who_pays_what_and_stores_nothing(
    active: Subscription, plan: Plan, now: datetime, facts: Facts, run_jobs: Run
) -> None:
    addon = make_addon(monthly("5.00"))
    big = subscribed(plan, quantity=3, addons=[(addon.pk, 1)])
    trial = subscribed(plan, trial_days=30)
    unpaid = subscribe(make_customer(), plan)
    run_jobs()
    publish_prices(plan, monthly("10.00"), seats("10.00"))
    before = (facts(), Invoice.objects.count(), VersionMigration.objects.count(), Job.objects.count())
    preview = services.preview_migration(plan_id=plan.pk, now=half_way(now), **now_with(Behavior.INVOICE_NOW))
    found = {
        line.subscription: (line.status, line.when, line.before_minor, line.after_minor, line.now_minor)
        for line in preview.lines
    }
    assert found == {
        active.public_id: ("active", "now", 2000, 2000, 0),
        big.public_id: ("active", "now", 2500, 4500, 1000),
        trial.public_id: ("trialing", "now", 2000, 2000, 0),
        unpaid.public_id: ("incomplete", "renewal", 2000, 2000, 0),
    }
    (totals,) = preview.totals
    assert (totals.currency, totals.subscriptions, totals.before_minor, totals.after_minor, totals.now_minor) == (
        "USD", 4, 8500, 10500, 1000,
    )  # fmt: skip
    assert (facts(), Invoice.objects.count(), VersionMigration.objects.count(), Job.objects.count()) == before


def test_the_preview_s_queries_do_not_grow_with_the_subscribers(
    plan: Plan, now: datetime, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        subscribed(plan)
    publish_prices(plan, monthly("40.00"))
    with django_assert_num_queries(12):
        assert len(services.preview_migration(plan_id=plan.pk, now=now, when="now").lines) == 3
    for _ in range(4):
        subscribed(plan, starts_at=now + timedelta(days=1))
    publish_prices(plan, monthly("50.00"))
    with django_assert_num_queries(13):
        assert len(services.preview_migration(plan_id=plan.pk, now=now, when="now").lines) == 7


class Killed(BaseException):
    """What no handler catches, as a process that is gone catches nothing."""


def test_killed_in_the_middle_it_goes_on_and_touches_nobody_twice(
    plan: Plan, freeze: Freeze, now: datetime, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriptions = [subscribed(plan) for _ in range(5)]
    run_jobs()
    publish_prices(plan, monthly("40.00"))
    freeze(half_way(now))
    row = migrated(plan, half_way(now), **now_with(Behavior.INVOICE_NOW))
    calls: list[UUID] = []

    def third_kills(subscription: Subscription, *arguments: Any, **options: Any) -> Any:
        moved = move(subscription, *arguments, **options)
        calls.append(subscription.pk)
        if len(calls) == 3:
            raise Killed
        return moved

    monkeypatch.setattr(_moving, "move", third_kills)
    assert internal.migrate_chunk(migration_id=row.pk, actor=SYSTEM, now=half_way(now), limit=2) == 2
    with pytest.raises(Killed):
        internal.migrate_chunk(migration_id=row.pk, actor=SYSTEM, now=half_way(now), limit=2)
    assert counts(row) == ("running", 5, 2, 0, 0)
    monkeypatch.setattr(_moving, "move", move)
    run_jobs()
    assert counts(row) == ("done", 5, 5, 0, 0)
    for subscription in subscriptions:
        changes = subscription.events.filter(type="version_changed")
        billed = Invoice.objects.filter(reference=subscription.public_id, kind="subscription_change")
        assert (changes.count(), billed.count()) == (1, 1)
    assert healthy()


def test_a_chunk_is_moved_by_a_job_of_its_own(
    plan: Plan, now: datetime, run_jobs: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_moving.migrate_chunk, "__kwdefaults__", {"limit": 2})
    for _ in range(5):
        subscribe(make_customer(), plan)
    publish_prices(plan, monthly("40.00"))
    row = migrated(plan, now)
    run_jobs()
    assert counts(row) == ("done", 5, 5, 0, 0)
    assert Job.objects.filter(kind="subscriptions.migrate").count() == 3


def test_who_changed_meanwhile_is_left_as_he_is(plan: Plan, now: datetime, actor: Actor, run_jobs: Run) -> None:
    over, moved, stays = (subscribe(make_customer(), plan, trial_days=30) for _ in range(3))
    publish_prices(plan, monthly("40.00"))
    row = migrated(plan, now)
    services.cancel_subscription(subscription_id=over.pk, at="now", actor=actor, now=now)
    other = migrated(plan, now, when="now")
    internal.migrate_chunk(migration_id=other.pk, actor=SYSTEM, now=now, limit=1)
    run_jobs()
    assert counts(row) == ("done", 3, 1, 0, 2)
    why = VersionMigrationItem.objects.of(row).values_list("error", flat=True)
    assert list(why) == [_moving.OVER, _moving.THERE, ""]
    assert counts(other)[1:] == (2, 2, 0, 0)
    assert {moved.pk, stays.pk} == set(VersionMigrationItem.objects.of(other).values_list("subscription_id", flat=True))


def test_a_canceled_migration_moves_nobody_and_can_be_resumed(
    active: Subscription, plan: Plan, now: datetime, run_jobs: Run, facts: Facts
) -> None:
    publish_prices(plan, monthly("40.00"))
    row = migrated(plan, now)
    services.cancel_migration(migration_id=row.pk, actor=SYSTEM, now=now)
    run_jobs()
    assert counts(row) == ("canceled", 1, 0, 0, 0)
    with pytest.raises(services.MigrationOver):
        services.cancel_migration(migration_id=row.pk, actor=SYSTEM, now=now)
    services.resume_migration(migration_id=row.pk, actor=SYSTEM, now=now)
    run_jobs()
    assert counts(row) == ("done", 1, 1, 0, 0)
    with pytest.raises(services.MigrationOver):
        services.resume_migration(migration_id=row.pk, actor=SYSTEM, now=now)
    assert [fact for fact in facts() if ".migration" in fact] == [
        "subscription.migration_started", "subscription.migration_canceled", "subscription.migration_resumed",
        "subscription.migration_finished",
    ]  # fmt: skip


def test_those_that_failed_are_tried_again(active: Subscription, plan: Plan, now: datetime, run_jobs: Run) -> None:
    row = services.add_addon(subscription_id=active.pk, addon_id=make_addon().pk, actor=SYSTEM, now=now)
    publish_prices(plan, monthly("200.00", interval="year"))
    migration = migrated(plan, now)
    run_jobs()
    assert counts(migration) == ("done", 1, 0, 1, 0)
    services.remove_addon(subscription_id=active.pk, item_id=row.pk, actor=SYSTEM, now=now)
    services.resume_migration(migration_id=migration.pk, actor=SYSTEM, now=now)
    run_jobs()
    assert counts(migration) == ("done", 1, 1, 0, 0)
    assert healthy()


def test_a_migration_is_started_once(active: Subscription, plan: Plan, now: datetime) -> None:
    publish_prices(plan, monthly("40.00"))
    row = migrated(plan, now)
    with pytest.raises(services.MigrationUnderWay):
        services.start_migration(migration_id=row.pk, actor=SYSTEM, now=now)
    assert VersionMigrationItem.objects.count() == 1


def test_where_there_is_nobody_it_is_done_at_once(plan: Plan, now: datetime) -> None:
    publish_prices(plan, monthly("40.00"))
    assert counts(migrated(plan, now)) == ("done", 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"to_number": 7}, services.UnknownVersion),
        ({"from_number": 7}, services.UnknownVersion),
        ({"to_number": 1, "from_number": 1}, services.SameVersion),
        ({"to_number": 2}, services.UnknownVersion),
    ],
)
def test_a_way_that_leads_nowhere_is_refused(
    plan: Plan, now: datetime, wanted: dict[str, int], refusal: type[Exception]
) -> None:
    revise_plan(plan_id=plan.pk, prices=[monthly("99")], actor=SYSTEM, now=now)
    with pytest.raises(refusal):
        services.prepare_migration(plan_id=plan.pk, actor=SYSTEM, now=now, **wanted)
    with pytest.raises(refusal):
        services.preview_migration(plan_id=plan.pk, now=now, **wanted)
    assert not VersionMigration.objects.exists()


def test_a_plan_without_a_published_version_has_nobody_to_move(now: datetime) -> None:
    with pytest.raises(PlanNotPublished):
        services.preview_migration(plan_id=make_plan(publish=False).pk, now=now)


def test_the_database_keeps_one_line_per_subscription(active: Subscription, plan: Plan, now: datetime) -> None:
    publish_prices(plan, monthly("40.00"))
    migrated(plan, now)
    item = VersionMigrationItem.objects.get()
    item.pk = ids.new()
    with pytest.raises(IntegrityError, match="versionmigrationitem_once"), transaction.atomic():
        item.save(force_insert=True)
