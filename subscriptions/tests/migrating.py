"""Migrations for tests, prepared and started by the verbs."""

from datetime import datetime, timedelta
from typing import Any

from catalog.models import Plan
from core import invariants
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.models import Subscription, VersionMigration
from subscriptions.proration import Behavior
from subscriptions.tests.factories import attach_card, make_customer, subscribe


def half_way(now: datetime) -> datetime:
    """The middle of the first period, which has 31 days."""
    return now + timedelta(days=15, hours=12)


def subscribed(plan: Plan, **wanted: Any) -> Subscription:
    """A subscription with a card of its own."""
    customer = make_customer()
    attach_card(customer)
    return subscribe(customer, plan, **wanted)


def migrated(plan: Plan, at: datetime, **wanted: Any) -> VersionMigration:
    """A migration prepared and started; nobody is moved before the worker runs."""
    row = services.prepare_migration(plan_id=plan.pk, actor=SYSTEM, now=at, **wanted)
    return services.start_migration(migration_id=row.pk, actor=SYSTEM, now=at)


def now_with(behavior: Behavior) -> dict[str, Any]:
    return {"when": "now", "behavior": behavior}


def counts(row: VersionMigration) -> tuple[str, int, int, int, int]:
    row.refresh_from_db()
    return row.state, row.total, row.done, row.failed, row.skipped


def healthy() -> bool:
    codes = [one.code for one in invariants.rules() if one.code.startswith("subscriptions.")]
    return {code: invariants.broken(code) for code in codes} == {code: [] for code in codes}
