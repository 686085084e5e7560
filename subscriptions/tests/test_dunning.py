"""A subscription whose card fails: what is tried, what it may still use, and how it ends or recovers."""

from copy import deepcopy
from datetime import datetime
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command

from billing.dunning import EndAction
from billing.models import DunningCase
from billing.selectors import get_invoice
from billing.services import (
    extend_dunning,
    issue_credit_note,
    pay_invoice,
    void_invoice,
    write_off_dunning,
)
from billing.tests.factories import settle
from core import clock
from core.actor import SYSTEM
from core.tenancy import Scope
from jobs.services import advance_clock
from jobs.time_travel import travel
from payments.services import attach_payment_method, make_default_payment_method
from subscriptions import internal
from subscriptions.models import Subscription
from subscriptions.services import pause_subscription, renew_subscription, resume_subscription
from subscriptions.tests.factories import attach_card, make_customer, subscribe
from subscriptions.tests.failing_card import DAY, Run, Story, begin, decide
from tests.shared import Freeze, Worlds

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_month")]
TITLES = ("Payment failed", "Access suspended", "More time to pay", "Payment not collected", "Payment received")


@pytest.fixture(scope="module")
def first_month(worlds: Worlds) -> dict[str, Any]:
    return worlds.build(begin)


@pytest.fixture
def story(first_month: dict[str, Any], freeze: Freeze, run_jobs: Run) -> Story:
    """A subscription in its first, paid month."""
    return Story(**deepcopy(first_month), freeze=freeze, run=run_jobs)


def test_retries_on_days_2_7_14_21_and_then_it_is_canceled(story: Story, facts: Any) -> None:
    story.fail()
    assert (story.status(), story.tried) == ("past_due", [("declined", "failed", 0)])
    for day in (1.9, 2, 6.9, 7, 14, 20.9):
        story.on_day(day)
    assert (story.status(), story.has_access()) == ("past_due", True)
    story.on_day(21)
    assert story.tried == [("declined", "failed", 0), *(("scheduled", "failed", day) for day in (2, 7, 14, 21))]
    ended = Subscription.objects.get()
    assert (ended.status, ended.reason, story.has_access()) == ("canceled", "payment_failed", False)
    assert (story.case.state, story.case.closed_minor, story.invoice.state) == ("exhausted", 2000, "open")
    assert (facts().count("invoice.dunning_attempted"), facts().count("invoice.dunning_exhausted")) == (4, 1)


def test_a_new_card_on_day_7_recovers(story: Story, facts: Any) -> None:
    story.fail().on_day(2).on_day(7)
    attach_card(story.customer)
    story.run()
    assert story.tried[-1:] == [("new_method", "succeeded", 7)]
    assert (story.status(), story.invoice.state) == ("active", "paid")
    assert (story.case.state, story.case.closed_minor) == ("recovered", 2000)
    assert facts().count("invoice.dunning_recovered") == 1
    story.on_day(14).on_day(21)
    assert (len(story.tried), story.status()) == (4, "active")


def test_a_card_that_becomes_the_default_is_tried_at_once(story: Story) -> None:
    story.fail()
    spare = attach_payment_method(
        customer_id=story.customer.pk, source="tok_success", is_default=False, actor=SYSTEM, now=clock.now()
    )
    story.on_day(1)
    assert len(story.tried) == 1
    make_default_payment_method(payment_method_id=spare.pk, actor=SYSTEM, now=clock.now())
    story.run()
    assert (story.tried[-1], story.status()) == (("new_method", "succeeded", 1), "active")


def test_a_new_card_that_fails_moves_no_schedule(story: Story) -> None:
    story.fail()
    before = story.case.next_attempt_at
    story.on_day(1)
    attach_card(story.customer, "fails_later")
    story.run()
    assert (story.tried[-1], story.case.attempts) == (("new_method", "failed", 1), 0)
    assert story.case.next_attempt_at == before
    assert story.on_day(2).tried[-1] == ("scheduled", "failed", 2)


def test_a_hard_decline_stops_at_once_and_ends_after_the_grace_days(story: Story) -> None:
    decide(grace_days=5)
    story.fail("lost_card")
    assert (story.case.is_hard, story.case.next_attempt_at, story.status()) == (True, None, "past_due")
    story.on_day(2).on_day(4.9)
    assert (len(story.tried), story.status(), story.has_access()) == (1, "past_due", True)
    story.on_day(5)
    assert (story.status(), story.has_access()) == ("canceled", False)


