"""The analytics page as the browser draws it."""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from core import clock
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.tests.factories import make_addon, make_customer, make_plan, monthly, subscribe

pytestmark = pytest.mark.browser

# Words of one figure that touch another's or leave the figure, and bars that do not stand on one ground.
OVERLAPS = """
() => [...document.querySelectorAll("figure")].flatMap(figure => {
  const words = [...figure.querySelectorAll(".bar-label, .bar-text")].filter(one => one.textContent.trim());
  const boxes = words.map(one => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return {text: one.textContent, ...range.getBoundingClientRect().toJSON()};
  });
  const edge = figure.getBoundingClientRect();
  const outside = boxes.filter(a => a.left < edge.left || a.right > edge.right || a.bottom > edge.bottom);
  const pairs = boxes.flatMap((a, i) => boxes.slice(i + 1).map(b => [a, b])).filter(
    ([a, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom);
  const grounds = new Set([...figure.querySelectorAll(".columns .bar-track")].map(one => one.clientHeight));
  const uneven = grounds.size > 1 ? ["bars that cannot be compared"] : [];
  return [...outside.map(a => a.text), ...pairs.map(([a, b]) => `${a.text} and ${b.text}`), ...uneven];
})
"""


@pytest.fixture
def history(console: Page, sandbox_scope: Any) -> None:
    """Customers who came month by month, of whom some took more, some less, and some went and came back."""
    with sandbox_scope(), transaction.atomic():
        today = clock.now()
        plan, addon = make_plan(monthly("40", billed="arrears"), family=None), make_addon(monthly("9"))
        for number, days in enumerate(range(330, 0, -30)):
            at = today - timedelta(days=days)
            kept, lost, *_ = (subscribe(make_customer(), plan, now=at) for _ in range(2 + number % 3))
            about = {"subscription_id": kept.pk, "actor": SYSTEM}
            item = services.add_addon(addon_id=addon.pk, quantity=1 + number % 3, **about, now=at + timedelta(days=3))
            if number % 3:
                services.remove_addon(item_id=item.pk, **about, now=at + timedelta(days=5))
            if number % 2:
                services.cancel_subscription(
                    subscription_id=lost.pk, at="now", reason="too dear", actor=SYSTEM, now=at + timedelta(days=7)
                )


def test_a_waterfall_is_drawn_as_steps_and_no_word_lies_on_another(console: Page, history: None) -> None:
    console.get_by_role("link", name="Analytics").click()
    console.wait_for_url("**/subscriptions/mrrmovement/")
    figure = console.locator("figure", has_text="Waterfall of all months, USD")
    tops = {}
    for step in figure.locator("li").all():
        box = step.locator(".bar").bounding_box()
        assert box is not None
        tops[step.locator(".bar-label").inner_text()] = (box["y"], box["y"] + box["height"])
    # A gain begins where the step before it ended; a loss hangs from there; the end stands on the ground.
    assert tops["new"][1] >= tops["expansion"][1] > tops["expansion"][0]
    assert abs(tops["expansion"][1] - tops["new"][0]) < 4
    assert tops["churn"][1] > tops["contraction"][1]
    assert abs(tops["end"][1] - tops["new"][1]) < 2
    expect(console.locator(".heat tbody tr")).not_to_have_count(0)
    if os.environ.get("SHOT"):
        console.screenshot(path=os.environ["SHOT"], full_page=True)
    for width in (1920, 1440, 1280, 1024, 800, 480):
        console.set_viewport_size({"width": width, "height": 900})
        assert console.evaluate(OVERLAPS) == [], f"at a width of {width}"
        if os.environ.get("SHOT"):
            console.screenshot(path=f"{os.environ['SHOT']}.{width}.png", full_page=True)
    console.set_viewport_size({"width": 1440, "height": 900})
    console.get_by_label("Month of the waterfall").get_by_role("link").nth(5).click()
    expect(console.get_by_label("Month of the waterfall").locator("[aria-current]")).to_have_count(1)
