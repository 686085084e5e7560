from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.tests.api.clients import problem, with_key, with_token
from accounts.tests.factories import register
from core.ids import encode
from payments.models import Refund
from payments.tests.factories import attempt_of, make_customer, make_paid, make_payment

pytestmark = pytest.mark.django_db

PAYMENTS = "/api/v1/payments"


def test_a_payment_shows_its_attempts_and_refunds(run_jobs: Callable[[], int]) -> None:
    payment, api = make_paid(), with_key()
    api.post(f"{PAYMENTS}/{payment.public_id}/refund", {"amount_minor": 50, "reason": "unhappy"})
    run_jobs()
    body = api.get(f"{PAYMENTS}/{payment.public_id}").json()
    assert (body["status"], body["amount_minor"], body["refunded_minor"]) == ("partially_refunded", 1050, 50)
    assert [one["id"] for one in body["attempts"]] == [attempt_of(payment).public_id]
    assert [(one["status"], one["amount_minor"], one["reason"]) for one in body["refunds"]] == [
        ("succeeded", 50, "unhappy")
    ]


def test_a_list_takes_as_many_queries_for_many_as_for_one(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    api = with_key()
    make_paid()
    api.get(PAYMENTS)
    for _ in range(5):
        make_paid()
    with django_assert_max_num_queries(9):
        assert len(api.get(PAYMENTS).json()["data"]) == 6


def test_a_list_is_filtered(now: datetime) -> None:
    api, paid, other = with_key(), make_paid(), make_payment(None)
    paid_id, customer = paid.public_id, encode("cus", paid.customer_id)
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"status": "succeeded"}, {paid_id}), ({"customer": customer}, {paid_id}),
        ({"reference": other.reference}, {other.public_id}), ({"created_before": now.isoformat()}, set()),
        ({"created_from": now.isoformat()}, {paid_id, other.public_id}),
    ]  # fmt: skip
    for query, expected in cases:
        assert {one["id"] for one in api.get(PAYMENTS, **query).json()["data"]} == expected, query
    assert problem(api.get(PAYMENTS, status="lost")) == (400, "invalid_parameter")


def test_a_refund_is_accepted_and_on_its_way(facts: Callable[[], list[str]]) -> None:
    payment = make_paid()
    response = with_key().post(f"{PAYMENTS}/{payment.public_id}/refund")
    assert (response.status_code, response.json()["status"], response.json()["amount_minor"]) == (202, "pending", 1050)
    assert response.json()["payment"] == payment.public_id
    assert facts()[-1] == "refund.requested"


def test_one_key_refunds_once() -> None:
    payment, api = make_paid(), with_key()
    url = f"{PAYMENTS}/{payment.public_id}/refund"
    first = api.post(url, {"amount_minor": 50}, key="again")
    second = api.post(url, {"amount_minor": 50}, key="again")
    assert (first.content, second.headers["Idempotent-Replayed"]) == (second.content, "true")
    assert Refund.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"amount_minor": 1051}, (409, "refund_exceeds_payment")), ({"amount_minor": 0}, (422, "validation_failed")),
        ({"amount_minor": "5"}, (422, "validation_failed")), ({"amount": 5}, (422, "validation_failed")),
    ],
)  # fmt: skip
def test_a_refund_that_cannot_be_is_refused(body: dict[str, Any], answer: tuple[int, str]) -> None:
    payment = make_paid()
    assert problem(with_key().post(f"{PAYMENTS}/{payment.public_id}/refund", body)) == answer
    assert not Refund.objects.exists()


def test_a_customer_sees_his_own_payments_only_and_refunds_none() -> None:
    customer, tokens = register()
    own, foreign = make_payment(customer_id=customer.id), make_paid()
    client = with_token(tokens.access_token)
    assert [one["id"] for one in client.get(f"{PAYMENTS}/history").json()["data"]] == [own.public_id]
    assert [one["id"] for one in client.get(PAYMENTS).json()["data"]] == [own.public_id]
    assert problem(client.get(f"{PAYMENTS}/{foreign.public_id}")) == (404, "not_found")
    assert problem(client.post(f"{PAYMENTS}/{own.public_id}/refund"))[0] == 403


def test_a_history_is_somebodys() -> None:
    api, payment = with_key(), make_paid()
    make_payment(customer_id=make_customer())
    found = api.get(f"{PAYMENTS}/history", customer=encode("cus", payment.customer_id)).json()["data"]
    assert [one["id"] for one in found] == [payment.public_id]
    assert problem(api.get(f"{PAYMENTS}/history")) == (400, "invalid_parameter")


def test_a_key_without_the_scope_is_refused() -> None:
    payment = make_paid()
    api = with_key("payments:read")
    assert api.get(PAYMENTS).status_code == 200
    assert problem(api.post(f"{PAYMENTS}/{payment.public_id}/refund")) == (403, "missing_scope")
