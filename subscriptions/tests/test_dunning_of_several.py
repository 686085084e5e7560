"""What becomes of a subscription's other unpaid invoices, and of its reminders, when dunning ends it."""

from copy import deepcopy
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from billing import internal as billing
from billing.dunning import EndAction
from billing.models import DunningCase, DunningStep, Invoice
from billing.services import retry_dunning, write_off_dunning
from core import clock
from core.actor import SYSTEM
from payments.models import Payment
from subscriptions.models import SubscriptionReminder
from subscriptions.tests.factories import attach_card
from subscriptions.tests.failing_card import Run, Story, begin, decide
from tests.shared import Freeze, Worlds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_month")]
PAGE = "/admin/billing/dunningcase/"


@pytest.fixture(scope="module")
def first_month(worlds: Worlds) -> dict[str, Any]:
    return worlds.build(begin)


@pytest.fixture
def story(first_month: dict[str, Any], freeze: Freeze, run_jobs: Run) -> Story:
    """A subscription in its first, paid month."""
    return Story(**deepcopy(first_month), freeze=freeze, run=run_jobs)


def owe_twice(story: Story, **terms: Any) -> Story:
    """The second and the third month fail; access has ended with the grace of the second, on day 25."""
    decide(**{"days": (2, 28), "grace_days": 25} | terms)
    story.fail().on_day(2).on_day(25)
    mail.outbox.clear()
    return story.on_day(28)


def cases() -> list[DunningCase]:
    return list(DunningCase.objects.order_by("id"))


def test_the_end_of_one_ends_the_others_and_all_stays_owed(story: Story, facts: Any) -> None:
    owe_twice(story).on_day(30)
    assert story.status() == "canceled"
    assert [(one.state, one.closed_minor, one.next_attempt_at) for one in cases()] == [("exhausted", 2000, None)] * 2
    assert [(one.state, one.due_minor) for one in Invoice.objects.order_by("id")[1:]] == [("open", 2000)] * 2
    assert facts().count("invoice.dunning_exhausted") == 2
    assert [step.kind for step in cases()[1].steps.all()][-1] == "exhausted"


def test_nothing_is_tried_and_no_new_card_is_charged_afterwards(story: Story) -> None:
    owe_twice(story).on_day(30)
    tried = Payment.objects.count()
    attach_card(story.customer)
    story.run()
    story.on_day(30.1).on_day(58).on_day(60)
    assert Payment.objects.count() == tried
    assert [one.state for one in Invoice.objects.order_by("id")] == ["paid", "open", "open"]


def test_a_retry_that_had_not_begun_is_called_off(story: Story) -> None:
    owe_twice(story)
    first, second = cases()
    retry_dunning(dunning_id=second.pk, reason="he called", actor=SYSTEM, now=clock.now())
    write_off_dunning(dunning_id=first.pk, reason="bankrupt", actor=SYSTEM, now=clock.now())
    story.run()
    second.refresh_from_db()
    assert (story.status(), second.state) == ("canceled", "exhausted")
    assert not Payment.objects.filter(status="pending").exists()


def test_a_policy_that_changed_meanwhile_leaves_no_other_past_due(story: Story) -> None:
    decide(days=(2, 28), grace_days=25)
    story.fail()
    decide(days=(2, 28), grace_days=25, end_action=EndAction.LEAVE)
    story.on_day(2).on_day(28).on_day(30)
    assert [(one.end_action, one.state) for one in cases()] == [("cancel", "exhausted"), ("leave", "exhausted")]
    tried = Payment.objects.count()
    attach_card(story.customer)
    story.run()
    assert Payment.objects.count() == tried


def test_a_decline_that_is_told_after_the_end_begins_nothing(story: Story) -> None:
    decide(days=(), grace_days=28)
    story.fail().on_day(28)
    assert (story.status(), Invoice.objects.count(), DunningCase.objects.count()) == ("canceled", 3, 1)
    tried = Payment.objects.count()
    attach_card(story.customer)
    story.run()
    assert Payment.objects.count() == tried


def test_the_others_are_written_off_where_the_policy_says_so(story: Story) -> None:
    owe_twice(story, writes_off=True).on_day(30)
    assert [one.state for one in cases()] == ["written_off"] * 2
    assert [one.state for one in Invoice.objects.order_by("id")[1:]] == ["uncollectible"] * 2


def test_what_is_left_past_due_goes_on(story: Story) -> None:
    owe_twice(story, end_action=EndAction.LEAVE).on_day(30)
    assert [one.state for one in cases()] == ["exhausted", "open"]


def test_no_mail_promises_what_has_ended(story: Story) -> None:
    owe_twice(story)
    assert ["Payment failed" in one.subject for one in mail.outbox] == [True]
    assert "We will try again" in mail.outbox[0].body
    assert "You can use everything until" not in mail.outbox[0].body
    mail.outbox.clear()
    story.on_day(30)
    assert len([one for one in mail.outbox if "Payment not collected" in one.subject]) == 2
    assert [one.subject for one in mail.outbox if "try again on" in one.body or "until" in one.body] == []
    failed = DunningStep.objects.filter(case=cases()[1], kind="declined").get()
    assert billing.write_dunning_notice(failed.pk, now=clock.now()) is None


def test_a_mail_promises_access_no_longer_than_the_first_that_is_unpaid(story: Story, admin_client: Client) -> None:
    owe_twice(story, grace_days=29)
    assert "You can use everything until Mar 16, 2026." in mail.outbox[-1].body
    assert admin_client.get(PAGE).content.decode().count("access until 2026-03-16") == 2


def test_the_console_promises_no_access_that_has_ended(story: Story, admin_client: Client) -> None:
    owe_twice(story)
    shown = admin_client.get(PAGE).content.decode()
    assert "Retry on " in shown
    assert "access until" not in shown
    assert "access until" not in admin_client.get(f"{PAGE}{cases()[1].pk}/change/").content.decode()


def test_who_will_not_renew_is_not_reminded_of_it(story: Story, facts: Any) -> None:
    decide(days=(2,), grace_days=21)
    told = SubscriptionReminder.objects.count()
    mail.outbox.clear()
    story.fail().on_day(2).on_day(20.9).on_day(21)
    assert story.status() == "canceled"
    assert SubscriptionReminder.objects.count() == told
    assert [one.subject for one in mail.outbox if "renews on" in one.body] == []


def test_who_pays_in_time_is_reminded_of_what_is_still_to_come(story: Story) -> None:
    decide(days=(2,), grace_days=22)
    told = SubscriptionReminder.objects.count()
    story.fail().on_day(2).on_day(21)
    assert SubscriptionReminder.objects.count() == told
    attach_card(story.customer)
    story.run()
    story.on_day(25)
    assert [one.days for one in SubscriptionReminder.objects.order_by("id")[told:]] == [3]


def test_who_is_left_past_due_renews_and_is_reminded(story: Story) -> None:
    decide(days=(2,), grace_days=5, end_action=EndAction.LEAVE)
    told = SubscriptionReminder.objects.count()
    story.fail().on_day(2).on_day(5).on_day(21)
    assert SubscriptionReminder.objects.count() == told + 1
