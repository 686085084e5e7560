"""One trial per family, also for whoever registers anew with the same mailbox or card."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import emails
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.models import Subscription, TrialUse
from subscriptions.tests.factories import attach_card, make_customer, make_plan, subscribe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]
Freeze = Callable[[datetime], None]
Run = Callable[[], int]


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("Ada@Example.com", "ada@example.com"),
        ("ada+trial2@example.com", "ada@example.com"),
        ("a.d.a@example.com", "a.d.a@example.com"),
        ("a.d.a+x@gmail.com", "ada@gmail.com"),
        ("ada@googlemail.com", "ada@gmail.com"),
        ("+ada@example.com", "+ada@example.com"),
    ],
)
def test_an_address_leads_to_one_mailbox(address: str, mailbox: str) -> None:
    assert emails.mailbox(address) == mailbox


@pytest.mark.parametrize("again", ["ada@gmail.com", "a.da+2@gmail.com", "ADA@googlemail.com"])
def test_a_mailbox_tries_once(now: datetime, again: str) -> None:
    plan = make_plan(trial_days=14)
    subscribe(make_customer(email="ada@gmail.com"), plan)
    with pytest.raises(services.TrialAlreadyUsed):
        services.start_trial(customer_id=make_customer(email=again).pk, plan_id=plan.pk, actor=SYSTEM, now=now)
    assert Subscription.objects.count() == 1
    assert sorted(TrialUse.objects.values_list("kind", flat=True)) == ["customer", "email"]


def test_whether_there_is_a_trial_is_looked_up_once(now: datetime) -> None:
    """A second look might see what somebody else has taken since, and charge whom the first promised a trial."""
    plan, customer = make_plan(trial_days=14), make_customer()
    with CaptureQueriesContext(connection) as asked:
        services.start_trial(customer_id=customer.pk, plan_id=plan.pk, actor=SYSTEM, now=now)
    looks = [
        one["sql"] for one in asked if one["sql"].startswith("SELECT") and '"subscriptions_trialuse"' in one["sql"]
    ]
    assert len(looks) == 1


def test_a_card_tries_once(now: datetime) -> None:
    plan = make_plan(trial_days=14)
    first, second = make_customer(), make_customer()
    attach_card(first)
    attach_card(second)
    subscribe(first, plan)
    with pytest.raises(services.TrialAlreadyUsed):
        services.start_trial(customer_id=second.pk, plan_id=plan.pk, actor=SYSTEM, now=now)


def test_a_card_that_comes_during_a_trial_has_tried_too(now: datetime, run_jobs: Run) -> None:
    plan = make_plan(trial_days=14)
    first, second = make_customer(), make_customer()
    subscribe(first, plan)
    attach_card(first)
    run_jobs()
    attach_card(second)
    with pytest.raises(services.TrialAlreadyUsed):
        services.start_trial(customer_id=second.pk, plan_id=plan.pk, actor=SYSTEM, now=now)


def test_a_card_that_tried_elsewhere_ends_no_trial(now: datetime, run_jobs: Run) -> None:
    plan = make_plan(trial_days=14)
    first, second = make_customer(), make_customer()
    attach_card(first)
    subscribe(first, plan)
    row = subscribe(second, plan)
    attach_card(second)
    run_jobs()
    row.refresh_from_db()
    assert (row.status, TrialUse.objects.filter(kind="card").count()) == ("trialing", 1)


def test_who_has_tried_with_another_customer_s_mailbox_pays_at_once(now: datetime) -> None:
    plan = make_plan(trial_days=14)
    subscribe(make_customer(email="ada@example.com"), plan)
    assert subscribe(make_customer(email="ada+2@example.com"), plan).status == "incomplete"


def test_other_families_are_tried_apart(now: datetime) -> None:
    subscribe(make_customer(email="ada@example.com"), make_plan(trial_days=14))
    other = make_plan(trial_days=14, family="other")
    assert subscribe(make_customer(email="ada@example.com"), other).status == "trialing"


def test_a_scheduled_trial_is_noted_when_it_begins(
    now: datetime, freeze: Callable[[datetime], None], run_jobs: Run
) -> None:
    plan = make_plan(trial_days=14)
    row = subscribe(make_customer(email="ada@example.com"), plan, starts_at=now + timedelta(days=3))
    assert not TrialUse.objects.exists()
    freeze(now + timedelta(days=3))
    run_jobs()
    uses = TrialUse.objects.order_by("kind").values_list("kind", "subscription_id")
    assert list(uses) == [("customer", row.pk), ("email", row.pk)]


def test_only_digests_are_kept(now: datetime) -> None:
    customer = make_customer(email="ada@example.com")
    attach_card(customer)
    subscribe(customer, make_plan(trial_days=14))
    for use in TrialUse.objects.all():
        assert len(use.digest) == 64
        assert "ada" not in use.digest
    assert sorted(TrialUse.objects.values_list("kind", flat=True)) == ["card", "customer", "email"]


@pytest.mark.parametrize("kind", ["customer", "email"])
def test_the_index_decides_of_two_at_the_same_instant(now: datetime, kind: str) -> None:
    subscribe(make_customer(email="ada@example.com"), make_plan(trial_days=14))
    use = TrialUse.objects.get(kind=kind)
    with pytest.raises(IntegrityError, match="trialuse_once"), transaction.atomic():
        TrialUse.objects.create(
            subscription=use.subscription, scope=use.scope, kind=use.kind, digest=use.digest, created_at=now
        )
