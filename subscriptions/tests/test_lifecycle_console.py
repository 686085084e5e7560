"""The buttons that pause, resume, end, and lengthen trials; and what the overview draws of those who left."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from billing.models import CreditNote
from core.actor import SYSTEM
from core.clock import now as clock_now
from subscriptions import services
from subscriptions.admin._buttons import Buttons
from subscriptions.models import Subscription, SubscriptionSettings
from subscriptions.tests.factories import free_plan, make_customer, make_plan, subscribe

pytestmark = pytest.mark.django_db
URL = "/admin/subscriptions/subscription"


@pytest.fixture
def operator() -> Client:
    user = get_user_model().objects.create_superuser("operator@example.com", "correct horse battery staple")
    client = Client()
    client.force_login(user)
    return client


def press(client: Client, row: Subscription, button: str, **given: Any) -> str:
    """Press a button and return what the page says then."""
    path = f"{URL}/{row.pk}/{button}/"
    assert client.get(path).status_code == 200
    answer = client.post(path, {"reason": "asked by phone", **given}, follow=True)
    assert answer.status_code == 200
    row.refresh_from_db()
    return str(answer.content.decode())


def test_it_rests_and_goes_on_with_buttons(operator: Client) -> None:
    row = subscribe(make_customer(), free_plan())
    shown = press(operator, row, "pause", at="now", until="2100-01-31 00:00", policy="restart")
    assert (row.status, f"{row.resumes_at:%Y-%m-%d}") == ("paused", "2100-01-31")
    assert "The subscription rests from" in shown
    assert "Restart" in operator.get(f"{URL}/{row.pk}/change/").content.decode()
    press(operator, row, "resume")
    assert (row.status, row.period_index) == ("active", 1)


def test_a_pause_that_makes_no_sense_is_refused_where_it_is_asked_for(operator: Client) -> None:
    row = subscribe(make_customer(), free_plan())
    shown = press(operator, row, "pause", at="now", until="2000-01-31 00:00", policy="give_back")
    assert "A pause ends after it has begun." in shown
    assert (row.status, row.version) == ("active", 1)


def test_a_trial_is_lengthened_and_ended_with_buttons(operator: Client) -> None:
    row = subscribe(make_customer(), free_plan(trial_days=14))
    before = row.period.ends_at
    press(operator, row, "extend_trial", days=7)
    assert (row.period.ends_at - before).days == 7
    assert "The trial is over" in press(operator, row, "activate")
    assert row.status == "active"


def test_why_somebody_leaves_is_asked_and_drawn(operator: Client) -> None:
    row = subscribe(make_customer(), free_plan())
    press(operator, row, "cancel_now", why="too_expensive", refund="none")
    assert (row.status, row.reason, row.comment) == ("canceled", "too_expensive", "asked by phone")
    shown = operator.get("/admin/").content.decode()
    assert "Why customers leave" in shown
    assert "too expensive" in shown


def test_it_is_ended_or_canceled_for_a_date_and_the_rest_given_back(operator: Client, run_jobs: Any) -> None:
    row, other = subscribe(plan=make_plan()), subscribe(make_customer(), free_plan())
    run_jobs()
    press(operator, row, "end", refund="prorated_credit")
    assert (row.status, CreditNote.objects.get().wallet_minor > 0) == ("expired", True)
    press(operator, other, "cancel_at", at="2100-01-31 00:00", why="", refund="prorated_credit")
    assert (f"{other.cancel_at:%Y-%m-%d}", other.cancel_refund) == ("2100-01-31", "prorated_credit")


def test_settings_are_edited_and_said(operator: Client, facts: Any) -> None:
    services.change_subscription_settings(changes={"sends_reminders": False}, actor=SYSTEM, now=clock_now())
    row = SubscriptionSettings.objects.get()
    page = f"/admin/subscriptions/subscriptionsettings/{row.pk}/change/"
    assert operator.get(page).status_code == 200
    asked = {
        "customer_verbs": ["cancel"], "customer_cancel_times": ["period_end"], "customer_refund": "none",
        "pause_policy": "restart", "longest_customer_pause_days": "30", "trial_without_method": "paused",
    }  # fmt: skip
    assert operator.post(page, asked, follow=True).status_code == 200
    row.refresh_from_db()
    assert (row.customer_verbs, row.pause_policy, row.trial_without_method) == (["cancel"], "restart", "paused")
    assert facts()[-1] == "subscription_settings.changed"


def buttons(client: Client, row: Subscription) -> set[str]:
    shown = client.get(f"{URL}/{row.pk}/change/").content.decode()
    every = {"adjust", *Buttons.NAMES}
    return {name for name in every if f"{row.pk}/{name}/" in shown}


def test_a_page_offers_the_buttons_that_the_state_does_not_refuse(operator: Client) -> None:
    running = {"adjust", "cancel_now", "cancel_at_period_end", "cancel_at", "end"}
    row = subscribe(make_customer(), free_plan(trial_days=14))
    assert buttons(operator, row) == running | {"activate", "extend_trial"}
    press(operator, row, "activate")
    assert buttons(operator, row) == running | {"pause"}
    press(operator, row, "pause", at="period_end", policy="restart")
    assert buttons(operator, row) == running | {"pause", "resume"}
    press(operator, row, "resume")
    press(operator, row, "pause", at="now", policy="restart")
    assert buttons(operator, row) == running | {"resume"}
    press(operator, row, "cancel_at", why="unused", at="2100-01-31 00:00")
    assert "undo_cancellation" in buttons(operator, row)
    press(operator, row, "cancel_now", why="unused")
    assert buttons(operator, row) == set()


def test_a_button_that_is_not_offered_refuses_all_the_same(operator: Client) -> None:
    row = subscribe(make_customer(), free_plan())
    assert "cannot become" in press(operator, row, "resume")
    assert (row.status, row.version) == ("active", 1)
