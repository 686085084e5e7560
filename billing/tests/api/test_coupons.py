"""`/coupons`."""

from datetime import timedelta
from typing import Any

import pytest

from billing.models import Coupon
from billing.tests.coupons import make_coupon, redeem
from billing.tests.factories import make_customer_id
from core import clock, ids

pytestmark = pytest.mark.django_db
PATH = "/api/v1/coupons"
QUERIES = 5
TERMS = {"code": "launch", "name": "Launch", "percent": "12.5"}


def test_a_coupon_is_made_and_shown(api: Any) -> None:
    until = (clock.now() + timedelta(days=30)).isoformat().replace("+00:00", "Z")
    answer = api.post(PATH, TERMS | {"duration": "repeating", "cycles": 3, "redeem_by": until, "max_redemptions": 100})
    assert answer.status_code == 201
    shown = answer.json()
    assert {name: shown[name] for name in ("code", "percent", "duration", "cycles", "redeemed", "amount_minor")} == {
        "code": "LAUNCH", "percent": "12.5", "duration": "repeating", "cycles": 3, "redeemed": 0, "amount_minor": None,
    }  # fmt: skip
    assert api.get(f"{PATH}/{shown['id']}").json() == shown


def test_an_amount_has_a_currency(api: Any) -> None:
    shown = api.post(PATH, {"code": "five", "name": "Five off", "amount_minor": 500, "currency": "USD"}).json()
    assert (shown["amount_minor"], shown["currency"], shown["percent"]) == (500, "USD", None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"percent": "0"}, "coupon_invalid"), ({"percent": 0}, "coupon_invalid"),
        ({"percent": "-5"}, "validation_failed"), ({"percent": "101"}, "validation_failed"),
        ({"percent": "1.1234567"}, "validation_failed"), ({"percent": "ten"}, "validation_failed"),
        ({"percent": None}, "coupon_invalid"), ({"amount_minor": 5, "currency": "USD"}, "coupon_invalid"),
        ({"percent": None, "amount_minor": 5}, "coupon_invalid"),
        ({"percent": None, "amount_minor": 0, "currency": "USD"}, "coupon_invalid"),
        ({"percent": None, "amount_minor": -5, "currency": "USD"}, "validation_failed"),
        ({"percent": None, "amount_minor": "5.5", "currency": "USD"}, "validation_failed"),
        ({"percent": None, "amount_minor": 5.5, "currency": "USD"}, "validation_failed"),
        ({"percent": None, "amount_minor": 5, "currency": "ABC"}, "validation_failed"),
        ({"percent": None, "amount_minor": 10**20, "currency": "USD"}, "validation_failed"),
        ({"currency": "USD"}, "coupon_invalid"), ({"cycles": 3}, "coupon_invalid"),
        ({"duration": "repeating"}, "coupon_invalid"), ({"duration": "repeating", "cycles": 0}, "validation_failed"),
        ({"duration": "sometimes"}, "validation_failed"), ({"plans": ["nothing"]}, "coupon_invalid"),
        ({"prices": ["prc_00000000000000000000000000"]}, "coupon_invalid"), ({"plans": "pln"}, "validation_failed"),
        ({"redeem_by": "2020-01-01T00:00:00Z"}, "coupon_invalid"), ({"redeem_by": "soon"}, "validation_failed"),
        ({"applies_until": "2020-01-01T00:00:00Z"}, "coupon_invalid"), ({"max_redemptions": 0}, "validation_failed"),
        ({"code": "no spaces"}, "validation_failed"), ({"code": ""}, "validation_failed"),
        ({"surprise": 1}, "validation_failed"),
    ],
)  # fmt: skip
def test_a_coupon_that_makes_no_sense_is_not_made(api: Any, change: dict[str, Any], code: str) -> None:
    answer = api.post(PATH, TERMS | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert Coupon.objects.count() == 0


def test_a_code_is_given_once(api: Any) -> None:
    api.post(PATH, TERMS)
    answer = api.post(PATH, TERMS | {"code": "LAUNCH"})
    assert (answer.status_code, answer.json()["code"]) == (409, "coupon_code_taken")


def test_coupons_are_found_by_code_and_by_whether_they_are_archived(api: Any) -> None:
    kept, gone = make_coupon(code="KEPT"), make_coupon(code="GONE")
    assert api.post(f"{PATH}/{gone.public_id}/archive").json()["archived_at"] is not None
    assert api.post(f"{PATH}/{gone.public_id}/archive").status_code == 409
    found = [
        [one["code"] for one in api.get(PATH, **query).json()["data"]]
        for query in ({"archived": "false"}, {"archived": "true"}, {"code": "kept"}, {})
    ]
    assert found == [["KEPT"], ["GONE"], ["KEPT"], ["GONE", "KEPT"]]
    assert api.get(f"{PATH}/{kept.public_id}").json()["code"] == "KEPT"


def test_a_redeemed_coupon_keeps_its_terms(api: Any) -> None:
    coupon = make_coupon()
    assert api.patch(f"{PATH}/{coupon.public_id}", {"percent": "20"}).json()["percent"] == "20"
    redeem(coupon)
    answer = api.patch(f"{PATH}/{coupon.public_id}", {"percent": "50"})
    assert (answer.status_code, answer.json()["code"], answer.json()["fields"]) == (
        409, "coupon_terms_fixed", ["percent"],
    )  # fmt: skip
    assert api.patch(f"{PATH}/{coupon.public_id}", {"max_redemptions": 9}).json()["percent"] == "20"


def test_the_redemptions_of_a_coupon_are_listed(api: Any) -> None:
    coupon, holder = make_coupon(), make_customer_id()
    redeem(coupon, customer_id=holder, reference="sub_1")
    redeem(coupon, reference="sub_2")
    redeem(make_coupon(), reference="sub_3")
    path = f"{PATH}/{coupon.public_id}/redemptions"
    assert [one["reference"] for one in api.get(path).json()["data"]] == ["sub_2", "sub_1"]
    (his,) = api.get(path, customer=ids.encode("cus", holder)).json()["data"]
    assert (his["reference"], his["cycles_used"], his["released_at"]) == ("sub_1", 0, None)
    assert api.get(f"{PATH}/cpn_00000000000000000000000000/redemptions").status_code == 404


def test_a_page_of_coupons_takes_as_many_queries_as_one(api: Any, django_assert_num_queries: Any) -> None:
    make_coupon()
    api.get(PATH)  # the first use of a key in a while is noted
    with django_assert_num_queries(QUERIES):
        api.get(PATH)
    for _ in range(5):
        make_coupon()
    with django_assert_num_queries(QUERIES):
        assert len(api.get(PATH).json()["data"]) == 6


def test_a_stranger_sees_nothing(api: Any, stranger_api: Any) -> None:
    path = f"{PATH}/{make_coupon().public_id}"
    assert stranger_api.get(PATH).json()["data"] == []
    answers = [
        stranger_api.get(path), stranger_api.patch(path, {"name": "Mine"}), stranger_api.post(f"{path}/archive"),
        stranger_api.get(f"{path}/redemptions"),
    ]  # fmt: skip
    assert [one.status_code for one in answers] == [404] * 4
    assert Coupon.objects.get().name == "Welcome"
