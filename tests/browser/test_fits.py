"""Charts and lists fit a screen of usual width, however long the names in them are."""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Page

from billing import services as billing
from billing.tests.dunning.builders import case_of, decline
from billing.tests.factories import settle
from core import clock
from core.actor import SYSTEM
from jobs import internal
from jobs.services import enqueue
from jobs.tests import kinds
from subscriptions.models import Subscription
from subscriptions.services import Wanted, schedule_change
from subscriptions.tests.factories import make_customer, make_plan, monthly, subscribe
from tests.browser.test_analytics import OVERLAPS

pytestmark = pytest.mark.browser
LISTS = (
    "subscriptions_subscription", "subscriptions_scheduledchange", "billing_dunningcase", "jobs_job",
    "subscriptions_mrrmovement",
)  # fmt: skip
# Tables that are wider than what they stand in.
CUT_OFF = """
() => [...document.querySelectorAll("table")].filter(one => {
  const frame = one.closest(".simplebar-content-wrapper, .wide");
  return frame && frame.scrollWidth > frame.clientWidth + 1;
}).map(one => `${one.id || one.className}: ${one.scrollWidth}`)
"""
# Dates that take more than one line.
BROKEN_DATES = """
() => [...document.querySelectorAll(".field-tabular:is(.field-at, [class*='_at']), .field-effective")].filter(one => {
  const range = document.createRange();
  range.selectNodeContents(one);
  return range.getBoundingClientRect().height > 32;
}).map(one => one.textContent.trim())
"""


@pytest.fixture
def busy(sandbox_scope: Any) -> None:
    """Customers with long names, changes that wait, cases that are open and over, and a dead job."""
    assert kinds.done is not None  # the module registers the kind that dies at once
    with sandbox_scope(), transaction.atomic():
        now, customer = clock.now(), make_customer(name="Wilhelmina Featherstonehaugh-Cholmondeley")
        plan = make_plan(monthly("12345.67", billed="arrears"), family=None, name="Enterprise, billed by the seat")
        row = subscribe(customer, plan, now=now - timedelta(days=40))
        schedule_change(subscription_id=row.pk, wanted=Wanted(quantity=3), actor=SYSTEM, now=now)
        settle(decline(customer_id=customer.pk), now=now)
        lost = case_of(decline(customer_id=customer.pk))
        billing.write_off_dunning(dunning_id=lost.pk, reason="gone", actor=SYSTEM, now=now)
        decline(customer_id=customer.pk)
        enqueue("test.refuse", payload={}, key="dies")
    internal.work("q:mail", seconds=5)


def _shot(page: Page, name: str) -> None:
    if os.environ.get("SHOT"):
        page.screenshot(path=f"{os.environ['SHOT']}_{name}.png", full_page=True)


def test_lists_and_tables_fit_a_usual_screen(console: Page, busy: None) -> None:
    cut = {}
    for label in LISTS:
        console.goto(reverse(f"admin:{label}_changelist"))
        _shot(console, label)
        cut[label] = console.evaluate(CUT_OFF)
    assert {label: found for label, found in cut.items() if found} == {}


def test_no_word_of_the_overview_lies_on_another(console: Page, busy: None) -> None:
    console.reload()
    _shot(console, "overview")
    assert console.locator("figure", has_text="Recovered and lost after a decline").count() == 1
    for width in (1920, 1440, 1280, 1024, 800, 480):
        console.set_viewport_size({"width": width, "height": 900})
        assert console.evaluate(OVERLAPS) == [], f"at a width of {width}"


def test_a_subscription_and_its_form_fit_and_dates_take_one_line(console: Page, busy: None, sandbox_scope: Any) -> None:
    with sandbox_scope(), transaction.atomic():
        row = Subscription.objects.get()
    console.goto(reverse("admin:subscriptions_subscription_change", args=[row.pk]))
    _shot(console, "subscription")
    assert console.locator("#events-group td.field-at").count() > 0
    assert console.evaluate(BROKEN_DATES) == []
    console.goto(reverse("admin:subscriptions_subscription_adjust", args=[row.pk]))
    console.fill("textarea[name=reason]", "asked by phone")
    console.fill("input[name=quantity]", "4")
    console.get_by_role("button", name="Preview").click()
    _shot(console, "preview")
    sums = console.locator("[data-preview] .sums td:last-child")
    assert len({round(box["x"] + box["width"]) for box in (one.bounding_box() for one in sums.all()) if box}) == 1
