"""Reading subscriptions: by prepared statements, in a constant number of queries, as the ORM and DRF would show it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.serializers import Serializer

from billing.models import CouponRedemption
from billing.selectors import RedemptionView, list_redemptions
from core import ids
from core.actor import SYSTEM
from subscriptions import services
from subscriptions.api.reading import find, holdings
from subscriptions.api.serializers import SubscriptionBody
from subscriptions.models import KEPT_ADDONS, Subscription, SubscriptionAddOn
from subscriptions.tests.factories import free_plan, make_addon, make_coupon, make_customer, monthly, subscribe
from tests.fixtures import Api

pytestmark = pytest.mark.django_db
URL = "/api/v1/subscriptions"
# Whose key; what is decided of features; the rows; for a list their add-ons and their coupons. With them the
# transaction, which a test nests: SAVEPOINT, SET, RELEASE.
LIST_QUERIES = 5 + 3
GET_QUERIES = 3 + 3


def queries_of(api: Api, path: str, **query: Any) -> tuple[int, Any]:
    with CaptureQueriesContext(connection) as seen:
        answer = api.get(path, **query)
    assert answer.status_code == 200, answer.content
    return len(seen), answer.json()


@pytest.mark.parametrize("count", [1, 20, 200])
def test_a_page_takes_the_same_queries_for_any_number_of_rows(api: Api, count: int) -> None:
    plan = free_plan(family=None)
    customer = make_customer()
    for _ in range(min(count, 2)):
        subscribe(customer, plan)
    pattern = Subscription.objects.first()
    assert pattern is not None
    copies = [Subscription(**{**_columns(pattern), "id": ids.new()}) for _ in range(count - min(count, 2))]
    Subscription.objects.bulk_create(copies)
    api.get(URL)  # the key's use is noted
    queries, body = queries_of(api, URL, limit=100)
    assert queries == LIST_QUERIES
    assert len(body["data"]) == min(count, 100)


def test_one_takes_few_queries(api: Api) -> None:
    row = subscribe(make_customer(), free_plan())
    api.get(URL)
    queries, body = queries_of(api, f"{URL}/{row.public_id}")
    assert (queries, body["id"]) == (GET_QUERIES, row.public_id)


def test_what_is_shown_is_what_the_framework_would_show(api: Api) -> None:
    row = with_holdings()
    _, body = queries_of(api, f"{URL}/{row.public_id}")
    fresh = Subscription.objects.get(pk=row.pk)
    shown = SubscriptionBody(fresh, context=holdings([fresh]))
    assert body == Serializer.to_representation(shown, fresh)
    assert len(body["addons"]) == 1
    assert [one["code"] for one in body["coupons"]] == ["SAVE10"]
    assert queries_of(api, URL)[1]["data"] == [body]


def test_a_row_says_what_it_holds_and_only_then_it_is_asked(api: Api) -> None:
    row, other = with_holdings(), subscribe(make_customer(), free_plan())
    told = [find(one.public_id) for one in (row, other)]
    assert [(one.has_addons, one.has_coupons) for one in told] == [(True, True), (False, False)]
    assert find(ids.encode("sub", ids.new())) is None
    services.remove_addon(
        subscription_id=row.pk, item_id=KEPT_ADDONS.all([row.pk])[0].pk, actor=SYSTEM, now=row.created_at
    )
    CouponRedemption.objects.update(removed_at=row.created_at)
    assert [getattr(find(row.public_id), name) for name in ("has_addons", "has_coupons")] == [False, False]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_without_filters_are_those_with_one_that_lets_everything_pass(api: Api, limit: int) -> None:
    """The first by prepared statements, the second by the ORM: forth to the end and back to the beginning."""
    plan, customer = free_plan(family=None), make_customer()
    made = [subscribe(customer, plan).public_id for _ in range(5)]

    def walked(**filters: Any) -> list[list[str]]:
        pages, cursor, way = [], None, "next"
        while way:
            query = {"limit": limit, **filters} | ({"cursor": cursor} if cursor else {})
            answer = api.get(URL, **query).json()
            pages.append([one["id"] for one in answer["data"]])
            way = way if answer[way] else ("previous" if way == "next" else "")
            cursor = answer[way] if way else None
            way = way if cursor else ""
        return pages

    with CaptureQueriesContext(connection) as seen:
        plain = walked()
    assert not any('ORDER BY "subscriptions_subscription"."id"' in one["sql"] for one in seen)
    assert plain == walked(status="active")
    assert plain[0] == made[::-1][:limit]
    assert {one for page in plain for one in page} == set(made)


def test_prepared_reads_find_what_the_orm_finds() -> None:
    row, other = with_holdings(), subscribe(make_customer(), free_plan())
    kept = SubscriptionAddOn.objects.of(row).kept()
    assert KEPT_ADDONS.all([row.pk, other.pk]) == list(kept)
    assert SubscriptionAddOn.objects.count() == len(kept) + 1
    redemption = CouponRedemption.objects.select_related("coupon").get()
    view = RedemptionView(
        id=redemption.id, coupon_id=redemption.coupon_id, code=redemption.coupon.code, name=redemption.coupon.name,
        cycles_used=redemption.cycles_used, redeemed_at=redemption.redeemed_at,
    )  # fmt: skip
    assert list_redemptions([other.public_id, row.public_id]) == {row.public_id: (view,)}


def with_holdings() -> Subscription:
    """A subscription with an add-on, one that was removed, and a coupon."""
    row = subscribe(make_customer(), free_plan())
    actor: dict[str, Any] = {"actor": SYSTEM, "now": row.created_at}
    addons = [make_addon(monthly("0")) for _ in range(2)]
    added = [services.add_addon(subscription_id=row.pk, addon_id=one.pk, quantity=1, **actor) for one in addons]
    services.remove_addon(subscription_id=row.pk, item_id=added[-1].pk, **actor)
    make_coupon("SAVE10")
    services.redeem_coupon(subscription_id=row.pk, code="SAVE10", **actor)
    return row


def _columns(row: Subscription) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in Subscription._meta.concrete_fields}