def test_after_a_hard_decline_a_new_card_is_tried_at_once(story: Story) -> None:
    story.fail("stolen_card").on_day(3)
    attach_card(story.customer)
    story.run()
    assert (story.tried[-1], story.status()) == (("new_method", "succeeded", 3), "active")


def test_without_retries_and_grace_it_is_revoked_at_once(story: Story) -> None:
    decide(days=(), grace_days=0)
    story.fail()
    assert (story.status(), story.has_access(), story.case.state) == ("canceled", False, "exhausted")


def test_access_ends_with_the_grace_and_comes_back_with_the_money(story: Story, facts: Any) -> None:
    decide(grace_days=3)
    assert story.fail().on_day(2.9).has_access()
    story.on_day(3)
    assert (story.has_access(), story.status()) == (False, "past_due")
    assert Subscription.objects.get().suspended_at == clock.now()
    attach_card(story.customer)
    story.run()
    assert (story.has_access(), story.status(), Subscription.objects.get().suspended_at) == (True, "active", None)
    assert (facts().count("subscription.access_suspended"), facts().count("subscription.access_restored")) == (1, 1)


def test_a_renewal_grants_nothing_while_access_is_suspended(story: Story) -> None:
    decide(days=(2, 30), grace_days=1)
    story.fail().on_day(1).on_day(29)
    assert (Subscription.objects.get().period_index, DunningCase.objects.count()) == (2, 2)
    assert (story.status(), story.has_access()) == ("past_due", False)


@pytest.mark.parametrize(("action", "status"), [("pause", "paused"), ("leave", "past_due"), ("cancel", "canceled")])
def test_it_ends_as_the_policy_says(story: Story, action: str, status: str) -> None:
    decide(days=(2,), grace_days=0, end_action=EndAction(action))
    story.fail().on_day(2)
    assert (story.status(), story.case.state, story.has_access()) == (status, "exhausted", False)
    story.on_day(10)
    assert len(story.tried) == 2


def test_what_is_left_past_due_recovers_with_a_new_card(story: Story) -> None:
    decide(days=(2,), end_action=EndAction.LEAVE)
    story.fail().on_day(2).on_day(22)
    assert story.case.state == "exhausted"
    attach_card(story.customer)
    story.run()
    assert (story.status(), story.case.state, story.tried[-1][0]) == ("active", "recovered", "new_method")


def test_what_was_canceled_is_not_charged_to_a_new_card(story: Story) -> None:
    decide(days=(), grace_days=0)
    story.fail().on_day(5)
    attach_card(story.customer)
    story.run()
    assert (story.status(), story.invoice.state, len(story.tried)) == ("canceled", "open", 1)


def test_what_cannot_be_collected_is_given_up_where_the_policy_says_so(story: Story) -> None:
    decide(days=(), grace_days=0, writes_off=True)
    story.fail()
    assert (story.status(), story.case.state, story.invoice.state) == ("canceled", "written_off", "uncollectible")


def test_a_plan_has_a_policy_of_its_own(story: Story) -> None:
    decide(days=(9,))
    decide(days=(1,), plan=story.plan.public_id)
    story.fail().on_day(1)
    assert (story.tried[-1], list(story.case.days)) == (("scheduled", "failed", 1), [1])


def test_a_policy_counts_for_what_is_declined_from_now_on(story: Story) -> None:
    story.fail()
    decide(days=(1,))
    assert list(story.case.days) == [2, 5, 7, 7]


def test_money_by_hand_stops_what_is_pending(story: Story) -> None:
    story.fail().on_day(1)
    invoice = story.invoice
    settle(get_invoice(invoice.pk), now=clock.now())
    story.run()
    assert (story.status(), story.case.state) == ("active", "recovered")
    assert len(story.on_day(2).tried) == 1


def test_a_void_invoice_is_not_tried_again(story: Story, facts: Any) -> None:
    story.fail()
    void_invoice(invoice_id=story.invoice.pk, reason="goodwill", actor=SYSTEM, now=clock.now())
    story.on_day(2)
    assert (story.status(), story.case.state, len(story.tried)) == ("active", "stopped", 1)
    assert "invoice.dunning_recovered" not in facts()


