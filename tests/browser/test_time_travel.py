"""An operator lets a month pass in a sandbox, and reads what happened."""

from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Page, expect

from core.models import Environment
from jobs import internal
from outbox.internal import relay_here
from subscriptions.tests.factories import subscribe

pytestmark = pytest.mark.browser
QUEUE = "q:sub:usage_sync"


def test_a_clock_is_moved_and_its_page_tells_what_happened(console: Page, sandbox_scope: Any) -> None:
    with sandbox_scope():
        with transaction.atomic():
            row, subscription = Environment.objects.get(tenant__slug="default", slug="sandbox"), subscribe()
        relay_here()
    console.goto(reverse("admin:core_environment_change", args=[row.pk]))
    console.get_by_role("link", name="Advance clock").click()
    console.fill("textarea[name=reason]", "to see a renewal")
    console.fill("input[name=by_days]", "31")
    console.get_by_role("button", name="Advance clock", exact=True).click()
    expect(console.locator("body")).to_contain_text("moving at")
    with sandbox_scope():
        while internal.work(QUEUE, seconds=1):
            pass
    console.reload()
    expect(console.locator("body")).to_contain_text("stopped at")
    happened = console.locator("table", has_text="subscription.activated")
    expect(happened.get_by_role("link", name=subscription.public_id).first).to_be_visible()
