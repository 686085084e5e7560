"""The staff member at work in the browser."""

import json
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Page, expect

from core import ids
from jobs import internal
from jobs.models import Job
from jobs.services import enqueue
from jobs.tests import kinds
from outbox.internal import relay_here
from subscriptions.models import Subscription
from tests.scenario import Company

pytestmark = pytest.mark.browser


class Remote:
    """The test client's methods over the browser's own connection, for the house's API."""

    def __init__(self, page: Page, key: str) -> None:
        self.page, self.key = page, key

    def post(self, path: str, body: Any) -> Any:
        headers = {"X-API-Key": self.key, "Idempotency-Key": str(ids.new()), "Content-Type": "application/json"}
        return self.page.request.post(path, data=json.dumps(body), headers=headers)


@pytest.fixture
def company(page: Page, api_key: str) -> Company:
    """A company with a customer who has everything, made over HTTP."""
    company = Company(Remote(page, api_key))
    company.open()
    company.welcome("Ada Lovelace")
    return company


def _press(console: Page, button: str, reason: str) -> None:
    console.get_by_role("link", name=button).click()  # its icon is text as well
    console.fill("textarea[name=reason]", reason)
    console.get_by_role("button", name=button, exact=True).click()


def _open(console: Page, label: str, row: Any) -> None:
    console.goto(reverse(f"admin:{label}_change", args=[row.pk]))


def test_a_subscription_is_canceled_and_seen_in_history_audit_log_and_feed(
    console: Page, company: Company, api_key: str, sandbox_scope: Any
) -> None:
    with sandbox_scope(), transaction.atomic():
        row = Subscription.objects.get()
    _open(console, "subscriptions_subscription", row)
    _press(console, "Cancel now", "the customer asked by phone")

    expect(console.get_by_text("The subscription is canceled.")).to_be_visible()
    history = console.locator("#events-group")
    expect(history.get_by_text("the customer asked by phone")).to_be_visible()
    console.goto(f"{reverse('admin:audit_entry_changelist')}?q={row.public_id}")
    expect(console.locator("#result_list").get_by_text("subscription.canceled")).to_be_visible()
    with sandbox_scope():
        relay_here()
    feed = console.request.get("/api/v1/events-feed", headers={"X-API-Key": api_key}).json()
    assert [one["subject"] for one in feed["data"] if one["type"] == "subscription.canceled"] == [row.public_id]


def test_a_dead_letter_is_found_by_its_filter_and_requeued(console: Page, sandbox_scope: Any) -> None:
    assert kinds.done is not None  # the module registers the kind that dies at once
    with sandbox_scope(), transaction.atomic():
        enqueue("test.refuse", payload={}, key="dies")
    internal.work("q:mail", seconds=5)

    console.get_by_role("link", name="Dead jobs").click()
    console.locator("#result_list tbody a").first.click()
    _press(console, "Requeue", "the cause is repaired")

    expect(console.locator(".badge").first).to_have_text("pending")
    with sandbox_scope(), transaction.atomic():
        row = Job.objects.get(kind="test.refuse")
    assert (row.state, row.attempts) == ("pending", 0)


def test_every_page_opens_without_a_complaint(console: Page, company: Company) -> None:
    lists = console.eval_on_selector_all(
        "#nav-sidebar a[href^='/admin/'], nav a[href^='/admin/']", "all => all.map(a => a.getAttribute('href'))"
    )
    shown = []
    for address in dict.fromkeys(lists):
        answer = console.goto(address)
        assert answer, address
        assert answer.status == 200, address
        row = console.locator("#result_list tbody a").first
        if row.count():
            shown.append(address)
            row.click()
            console.wait_for_load_state()
            assert "/change/" in console.url, address
    assert len(lists) > 15
    assert "/admin/subscriptions/subscription/" in shown
