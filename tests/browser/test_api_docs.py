"""The client developer tries the API out in the browser."""

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

MOST_STEPS = 300
# What came into view is there after the next frame but one.
SCROLLED = "scrollBy(0, 300); new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
MONTHLY = {"name": "Pro", "currency": "USD", "unit_amount": "29.00", "interval": "month"}


@pytest.fixture
def docs(page: Page, watched: Any, api_key: str) -> Page:
    """The API's page, authorized with a key."""
    page.goto("/api/docs/")
    page.click(".btn.authorize")
    key = page.locator(".auth-container").filter(has_text="X-API-Key")
    key.locator("input").fill(api_key)
    key.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").first.click()
    return page


def _try_out(docs: Page, operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """Fill in and execute an operation; return the body of its 201."""
    block = _scrolled_to(docs, operation)
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.locator("tr[data-param-name='Idempotency-Key'] input").fill(f"docs-{operation}")
    block.locator("textarea.body-param__text").fill(json.dumps(body))
    block.get_by_role("button", name="Execute").click()
    return _created(block)


def _scrolled_to(docs: Page, operation: str) -> Locator:
    """The page renders its sections when they come into view."""
    block = docs.locator(f"[id$='-{operation}']")
    docs.evaluate("window.scrollTo(0, 0)")
    for _ in range(MOST_STEPS):
        if block.count():
            break
        docs.evaluate(SCROLLED)
    return block


def _created(block: Locator) -> dict[str, Any]:
    answer = block.locator(".live-responses-table .response")
    answer.wait_for()
    assert answer.locator(".response-col_status").inner_text().split()[0] == "201", answer.inner_text()
    found: dict[str, Any] = json.loads(answer.locator(".highlight-code code, .highlight-code pre").first.inner_text())
    return found


def test_a_customer_a_plan_and_a_subscription_are_created_on_the_page(docs: Page, api_key: str, house: str) -> None:
    customer = _try_out(docs, "customers_create", {"email": "ada@acme.example", "name": "Ada"})
    plan = _try_out(
        docs, "plans_create", {"code": "pro", "name": "Pro", "trial_days": 14, "prices": [MONTHLY], "publish": True}
    )
    subscription = _try_out(docs, "subscriptions_create", {"customer": customer["id"], "plan": plan["id"]})

    stored = docs.request.get(f"/api/v1/subscriptions/{subscription['id']}", headers={"X-API-Key": api_key}).json()
    assert (stored["customer"], stored["plan"], stored["status"]) == (customer["id"], plan["id"], "trialing")


def test_without_a_key_the_page_opens_and_the_api_says_no(page: Page, house: str, operator: str) -> None:
    page.goto("/api/docs/")
    page.locator(".opblock").first.wait_for()
    assert page.request.get("/api/v1/customers").status == 401
