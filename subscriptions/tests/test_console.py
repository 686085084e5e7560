"""The console shows subscriptions with their history, and its buttons call the verbs."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from core import clock
from subscriptions.models import Subscription
from subscriptions.tests.factories import free_plan, make_customer, subscribe

pytestmark = pytest.mark.django_db
URL = "/admin/subscriptions/subscription"


@pytest.fixture
def operator() -> Client:
    user = get_user_model().objects.create_superuser("operator@example.com", "correct horse battery staple")
    client = Client()
    client.force_login(user)
    return client


def press(client: Client, subscription: Subscription, button: str) -> str:
    path = f"{URL}/{subscription.pk}/{button}/"
    assert client.get(path).status_code == 200
    response = client.post(path, {"reason": "asked by phone"}, follow=True)
    assert response.status_code == 200
    subscription.refresh_from_db()
    return str(response.content.decode())


def test_a_subscription_is_found_and_shown_with_its_history(operator: Client) -> None:
    subscription = subscribe(make_customer(email="ada@example.com"), free_plan())
    subscribe(make_customer(email="bob@example.com"), free_plan())
    for sought in ("ada@example.com", subscription.public_id):
        found = operator.get(f"{URL}/", {"q": sought}).content.decode()
        assert subscription.public_id in found
        assert "bob@example.com" not in found
    shown = operator.get(f"{URL}/{subscription.pk}/change/").content.decode()
    assert "created" in shown
    assert f"/admin/billing/invoice/?q={subscription.public_id}" in shown


def test_it_is_canceled_with_a_button_and_says_who_and_why(operator: Client) -> None:
    subscription = subscribe(make_customer(), free_plan())
    shown = press(operator, subscription, "cancel_now")
    last = subscription.events.order_by("-number")[0]
    assert (subscription.status, last.reason, last.actor.partition(":")[0]) == (
        "canceled",
        "asked by phone",
        "operator",
    )
    assert "asked by phone" in shown


def test_it_is_canceled_at_period_end_and_that_is_undone(operator: Client) -> None:
    subscription = subscribe(make_customer(), free_plan())
    press(operator, subscription, "cancel_at_period_end")
    assert (subscription.status, subscription.cancel_at) == ("active", subscription.period_ends_at)
    press(operator, subscription, "undo_cancellation")
    assert subscription.cancel_at is None


def test_a_refusal_is_shown_and_changes_nothing(operator: Client) -> None:
    subscription = subscribe(make_customer(), free_plan(), starts_at=clock.now() + timedelta(days=1))
    before = subscription.version
    shown = press(operator, subscription, "cancel_at_period_end")
    assert "cannot become canceled" in shown
    assert subscription.version == before
