"""The console's pages of endpoints and deliveries."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import services as accounts
from accounts.tests.factories import PASSWORD
from audit.models import Entry
from webhooks.models import Delivery, Endpoint
from webhooks.tests.receiver import Reply, listening

pytestmark = pytest.mark.django_db


@pytest.fixture
def console(now) -> Client:
    """An operator who is logged in."""
    client = Client()
    client.force_login(accounts.create_operator("op@example.com", PASSWORD, now=now))
    return client


def press(console: Client, name: str, row: Endpoint | Delivery) -> None:
    place = reverse(f"admin:webhooks_{row._meta.model_name}_{name}", args=[row.pk])
    assert console.post(place, {"reason": "because"}).status_code == 302


def test_an_endpoints_page_shows_no_secret(console, register):
    endpoint = register(description="the shop")
    page = console.get(reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])).content.decode()

    assert "the shop" in page
    assert endpoint.shown not in page
    assert endpoint.sealed_secret not in page
    assert console.get(reverse("admin:webhooks_endpoint_changelist"), {"q": "shop"}).status_code == 200


def test_an_endpoint_is_disabled_and_enabled_by_buttons(console, register):
    endpoint = register()
    press(console, "disable", endpoint)
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.reason) == ("disabled", "because")
    press(console, "enable", endpoint)
    endpoint.refresh_from_db()
    assert endpoint.state == "enabled"

    changes = Entry.objects.filter(target=endpoint.public_id, actor__startswith="operator:").order_by("id")
    assert [entry.action for entry in changes] == ["webhook_endpoint.disabled", "webhook_endpoint.enabled"]


def test_a_delivery_shows_its_attempts_and_is_resent_by_a_button(console, register, happen, run_jobs):
    with listening(Reply(status=500, body=b"out of order"), Reply()) as receiver:
        register(receiver.url, event_filters=["outbox.tested"])
        happen()
        run_jobs()
        row = Delivery.objects.get()
        page = console.get(reverse("admin:webhooks_delivery_change", args=[row.pk])).content.decode()
        assert "out of order" in page
        assert row.event_id in page
        press(console, "resend", row)
        run_jobs()

    assert console.get(reverse("admin:webhooks_delivery_changelist"), {"q": row.event_id}).status_code == 200
    assert [one.state for one in Delivery.objects.order_by("resend")] == ["failed", "succeeded"]
