"""A subscription that dunning has let rest: it goes on when what it owes is settled, and not before."""

from datetime import timedelta
from typing import Any

import pytest

from billing.dunning import EndAction
from billing.models import DunningCase, Invoice
from billing.selectors import get_invoice
from billing.services import issue_credit_note, mark_uncollectible, retry_dunning, void_invoice
from billing.tests.factories import settle
from core import clock, ids
from core.actor import SYSTEM, Actor
from subscriptions import internal
from subscriptions.models import Subscription
from subscriptions.services import cancel_subscription, pause_subscription, resume_subscription
from subscriptions.tests.factories import attach_card
from subscriptions.tests.failing_card import Story, decide
from subscriptions.tests.migrating import healthy
from subscriptions.tests.test_dunning import first_month, story
from tests.edge.state import digest
from tests.fixtures import Api

__all__ = ["first_month", "story"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_month")]
KEY = Actor(type="key", id="key_test", scopes=frozenset({"write"}))


@pytest.fixture
def resting(story: Story) -> Story:
    """Declined on 15 February, given up and paused on day 2, and it is day 10."""
    decide(days=(2,), grace_days=0, end_action=EndAction.PAUSE)
    story.fail().on_day(2).on_day(10)
    assert (story.status(), story.case.state, story.has_access()) == ("paused", "exhausted", False)
    return story


def row() -> Subscription:
    return Subscription.objects.get()


def goes_on(story: Story) -> bool:
    """Whether it runs as if it had never rested, but for the eight days from day 2 on, which are given back."""
    end = row().period_ends_at
    return (story.status(), story.has_access(), end) == (
        "active", True, story.began.replace(month=3) + timedelta(days=8),
    )  # fmt: skip


def test_it_goes_on_when_the_money_arrives(resting: Story, facts: Any) -> None:
    settle(get_invoice(resting.case.invoice_id), now=clock.now())
    resting.run()
    assert goes_on(resting)
    assert (resting.case.state, Invoice.objects.count()) == ("recovered", 2)
    line = row().events.get(type="resumed")
    assert (line.reason, line.effective_at, line.actor) == ("nothing_owed", clock.now(), SYSTEM.label)
    assert facts().count("subscription.resumed") == 1
    assert healthy()


def test_money_told_of_twice_resumes_it_once(resting: Story) -> None:
    settle(get_invoice(resting.case.invoice_id), now=clock.now())
    resting.run()
    version = row().version
    internal.settle(
        subscription_id=row().pk, invoice_id=resting.case.invoice_id, actor=SYSTEM, now=clock.now() + timedelta(days=1)
    )
    assert (row().version, row().status) == (version, "active")


def test_a_new_card_is_tried_at_once_and_it_goes_on(resting: Story) -> None:
    attach_card(resting.customer)
    resting.run()
    assert goes_on(resting)
    assert (resting.tried[-1], resting.invoice.state) == (("new_method", "succeeded", 10), "paid")
    assert healthy()


def test_a_new_card_that_fails_leaves_it_at_rest(resting: Story) -> None:
    attach_card(resting.customer, "fails_later")
    resting.run()
    assert (resting.tried[-1], resting.status()) == (("new_method", "failed", 10), "paused")
    assert (resting.case.state, resting.has_access()) == ("exhausted", False)
    assert len(resting.on_day(30).tried) == 3


def test_an_operator_may_have_it_tried_again(resting: Story) -> None:
    retry_dunning(dunning_id=resting.case.pk, reason="he called", actor=SYSTEM, now=clock.now())
    resting.run()
    assert (resting.tried[-1], resting.status()) == (("operator", "failed", 10), "paused")


def test_nobody_resumes_it_while_it_owes(resting: Story, api: Api) -> None:
    before = digest()
    answer = api.post(f"/api/v1/subscriptions/{row().public_id}/resume")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "payment_outstanding")
    assert problem["invoices"] == [ids.encode("inv", resting.case.invoice_id)]
    assert digest() == before


@pytest.mark.parametrize("how", ["void", "credited"])
def test_it_goes_on_when_nobody_owes_it_any_more(resting: Story, how: str) -> None:
    by: dict[str, Any] = {"invoice_id": resting.invoice.pk, "reason": "goodwill", "actor": SYSTEM, "now": clock.now()}
    if how == "void":
        void_invoice(**by)
    else:
        issue_credit_note(key="all", **by)
    resting.run()
    assert goes_on(resting)
    assert healthy()


def test_what_was_written_off_stands_in_nobody_s_way(resting: Story) -> None:
    mark_uncollectible(invoice_id=resting.invoice.pk, reason="bankrupt", actor=SYSTEM, now=clock.now())
    resting.run()
    assert resting.status() == "paused"
    resume_subscription(subscription_id=row().pk, actor=SYSTEM, now=clock.now())
    resting.run()
    assert goes_on(resting)
    assert healthy()


def test_it_rests_until_the_last_invoice_is_paid(story: Story) -> None:
    """The first is tried on day 2 and 32, and the next month has come on day 28."""
    decide(days=(2, 30), grace_days=0, end_action=EndAction.PAUSE)
    story.fail().on_day(28).on_day(32)
    first, second = DunningCase.objects.order_by("id")
    assert (story.status(), first.state, second.state) == ("paused", "exhausted", "open")
    settle(get_invoice(first.invoice_id), now=clock.now())
    story.run()
    assert story.status() == "paused"
    settle(get_invoice(second.invoice_id), now=clock.now())
    story.run()
    assert (story.status(), story.has_access()) == ("active", True)
    assert healthy()


def test_money_ends_nobody_s_own_pause(story: Story) -> None:
    """Whatever it was called."""
    decide(days=(2,), grace_days=0, end_action=EndAction.PAUSE)
    story.fail()
    pause_subscription(subscription_id=row().pk, reason="payment_failed", actor=KEY, now=clock.now())
    story.on_day(2)
    assert (story.status(), story.case.state) == ("paused", "exhausted")
    settle(get_invoice(story.case.invoice_id), now=clock.now())
    story.run()
    assert (story.status(), story.case.state) == ("paused", "recovered")
    resume_subscription(subscription_id=row().pk, actor=KEY, now=clock.now())
    assert story.status() == "active"


def test_it_can_be_canceled_at_rest_and_stays_so(resting: Story) -> None:
    cancel_subscription(subscription_id=row().pk, at="now", actor=SYSTEM, now=clock.now())
    settle(get_invoice(resting.case.invoice_id), now=clock.now())
    resting.run()
    assert (resting.status(), resting.invoice.state, resting.has_access()) == ("canceled", "paid", False)