def test_a_credited_invoice_is_not_tried_again(story: Story) -> None:
    story.fail()
    credit = {"reason": "goodwill", "key": "all", "actor": SYSTEM, "now": clock.now()}
    issue_credit_note(invoice_id=story.invoice.pk, **credit)
    story.on_day(2)
    assert (story.status(), story.case.state, len(story.tried)) == ("active", "stopped", 1)


def test_writing_off_ends_it_as_when_all_has_failed(story: Story, facts: Any) -> None:
    story.fail()
    write_off_dunning(dunning_id=story.case.pk, reason="bankrupt", actor=SYSTEM, now=clock.now())
    story.run()
    assert (story.status(), story.case.state, story.invoice.state) == ("canceled", "written_off", "uncollectible")
    assert (facts().count("invoice.dunning_written_off"), story.case.closed_minor) == (1, 2000)
    assert len(story.on_day(2).tried) == 1


def test_more_time_moves_everything_and_gives_access_back(story: Story) -> None:
    decide(days=(2, 5), grace_days=1)
    story.fail().on_day(1)
    assert not story.has_access()
    extend_dunning(dunning_id=story.case.pk, days=3, reason="holidays", actor=SYSTEM, now=clock.now())
    story.run()
    assert story.has_access()
    assert len(story.on_day(2).tried) == 1
    assert not story.on_day(4).has_access()
    assert story.on_day(5).tried[-1] == ("scheduled", "failed", 5)
    assert story.on_day(10).tried[-1] == ("scheduled", "failed", 10)
    assert story.status() == "canceled"


def test_a_payment_that_never_came_the_first_time_lapses_without_dunning(run_jobs: Run) -> None:
    customer = make_customer()
    attach_card(customer, "fails_later")
    subscribe(customer)
    run_jobs()
    assert not DunningCase.objects.exists()


def test_what_was_ordered_ahead_may_stay_unpaid(story: Story, now: datetime) -> None:
    attach_card(story.customer, "fails_later")
    renew_subscription(subscription_id=story.subscription.pk, actor=SYSTEM, now=now)
    story.run()
    assert (story.status(), DunningCase.objects.count()) == ("active", 0)


def test_a_decline_told_again_begins_nothing_new(story: Story) -> None:
    story.fail()
    before = story.case
    told = internal.mark_past_due(
        subscription_id=story.subscription.pk, invoice_id=before.invoice_id, code="card_declined", actor=SYSTEM,
        now=clock.now(),
    )  # fmt: skip
    assert told is None
    assert (DunningCase.objects.count(), story.case.next_attempt_at) == (1, before.next_attempt_at)


def test_the_end_told_late_spares_who_has_paid(story: Story) -> None:
    story.fail()
    attach_card(story.customer)
    story.run()
    ended = internal.end_unpaid(
        subscription_id=story.subscription.pk, invoice_id=story.case.invoice_id, end_action="cancel", actor=SYSTEM,
        now=clock.now(),
    )  # fmt: skip
    assert (ended, story.status()) == (None, "active")


def test_a_clock_moved_in_one_call_tries_on_the_same_days(story: Story, environment: Scope) -> None:
    attach_card(story.customer, "fails_later")
    to = story.began + 60 * DAY
    advance_clock(to=to, actor=SYSTEM, now=clock.now())
    assert travel(environment.environment_id, to=to)
    assert [day for kind, _, day in story.tried if kind == "scheduled"] == [2, 7, 14, 21]
    ended = Subscription.objects.get()
    assert (ended.status, ended.ended_at) == ("canceled", story.began + 21 * DAY)


def test_each_step_is_told_by_mail(story: Story) -> None:
    decide(days=(2,), grace_days=1)
    mail.outbox.clear()
    story.fail()
    told = [one for one in mail.outbox if one.to == [story.customer.email]]
    assert ["Payment failed" in one.subject for one in told] == [True]
    assert "We will try again on" in told[0].body
    assert "20.00" in told[0].body
    story.on_day(1).on_day(2)
    titles = [title for one in mail.outbox for title in TITLES if title in one.subject]
    assert titles == ["Payment failed", "Access suspended", "Payment not collected"]


def test_nobody_is_told_where_the_policy_says_so(story: Story) -> None:
    decide(days=(2,), notifies=False)
    mail.outbox.clear()
    story.fail().on_day(2)
    assert not [one for one in mail.outbox if any(title in one.subject for title in TITLES)]


