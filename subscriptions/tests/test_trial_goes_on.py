"""Changing the plan in a trial: who goes on with another family's plan tries that one too, once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Customer
from catalog.models import Plan
from core.actor import SYSTEM
from core.invariants import broken
from subscriptions import services
from subscriptions.models import ScheduledChange, Subscription, TrialUse
from subscriptions.services import TrialAlreadyUsed, Wanted
from subscriptions.tests.api.test_subscriptions import URL, problem
from subscriptions.tests.changing import change, preview
from subscriptions.tests.factories import attach_card, make_customer, make_plan, subscribe
from tests.edge.state import digest
from tests.fixtures import Api

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Facts = Callable[[], list[str]]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]
Families = tuple[str | None, str | None]

FAMILIES = pytest.mark.parametrize("families", [("one", "two"), (None, None)])
MARKS = pytest.mark.parametrize("mark", ["email", "card", "customer"])


def two_plans(families: Families) -> tuple[Plan, Plan]:
    """Two plans with trials of their own."""
    first, second = families
    return make_plan(trial_days=14, family=first), make_plan(trial_days=14, family=second)


def try_and_leave(customer: Customer, plan: Plan, now: datetime) -> None:
    """Have a customer begin a trial, and end it."""
    row = services.start_trial(customer_id=customer.pk, plan_id=plan.pk, actor=SYSTEM, now=now)
    services.cancel_subscription(subscription_id=row.pk, at="now", actor=SYSTEM, now=now)


def same_person(mark: str, customer: Customer) -> Customer:
    """Another customer with the same mailbox or card, or the same customer."""
    if mark == "customer":
        return customer
    other = make_customer(email="ada+2@example.com") if mark == "email" else make_customer()
    if mark == "card":
        attach_card(customer)
        attach_card(other)
    return other


def in_trial(mark: str, families: Families, now: datetime) -> tuple[Subscription, Plan]:
    """A trial of one plan, of somebody who has had that of another."""
    begun, tried = two_plans(families)
    customer = make_customer(email="ada@example.com")
    try_and_leave(same_person(mark, customer), tried, now)
    return subscribe(customer, begun), tried


@MARKS
@FAMILIES
def test_a_trial_does_not_go_on_with_what_was_tried(now: datetime, mark: str, families: Families) -> None:
    subscription, tried = in_trial(mark, families, now)
    how: dict[str, Any] = {"subscription_id": subscription.pk, "actor": SYSTEM, "now": now}
    before = digest()
    for ask in (change, preview):
        with pytest.raises(TrialAlreadyUsed), transaction.atomic():
            ask(subscription, now, plan_id=tried.pk)
    with pytest.raises(TrialAlreadyUsed), transaction.atomic():
        services.schedule_change(wanted=Wanted(plan_id=tried.pk), at=now + timedelta(days=3), **how)
    assert digest() == before


@MARKS
def test_put_and_preview_refuse_what_was_tried(api: Api, now: datetime, mark: str) -> None:
    subscription, tried = in_trial(mark, ("one", "two"), now)
    path, body = f"{URL}/{subscription.public_id}", {"plan": tried.public_id}
    done = api.client.put(path, body, content_type="application/json", headers=api.headers)
    assert problem(done) == (409, "trial_already_used")
    for route in ("change", "change/preview"):
        assert problem(api.post(f"{path}/{route}", body)) == (409, "trial_already_used")
    subscription.refresh_from_db()
    assert (subscription.family, subscription.version) == ("one", 1)


@MARKS
def test_what_is_tried_before_its_time_comes_fails_alone(
    now: datetime, mark: str, freeze: Freeze, run_jobs: Run, facts: Facts
) -> None:
    begun, later = two_plans(("one", "two"))
    customer = make_customer(email="ada@example.com")
    other = same_person(mark, customer)
    subscription = subscribe(customer, begun)
    row = services.schedule_change(
        subscription_id=subscription.pk, wanted=Wanted(plan_id=later.pk), at=now + timedelta(days=3), actor=SYSTEM,
        now=now,
    )  # fmt: skip
    try_and_leave(other, later, now + timedelta(days=1))
    freeze(now + timedelta(days=3))
    run_jobs()
    for one in (row, subscription):
        one.refresh_from_db()
    assert (row.state, row.error.split(":")[0]) == (ScheduledChange.State.FAILED, "trial_already_used")
    assert (subscription.status, subscription.plan_id, subscription.family) == ("trialing", begun.pk, "one")
    assert facts()[-1] == "subscription.change_failed"


@MARKS
@FAMILIES
@pytest.mark.parametrize("by", ["change", "put", "schedule"])
def test_what_a_trial_goes_on_with_is_tried(
    api: Api, now: datetime, mark: str, families: Families, by: str, freeze: Freeze, run_jobs: Run
) -> None:
    begun, later = two_plans(families)
    customer = make_customer(email="ada@example.com")
    other = same_person(mark, customer)
    subscription = subscribe(customer, begun)
    path, body = f"{URL}/{subscription.public_id}", {"plan": later.public_id}
    if by == "put":
        api.client.put(path, body, content_type="application/json", headers=api.headers)
    elif by == "change":
        change(subscription, now, plan_id=later.pk)
    else:
        services.schedule_change(
            subscription_id=subscription.pk, wanted=Wanted(plan_id=later.pk), at=now + timedelta(days=3),
            actor=SYSTEM, now=now,
        )  # fmt: skip
        freeze(now + timedelta(days=3))
        run_jobs()
    subscription.refresh_from_db()
    assert (subscription.plan_id, subscription.family, subscription.status) == (later.pk, later.family, "trialing")
    assert broken("subscriptions.trials_are_noted") == []
    services.cancel_subscription(subscription_id=subscription.pk, at="now", actor=SYSTEM, now=now + timedelta(days=4))
    for plan in (begun, later):
        with pytest.raises(TrialAlreadyUsed), transaction.atomic():
            try_and_leave(other, plan, now + timedelta(days=4))


def test_going_back_is_no_second_trial(now: datetime) -> None:
    begun, later = two_plans(("one", "two"))
    first, second = make_customer(), make_customer()
    subscription = subscribe(first, begun)
    change(subscription, now, plan_id=later.pk)
    attach_card(first)
    change(subscription, now, plan_id=begun.pk)
    assert (subscription.family, subscription.status) == ("one", "trialing")
    # What came meanwhile is noted for what it is of again.
    attach_card(second)
    with pytest.raises(TrialAlreadyUsed):
        try_and_leave(second, begun, now)


def test_the_first_paid_period_may_have_what_was_tried(now: datetime, freeze: Freeze, run_jobs: Run) -> None:
    subscription, tried = in_trial("customer", ("one", "two"), now)
    uses = TrialUse.objects.count()
    services.schedule_change(subscription_id=subscription.pk, wanted=Wanted(plan_id=tried.pk), actor=SYSTEM, now=now)
    freeze(now + timedelta(days=14))
    run_jobs()
    subscription.refresh_from_db()
    assert (subscription.plan_id, subscription.status, TrialUse.objects.count()) == (tried.pk, "incomplete", uses)


def test_a_trial_that_is_over_tries_nothing(now: datetime) -> None:
    """Also while no worker has come to let it become paid."""
    subscription, tried = in_trial("email", ("one", "two"), now)
    change(subscription, now + timedelta(days=14), plan_id=tried.pk)
    assert (subscription.plan_id, TrialUse.objects.filter(subscription=subscription, scope="family:two").count()) == (
        tried.pk, 0,
    )  # fmt: skip
    assert broken("subscriptions.trials_are_noted") == []


def test_another_plan_of_the_family_is_the_same_trial(now: datetime) -> None:
    begun, other = two_plans(("one", "one"))
    subscription = subscribe(make_customer(), begun)
    uses = TrialUse.objects.count()
    change(subscription, now, plan_id=other.pk)
    assert (subscription.plan_id, subscription.status, TrialUse.objects.count()) == (other.pk, "trialing", uses)
