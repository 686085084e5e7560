"""The console shows money in motion, and its buttons call the verbs."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from payments import internal, notices, services
from payments.models import GatewayEvent, PaymentAttempt, PaymentMethod, Refund
from payments.tests.factories import attempt_of, make_paid, make_payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    user = get_user_model().objects.create_superuser("operator@example.com", "correct horse battery staple")
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, path: str) -> str:
    response = client.get(f"/admin/payments/{path}")
    assert response.status_code == 200
    return response.content.decode()


def press(client: Client, path: str) -> str:
    assert "reason" in page(client, path)
    response = client.post(f"/admin/payments/{path}", {"reason": "asked by phone"}, follow=True)
    return response.content.decode()


def an_event(now: datetime) -> GatewayEvent:
    body = json.dumps({"event_id": "e1", "status": "teleported"}).encode()
    services.receive_gateway_event(gateway="sandbox", notice=notices.read(body), body=body, now=now)
    return GatewayEvent.objects.get()


def test_a_payment_is_shown_with_its_attempts(operator: Client) -> None:
    payment = make_paid()
    assert payment.public_id in page(operator, f"payment/?q={payment.reference}")
    shown = page(operator, f"payment/{payment.id}/change/")
    assert attempt_of(payment).gateway_reference in shown


def test_a_button_refunds_a_payment_for_a_reason(operator: Client, facts: Callable[[], list[str]]) -> None:
    payment = make_paid()
    assert "is on its way" in press(operator, f"payment/{payment.id}/refund/")
    assert [(one.amount_minor, one.reason) for one in Refund.objects.all()] == [(1050, "asked by phone")]
    assert "refund.requested" in facts()
    assert "10.50 USD" in page(operator, "refund/")


def test_a_refusal_is_shown_and_changes_nothing(operator: Client) -> None:
    payment = make_payment()
    assert "Only a payment that has succeeded" in press(operator, f"payment/{payment.id}/refund/")
    assert not Refund.objects.exists()


def test_a_button_has_an_attempt_looked_at_again(operator: Client, now: datetime) -> None:
    payment = make_payment("process_then_drop")
    internal.collect_payment(payment_id=payment.id, now=now)
    attempt = attempt_of(payment)
    assert "asked now" in press(operator, f"paymentattempt/{attempt.id}/recheck/")
    assert PaymentAttempt.objects.get().next_reconcile_at != attempt.next_reconcile_at


def test_a_button_replays_an_event(operator: Client, now: datetime) -> None:
    event = an_event(now)
    assert "teleported" in page(operator, f"gatewayevent/{event.id}/change/")
    assert "processed again" in press(operator, f"gatewayevent/{event.id}/replay/")
    assert GatewayEvent.objects.get().status == "received"


def test_a_method_is_shown_without_its_token(operator: Client) -> None:
    make_payment()
    method = PaymentMethod.objects.get()
    assert method.last4 in page(operator, "paymentmethod/")
    assert method.token not in page(operator, f"paymentmethod/{method.id}/change/")
