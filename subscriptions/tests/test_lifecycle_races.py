"""Two at the same instant: one trial of a mailbox, one pause, one reminder."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from core import errors, invariants, problems
from core.actor import SYSTEM
from subscriptions import internal, services
from subscriptions.models import Subscription, SubscriptionPause, SubscriptionReminder, TrialUse
from subscriptions.tests.factories import free_plan, make_customer, make_plan
from tests.fixtures import NOW
from tests.session import Database

AT_ONCE = 8


def run_all(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def ask(scope: Callable[[], Any], verb: Callable[..., Any], how: dict[str, Any]) -> str:
    """What came of it: the refusal's code, or nothing."""
    try:
        with scope(), transaction.atomic():
            verb(**how, actor=SYSTEM, now=NOW)
    except (errors.Refusal, IntegrityError) as failure:
        refused = problems.as_refusal(failure)
        return refused.code if refused else "?"
    finally:
        connection.close()
    return ""


@pytest.mark.slow
def test_of_many_with_one_mailbox_one_has_the_trial(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        plan = make_plan(trial_days=14)
        people = [make_customer(email=f"ada+{number}@example.com") for number in range(AT_ONCE)]
    asked = [{"customer_id": one.pk, "plan_id": plan.pk} for one in people]
    outcomes = run_all([partial(ask, sandbox_scope, services.start_trial, how) for how in asked])
    assert sorted(outcomes) == ["", *["trial_already_used"] * (AT_ONCE - 1)]
    with sandbox_scope(), transaction.atomic():
        assert (Subscription.objects.count(), TrialUse.objects.filter(kind="email").count()) == (1, 1)


@pytest.mark.slow
def test_of_many_of_one_customer_one_has_the_trial(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        how = {"customer_id": make_customer().pk, "plan_id": make_plan(trial_days=14, family=None).pk}
    outcomes = run_all([partial(ask, sandbox_scope, services.start_trial, how) for _ in range(AT_ONCE)])
    assert sorted(outcomes) == ["", *["trial_already_used"] * (AT_ONCE - 1)]
    with sandbox_scope(), transaction.atomic():
        assert (Subscription.objects.count(), TrialUse.objects.filter(kind="customer").count()) == (1, 1)


@pytest.mark.slow
def test_of_many_with_one_mailbox_one_goes_on_with_a_plan(
    committed: Database, sandbox_scope: Callable[[], Any]
) -> None:
    with sandbox_scope(), transaction.atomic():
        wanted = services.Wanted(plan_id=make_plan(family="wanted").pk)
        people = [make_customer(email=f"ada+{number}@example.com") for number in range(AT_ONCE)]
        plans = [make_plan(trial_days=14, family=f"family-{number}") for number in range(AT_ONCE)]
        rows = [
            services.start_trial(customer_id=one.pk, plan_id=plan.pk, actor=SYSTEM, now=NOW)
            for one, plan in zip(people, plans, strict=True)
        ]
    asked = [{"subscription_id": row.pk, "wanted": wanted} for row in rows]
    outcomes = run_all([partial(ask, sandbox_scope, services.change_subscription, how) for how in asked])
    assert sorted(outcomes) == ["", *["trial_already_used"] * (AT_ONCE - 1)]
    with sandbox_scope(), transaction.atomic():
        assert Subscription.objects.filter(family="wanted").count() == 1
        assert sorted(TrialUse.objects.filter(scope="family:wanted").values_list("kind", flat=True)) == [
            "customer", "email",
        ]  # fmt: skip


@pytest.mark.slow
def test_it_is_paused_and_resumed_once(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        row = services.create_subscription(
            customer_id=make_customer().pk, plan_id=free_plan().pk, actor=SYSTEM, now=NOW
        )
    how = {"subscription_id": row.pk}
    outcomes = run_all([partial(ask, sandbox_scope, services.pause_subscription, how) for _ in range(AT_ONCE)])
    assert sorted(outcomes) == ["", *["invalid_transition"] * (AT_ONCE - 1)]
    outcomes = run_all([partial(ask, sandbox_scope, services.resume_subscription, how) for _ in range(AT_ONCE)])
    assert sorted(outcomes) == ["", *["invalid_transition"] * (AT_ONCE - 1)]
    with sandbox_scope(), transaction.atomic():
        assert SubscriptionPause.objects.count() == 1
    for code in ("subscriptions.pauses_are_stamped", "subscriptions.history_is_legal"):
        assert invariants.broken(code) == []


@pytest.mark.slow
def test_it_is_told_once(committed: Database, sandbox_scope: Callable[[], Any]) -> None:
    with sandbox_scope(), transaction.atomic():
        row = services.create_subscription(
            customer_id=make_customer().pk, plan_id=free_plan(trial_days=1).pk, actor=SYSTEM, now=NOW
        )
    how = {"subscription_id": row.pk}
    run_all([partial(ask, sandbox_scope, internal.remind_upcoming, how) for _ in range(AT_ONCE)])
    with sandbox_scope(), transaction.atomic():
        assert SubscriptionReminder.objects.count() == 1
