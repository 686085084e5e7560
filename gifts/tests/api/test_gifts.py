"""Gifts over HTTP."""

import pytest

from accounts.tests.factories import make_customer, register
from catalog.tests.factories import make_plan
from gifts.models import Gift
from gifts.tests.factories import FRIEND, NOW, mailed_codes, make_buyer

pytestmark = pytest.mark.django_db
GIFTS = "/api/v1/gifts"


@pytest.fixture(autouse=True)
def frozen(freeze) -> None:
    freeze(NOW)


@pytest.fixture
def order() -> dict:
    recipient = {"email": FRIEND, "name": "Friend", "message": "Happy birthday"}
    buyer, plan = make_buyer(), make_plan(now=NOW)
    return {"buyer": buyer.public_id, "plan": plan.public_id, "intervals": 3, "recipient": recipient}


def test_a_gift_is_bought_mailed_and_redeemed(api, order, run_jobs):
    bought = api.post(GIFTS, order)
    assert (bought.status_code, bought.json()["status"], bought.json()["amount_minor"]) == (201, "pending", 6000)
    run_jobs()
    shown = api.get(f"{GIFTS}/{bought.json()['id']}").json()
    assert (shown["status"], "code" in shown) == ("delivered", False)

    friend = make_customer(email=FRIEND, now=NOW)
    redeemed = api.post(f"{GIFTS}/redeem", {"code": mailed_codes()[0], "customer": friend.public_id})
    assert (redeemed.status_code, redeemed.json()["status"]) == (200, "redeemed")
    assert redeemed.json()["redeemed_by"] == friend.public_id


def test_a_repeat_of_the_purchase_is_the_same_gift(api, order):
    first, second = api.post(GIFTS, order, key="gift-1"), api.post(GIFTS, order, key="gift-1")

    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Gift.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"intervals": 0}, "/intervals"),
        ({"intervals": 37}, "/intervals"),
        ({"recipient": {"email": "nobody"}}, "/recipient/email"),
        ({"recipient": {"email": FRIEND, "code": "x"}}, "/recipient/code"),
        ({"amount_minor": 1}, "/amount_minor"),
        ({"buyer": None}, "/buyer"),
    ],
)
def test_a_wrong_order_is_refused_and_nothing_is_sold(api, order, change, pointer):
    response = api.post(GIFTS, order | change)

    assert (response.status_code, response["Content-Type"]) == (422, "application/problem+json")
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert not Gift.objects.exists()


def test_a_code_that_cannot_be_redeemed_is_not_found(api, order):
    customer = make_customer(now=NOW).public_id
    response = api.post(f"{GIFTS}/redeem", {"code": "00000-00000-00000-00000-00000", "customer": customer})

    assert (response.status_code, response.json()["code"]) == (404, "gift_not_redeemable")


@pytest.mark.parametrize("body", [{}, {"code": "x", "gift_id": "gft_00000000000000000000000000"}])
def test_either_the_code_or_the_id_is_needed(api, body):
    body = body | {"customer": make_customer(now=NOW).public_id}
    assert api.post(f"{GIFTS}/redeem", body).status_code == 422


def test_another_environments_gift_is_not_there(api, stranger_api, order):
    gift = api.post(GIFTS, order).json()["id"]
    for response in (
        stranger_api.get(f"{GIFTS}/{gift}"),
        stranger_api.post(f"{GIFTS}/{gift}/cancel"),
        stranger_api.post(f"{GIFTS}/{gift}/resend"),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert Gift.objects.get().status == "pending"


def test_the_list_shows_what_was_bought_in_few_queries(api, order, django_assert_max_num_queries):
    for _ in range(3):
        api.post(GIFTS, order)
    with django_assert_max_num_queries(12):
        page = api.get(GIFTS, status="pending").json()
    assert len(page["data"]) == 3


def test_a_customer_sees_only_what_he_bought_himself(api, order):
    api.post(GIFTS, order)
    _, tokens = register("someone@example.com")
    headers = {"Authorization": f"Bearer {tokens.access_token}"}

    assert api.client.get(GIFTS, headers=headers).json()["data"] == []
