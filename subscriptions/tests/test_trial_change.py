"""Changing to another plan when trials have been had."""

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from catalog.models import Plan
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.models import Subscription, TrialUse
from subscriptions.services import Wanted
from subscriptions.tests.api.test_subscriptions import URL
from subscriptions.tests.changing import change
from subscriptions.tests.factories import attach_card, make_customer, make_plan, states_of, subscribe
from tests.fixtures import Api

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]

FAMILIES = pytest.mark.parametrize("families", [("one", "two"), (None, None), ("one", None)])


def two_plans(families: tuple[str | None, str | None]) -> tuple[Plan, Plan]:
    """Two plans with trials of their own."""
    first, second = families
    return make_plan(trial_days=14, family=first), make_plan(trial_days=14, family=second)


def tried_and_paying(tried: Plan, paying: Plan, now: datetime) -> Subscription:
    """A subscription that became paid after a trial of its own, of a customer who had tried another plan before."""
    customer = make_customer()
    attach_card(customer)
    left = subscribe(customer, tried)
    services.cancel_subscription(subscription_id=left.pk, at="now", actor=SYSTEM, now=now)
    subscription = subscribe(customer, paying)
    services.activate_subscription(subscription_id=subscription.pk, actor=SYSTEM, now=now)
    subscription.refresh_from_db()
    assert states_of(subscription) == ["trialing", "active"]
    return subscription


@FAMILIES
def test_who_pays_changes_to_what_he_has_tried(now: datetime, families: tuple[str | None, str | None]) -> None:
    tried, paying = two_plans(families)
    subscription = tried_and_paying(tried, paying, now)
    change(subscription, now, plan_id=tried.pk)
    assert (subscription.plan_id, subscription.family, subscription.status) == (tried.pk, tried.family, "active")


@FAMILIES
def test_who_pays_puts_what_he_has_tried(api: Api, now: datetime, families: tuple[str | None, str | None]) -> None:
    tried, paying = two_plans(families)
    path = f"{URL}/{tried_and_paying(tried, paying, now).public_id}"
    done = api.client.put(path, {"plan": tried.public_id}, content_type="application/json", headers=api.headers)
    assert (done.status_code, done.json()["plan"]) == (200, tried.public_id), done.content


@FAMILIES
def test_what_he_has_tried_comes_with_the_next_period(
    now: datetime, families: tuple[str | None, str | None], freeze: Freeze, run_jobs: Run
) -> None:
    tried, paying = two_plans(families)
    subscription = tried_and_paying(tried, paying, now)
    how: dict[str, Any] = {"subscription_id": subscription.pk, "actor": SYSTEM, "now": now}
    row = services.schedule_change(wanted=Wanted(plan_id=tried.pk), **how)
    freeze(row.takes_effect_at)
    run_jobs()
    for one in (row, subscription):
        one.refresh_from_db()
    assert (row.state, row.error) == ("applied", "")
    assert (subscription.plan_id, subscription.period_index) == (tried.pk, 1)


@FAMILIES
def test_what_was_tried_is_remembered_whatever_it_becomes(
    now: datetime, families: tuple[str | None, str | None]
) -> None:
    """Neither the plan nor the mailbox tell it any more."""
    tried, later = two_plans(families)
    subscription = subscribe(None, tried)
    services.activate_subscription(subscription_id=subscription.pk, actor=SYSTEM, now=now)
    change(subscription, now, plan_id=later.pk)
    TrialUse.objects.exclude(kind="customer").delete()
    how: dict[str, Any] = {"customer_id": subscription.customer_id, "actor": SYSTEM, "now": now}
    with pytest.raises(services.TrialAlreadyUsed):
        services.start_trial(plan_id=tried.pk, **how)
    services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=SYSTEM, now=now)
    assert services.start_trial(plan_id=later.pk, **how).status == "trialing"


@FAMILIES
def test_what_was_tried_before_is_noted_from_the_history(
    now: datetime, families: tuple[str | None, str | None]
) -> None:
    tried, paying = two_plans(families)
    subscription = tried_and_paying(tried, paying, now)
    change(subscription, now + timedelta(days=1), plan_id=tried.pk)
    uses = TrialUse.objects.filter(kind="customer").order_by("scope")
    before = list(uses.values("subscription_id", "scope", "digest", "created_at"))
    assert len(before) == 2
    uses.delete()
    note = import_module("subscriptions.migrations.0009_trials_apart").NOTE
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(note)
        assert list(uses.all().values("subscription_id", "scope", "digest", "created_at")) == before
