"""`GET /subscriptions/{id}/events`: what happened to a subscription, and what each line changed."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import ids
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.models import Subscription, SubscriptionEvent
from subscriptions.tests.factories import (
    attach_card,
    make_addon,
    make_coupon,
    make_customer,
    make_plan,
    monthly,
    subscribe,
)
from tests.fixtures import Api

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("freeze_now")]


@pytest.fixture
def subscription(run_jobs: Any) -> Subscription:
    """One that is paid for at 20.00 a month."""
    customer = make_customer()
    attach_card(customer)
    row = subscribe(customer, make_plan(monthly("20")))
    run_jobs()
    return row


def lines(api: Api, subscription: Subscription, **query: Any) -> Any:
    answer = api.get(f"/api/v1/subscriptions/{subscription.public_id}/events", **query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def changes(line: Any) -> dict[str, tuple[Any, Any]]:
    return {one["field"]: (one["before"], one["after"]) for one in line["changes"]}


def test_a_line_shows_what_it_changed(api: Api, subscription: Subscription, now: datetime) -> None:
    about = {"subscription_id": subscription.pk, "actor": SYSTEM, "now": now}
    addon = make_addon(monthly("7"))
    item = services.add_addon(addon_id=addon.pk, quantity=2, **about)
    coupon = make_coupon(duration="forever")
    services.redeem_coupon(code=coupon.code, **about)
    services.cancel_subscription(at="period_end", reason="too dear", **about)
    ended, reduced, added, activated, created = lines(api, subscription)["data"]
    assert (created["changes"], created["mrr_minor"]) == ([], 0)
    assert changes(activated)["status"] == ("incomplete", "active")
    assert changes(activated)["mrr_minor"] == (0, 2000)
    assert changes(added) == {
        "addons": ([], [
            {"id": item.public_id, "addon": addon.public_id, "price": ids.encode("prc", item.price_id),
             "kind": "recurring", "quantity": 2},
        ]),
        "mrr_minor": (2000, 3400),
    }  # fmt: skip
    assert changes(reduced) == {"coupons": ([], [coupon.public_id]), "mrr_minor": (3400, 1700)}
    assert changes(ended)["cancel_at"] == (None, "2026-02-15T12:00:00Z")
    assert changes(ended)["reason"] == (None, "too dear")
    assert ended["mrr_minor"] == 1700


def test_pages_know_the_line_before_their_first(api: Api, subscription: Subscription, now: datetime) -> None:
    services.cancel_subscription(subscription_id=subscription.pk, at="period_end", actor=SYSTEM, now=now)
    page = lines(api, subscription, limit=1)
    second = lines(api, subscription, limit=1, cursor=page["next"])
    assert changes(second["data"][0])["status"] == ("incomplete", "active")
    back = lines(api, subscription, limit=1, cursor=second["previous"])
    assert set(changes(back["data"][0])) == {"cancel_at", "renews_at"}


def test_history_takes_the_same_queries_for_any_length(api: Api, subscription: Subscription, now: datetime) -> None:
    lines(api, subscription)  # the key's use is noted
    with CaptureQueriesContext(connection) as few:
        lines(api, subscription)
    for _ in range(6):
        services.cancel_subscription(subscription_id=subscription.pk, at="period_end", actor=SYSTEM, now=now)
        services.undo_cancellation(subscription_id=subscription.pk, actor=SYSTEM, now=now)
    with CaptureQueriesContext(connection) as many:
        assert len(lines(api, subscription)["data"]) == 14
    assert len(few) == len(many)


def test_an_old_line_says_what_it_knows(api: Api, subscription: Subscription, owner_sql: Any) -> None:
    owner_sql(
        "UPDATE subscriptions_subscriptionevent SET snapshot = NULL WHERE number = 1",
        off=["subscriptions_subscriptionevent"],
    )
    activated, created = lines(api, subscription)["data"]
    assert (created["mrr_minor"], created["changes"], activated["changes"]) == (None, [], [])
    assert (activated["type"], activated["mrr_minor"]) == ("activated", 2000)
    assert SubscriptionEvent.objects.get(number=1).snapshot is None