def test_a_new_card_that_is_lost_ends_the_schedule(story: Story) -> None:
    story.fail().on_day(1)
    attach_card(story.customer, "lost_card")
    story.run()
    assert (story.tried[-1], story.case.is_hard) == (("new_method", "failed", 1), True)
    assert story.case.next_attempt_at is None
    assert len(story.on_day(2).tried) == 2
    assert story.on_day(21).status() == "canceled"


def test_another_card_that_fails_by_hand_ends_no_schedule(story: Story) -> None:
    story.fail().on_day(1)
    other = attach_payment_method(
        customer_id=story.customer.pk, source="tok_lost_card", is_default=False, actor=SYSTEM, now=clock.now()
    )
    pay_invoice(invoice_id=story.invoice.pk, payment_method_id=other.pk, actor=SYSTEM, now=clock.now())
    story.run()
    assert (story.tried[-1], story.case.is_hard) == (("by_hand", "failed", 1), False)
    assert story.on_day(2).tried[-1] == ("scheduled", "failed", 2)


def test_more_time_puts_off_an_end_that_was_set(story: Story) -> None:
    decide(grace_days=5)
    story.fail("lost_card")
    extend_dunning(dunning_id=story.case.pk, days=3, reason="holidays", actor=SYSTEM, now=clock.now())
    assert story.on_day(7.9).status() == "past_due"
    assert story.on_day(8).status() == "canceled"


def test_the_end_told_late_spares_who_has_paid_what_it_was_about(story: Story) -> None:
    decide(days=(2, 30))
    story.fail().on_day(29)
    first, second = DunningCase.objects.order_by("id")
    settle(get_invoice(first.invoice_id), now=clock.now())
    ended = internal.end_unpaid(
        subscription_id=story.subscription.pk, invoice_id=first.invoice_id, end_action="cancel", actor=SYSTEM,
        now=clock.now(),
    )  # fmt: skip
    assert (ended, story.status(), second.state) == (None, "past_due", "open")


def test_what_was_past_due_before_is_followed_up_by_the_command(story: Story, owner_sql: Any, capsys: Any) -> None:
    story.fail()
    tables = ["billing_dunningstep", "billing_dunningcase"]
    owner_sql("DELETE FROM billing_dunningstep; DELETE FROM billing_dunningcase", off=tables)
    story.freeze(story.began + DAY)
    call_command("follow_up_past_due")
    assert "1 invoices" in capsys.readouterr().out
    assert (story.case.first_failure_at, story.case.state) == (story.began + DAY, "open")
    call_command("follow_up_past_due")
    assert "0 invoices" in capsys.readouterr().out
    assert DunningCase.objects.count() == 1


def test_who_rests_while_suspended_is_granted_nothing_until_he_goes_on(story: Story) -> None:
    decide(grace_days=1)
    story.fail().on_day(1)
    asked: dict[str, Any] = {"subscription_id": story.subscription.pk, "actor": SYSTEM}
    pause_subscription(**asked, now=clock.now())
    settle(get_invoice(story.case.invoice_id), now=clock.now())
    story.run()
    assert (story.status(), story.has_access(), story.case.state) == ("paused", False, "recovered")
    resume_subscription(**asked, now=clock.now())
    story.run()
    assert (story.status(), story.has_access()) == ("active", True)


def test_who_goes_on_after_a_pause_still_owes(story: Story) -> None:
    decide(days=(2, 30), grace_days=3)
    story.fail().on_day(1)
    asked: dict[str, Any] = {"subscription_id": story.subscription.pk, "actor": SYSTEM}
    pause_subscription(**asked, now=clock.now())
    story.on_day(4)
    resume_subscription(**asked, now=clock.now())
    story.run()
    assert (story.status(), story.has_access()) == ("past_due", False)


def test_what_was_given_up_during_a_pause_ends_when_it_goes_on(story: Story) -> None:
    decide(days=(2,), grace_days=3)
    story.fail().on_day(1)
    asked: dict[str, Any] = {"subscription_id": story.subscription.pk, "actor": SYSTEM}
    pause_subscription(**asked, now=clock.now())
    story.on_day(2).on_day(4)
    assert (story.case.state, story.status()) == ("exhausted", "paused")
    resume_subscription(**asked, now=clock.now())
    story.run()
    assert (story.status(), story.has_access()) == ("canceled", False)
