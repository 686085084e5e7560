import hashlib
import json
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from accounts.tests.api.clients import problem, with_key, with_token
from accounts.tests.factories import register
from core.ids import encode
from core.models import IdempotencyRecord
from payments.models import PaymentMethod
from payments.tests.factories import make_customer, make_method

pytestmark = pytest.mark.django_db

METHODS = "/api/v1/payment-methods"
CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "987"}


def sent(customer: Any, **card: Any) -> dict[str, Any]:
    return {"customer": encode("cus", customer), "card": CARD | card}


def test_a_card_is_attached_and_charged_from_then_on() -> None:
    response = with_key().post(METHODS, sent(make_customer()))
    body = response.json()
    assert response.status_code == 201
    assert (body["brand"], body["last4"], body["exp_month"], body["is_default"]) == ("visa", "4242", 12, True)
    assert set(body).isdisjoint({"token", "number", "cvc"})


def everything_stored() -> str:
    """Every row of every table, as text."""
    rows = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f'SELECT t::text FROM "{model._meta.db_table}" t')
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)


@pytest.mark.parametrize("number", ["4242424242424242", "4000000000000002", "4111111111111111", "4242424242424241"])
def test_a_card_number_is_nowhere(number: str, capfd: Any, caplog: pytest.LogCaptureFixture) -> None:
    response = with_key().post(METHODS, sent(make_customer(), number=number), key="canary")
    kept = everything_stored()
    captured = capfd.readouterr()
    for trace in (response.content.decode(), kept, caplog.text, captured.out, captured.err):
        assert number not in trace
    assert "visa" in kept or response.status_code >= 400


def test_the_fingerprint_of_the_request_cannot_be_made_from_the_card() -> None:
    customer = make_customer()
    body = sent(customer)
    with_key().post(METHODS, body, key="canary")
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    guessed = hashlib.sha256(f"POST\n{METHODS}\n\n{canonical}".encode()).digest()
    assert bytes(IdempotencyRecord.objects.get(key="canary").fingerprint) != guessed


def test_the_same_card_with_the_same_key_is_attached_once_and_another_is_refused() -> None:
    api, customer = with_key(), make_customer()
    first = api.post(METHODS, sent(customer), key="again")
    second = api.post(METHODS, sent(customer), key="again")
    assert (first.content, second.headers["Idempotent-Replayed"]) == (second.content, "true")
    other = api.post(METHODS, sent(customer, number="5555555555554444"), key="again")
    assert problem(other) == (422, "idempotency_key_reused")
    assert PaymentMethod.objects.count() == 1


@pytest.mark.parametrize(
    ("card", "answer"),
    [
        ({"number": "4000000000000002"}, (402, "card_declined")),
        ({"number": "4242424242424241"}, (422, "card_number_invalid")),
        ({"exp_year": 2020}, (422, "card_expired")),
        ({"exp_month": 13}, (422, "card_data_invalid")),
        ({"number": "4111111111111111"}, (422, "not_a_test_card")),
        ({"number": 4242424242424242}, (422, "validation_failed")),
        ({"cvc": None}, (422, "validation_failed")),
        ({"pin": "1"}, (422, "validation_failed")),
    ],
)
def test_a_card_that_cannot_be_is_refused(card: dict[str, Any], answer: tuple[int, str]) -> None:
    response = with_key().post(METHODS, sent(make_customer(), **card))
    assert problem(response) == answer
    assert "42424242" not in response.content.decode()
    assert not PaymentMethod.objects.exists()


@pytest.mark.parametrize(
    "body", [{}, {"card": CARD, "token": "tok_success"}, {"card": "4242"}, {"token": "tok_success"}]
)
def test_a_body_of_another_shape_is_refused(body: dict[str, Any]) -> None:
    if "card" in body or not body:
        body = {"customer": encode("cus", make_customer())} | body
    assert problem(with_key().post(METHODS, body)) == (422, "validation_failed")


def test_methods_are_listed_chosen_and_detached() -> None:
    api, customer = with_key(), make_customer()
    first, second = make_method(customer), make_method(customer)
    make_method(make_customer())
    listed = api.get(METHODS, customer=encode("cus", customer)).json()["data"]
    assert [(one["id"], one["is_default"]) for one in listed] == [(second.public_id, True), (first.public_id, False)]
    assert api.post(f"{METHODS}/{first.public_id}/default").json()["is_default"] is True
    assert api.delete(f"{METHODS}/{first.public_id}").status_code == 204
    assert problem(api.get(f"{METHODS}/{first.public_id}")) == (404, "not_found")
    assert api.get(f"{METHODS}/{second.public_id}").json()["is_default"] is True


def test_a_customer_attaches_to_himself_only() -> None:
    customer, tokens = register()
    client = with_token(tokens.access_token)
    body = client.post(METHODS, {"token": "tok_success"}).json()
    assert body["customer"] == encode("cus", customer.id)
    assert problem(client.post(METHODS, sent(make_customer()))) == (404, "not_found")
    foreign = make_method(make_customer())
    assert problem(client.delete(f"{METHODS}/{foreign.public_id}")) == (404, "not_found")
