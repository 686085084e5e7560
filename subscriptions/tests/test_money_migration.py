"""What was begun before periods named their cycle, and before trials were noted for their customers."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections, transaction

from core import clock
from core.actor import SYSTEM
from core.invariants import broken
from subscriptions import internal, services
from subscriptions.models import Subscription, SubscriptionPeriod, TrialUse
from subscriptions.tests.factories import free_plan, make_customer, make_plan, subscribe
from tests.session import ROOT, Database


def migrate(database: Database, *to: str) -> None:
    """Bring the tables to a migration, the last one unless it is named, as the owner."""
    connections.close_all()
    owner = database.urls.owner
    variables = os.environ | {"DATABASE_URL": owner, "DATABASE_OWNER_URL": owner, "ENV": "test"}
    command = [sys.executable, "manage.py", "migrate", "subscriptions", *to, "--verbosity", "0"]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def described() -> list[dict[str, Any]]:
    """The subscriptions, but for when to remind of the next renewal: a later release writes that as one begins."""
    return [{**row, "remind_at": None} for row in Subscription.objects.order_by("id").values()]


# The schema goes back and forth, which takes longer with every migration; an installed one never changes again.
@pytest.mark.proof
def test_old_periods_are_given_the_cycle_of_their_agreement(
    committed: Database, sandbox_scope: Callable[[], Any]
) -> None:
    with sandbox_scope(), transaction.atomic():
        running, over = (subscribe(make_customer(), free_plan()) for _ in range(2))
        assert running.renews_at is not None
        internal.renew(subscription_id=running.pk, actor=SYSTEM, now=running.renews_at)
        services.cancel_subscription(subscription_id=over.pk, at="now", actor=SYSTEM, now=clock.now())
        before = list(SubscriptionPeriod.objects.order_by("id").values())
        agreements = described()
    migrate(committed, "0001")
    migrate(committed)
    with sandbox_scope(), transaction.atomic():
        assert list(SubscriptionPeriod.objects.order_by("id").values()) == before
        assert described() == agreements
    assert broken("subscriptions.periods_follow_anchor") == []


@pytest.mark.proof
def test_old_trials_are_noted_for_their_customers(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    names = ("subscription_id", "scope", "kind", "digest", "created_at")
    with sandbox_scope(), transaction.atomic():
        for family in ("one", None):
            subscribe(make_customer(), make_plan(trial_days=14, family=family))
        before = set(TrialUse.objects.values_list(*names))
        assert sum("customer" in row for row in before) == 2
    migrate(committed, "0007")
    with sandbox_scope(), transaction.atomic():
        assert not TrialUse.objects.filter(kind="customer").exists()
    migrate(committed)
    with sandbox_scope(), transaction.atomic():
        assert set(TrialUse.objects.values_list(*names)) == before
