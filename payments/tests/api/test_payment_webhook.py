import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from accounts.tests.api.clients import problem
from core import clock, signatures
from payments import internal
from payments.models import GatewayEvent
from payments.tests.factories import NOW, attempt_of, make_payment, reread

pytestmark = pytest.mark.django_db

URL = "/api/v1/webhooks/payment"
VECTOR = b'{"event_id": "test123", "status": "success"}'
SIGNATURE = "sha256=fa0912d8c73862b6c473527fed81c9c0a8869ac2374db174c1e5866a3b28eebc"
AT = 1640995200


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "unix", lambda: AT)


def send(body: bytes, *, signature: str | None = None, stamp: str = str(AT), content: str = "application/json") -> Any:
    signed = signatures.sign_payment(settings.PAYMENT_WEBHOOK_SECRET, AT, body) if signature is None else signature
    headers = {"X-Webhook-Signature": signed, "X-Webhook-Timestamp": stamp}
    return Client().post(URL, body, content_type=content, headers=headers)


def event(**said: Any) -> bytes:
    return json.dumps({"event_id": "e1", "status": "success"} | said).encode()


@override_settings(PAYMENT_WEBHOOK_SECRET="test-secret-key")
def test_the_published_vector_is_received_and_its_repeat_is_a_duplicate() -> None:
    first = send(VECTOR, signature=SIGNATURE)
    second = send(VECTOR, signature=SIGNATURE)
    assert (first.status_code, first.json()) == (200, {"status": "received"})
    assert (second.status_code, second.json()) == (200, {"status": "duplicate"})
    assert bytes(GatewayEvent.objects.get().body) == VECTOR


def test_an_event_settles_a_payment(freeze: Callable[[Any], None], run_jobs: Callable[[], int]) -> None:
    freeze(NOW)
    payment = make_payment("process_then_drop")
    internal.collect_payment(payment_id=payment.id, now=NOW)
    assert send(event(attempt=attempt_of(payment).public_id)).json() == {"status": "received"}
    assert reread(payment).status == "processing"
    run_jobs()
    assert reread(payment).status == "succeeded"


def test_an_unknown_status_is_ignored() -> None:
    response = send(event(status="teleported"))
    assert (response.status_code, response.json()) == (200, {"status": "ignored"})


@pytest.mark.parametrize("stamp", [str(AT - 300), str(AT + 300)])
def test_five_minutes_either_way_are_fresh(stamp: str) -> None:
    body = event()
    signed = signatures.sign_payment(settings.PAYMENT_WEBHOOK_SECRET, int(stamp), body)
    assert send(body, signature=signed, stamp=stamp).status_code == 200


@pytest.mark.parametrize(
    ("signature", "stamp"),
    [
        ("", str(AT)), ("sha256=", str(AT)), ("sha256=" + "0" * 64, str(AT)), ("fa0912", str(AT)), (None, ""),
        (None, "nan"), (None, "1e9"), (None, "-1"), (None, "9" * 30), (None, f" {AT}"), (None, str(AT + 1)),
        (None, str(AT - 301)), (None, "١٦٤٠٩٩٥٢٠٠"),
    ],
)  # fmt: skip
def test_what_is_not_genuine_and_fresh_gets_one_answer_and_is_not_kept(signature: str | None, stamp: str) -> None:
    assert problem(send(event(), signature=signature, stamp=stamp)) == (401, "signature_invalid")
    assert not GatewayEvent.objects.exists()


def test_without_headers_it_is_the_same_answer() -> None:
    assert problem(Client().post(URL, event(), content_type="application/json")) == (401, "signature_invalid")


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff\xfe", b'{"status":"success"}', b"[" * 5000])
def test_a_signed_body_that_is_no_event_is_malformed(body: bytes) -> None:
    assert problem(send(body)) == (400, "malformed_json")
    assert not GatewayEvent.objects.exists()


def test_too_much_is_refused_before_it_is_read() -> None:
    assert problem(send(b" " * (256 * 1024 + 1), signature="x")) == (413, "body_too_large")
    assert send(event().ljust(256 * 1024)).status_code == 200


def test_another_content_type_is_refused() -> None:
    assert problem(send(event(), content="text/plain")) == (415, "unsupported_media_type")


def test_only_post_is_answered() -> None:
    assert Client().get(URL).status_code == 405
