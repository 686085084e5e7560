"""The tour's webhook receiver: it believes right signatures only."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
import urllib3
from standardwebhooks.webhooks import Webhook

from local.receiver import Receiver

SECRET = "whsec_c2VjcmV0LW9mLXRoZS10b3Vy"
OTHER = "whsec_c29tZWJvZHktZWxzZQ=="


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().listening() as made:
        yield made


def event(sequence: int = 1, type: str = "invoice.paid") -> bytes:  # noqa: A002 - the field's name on the wire
    return json.dumps({"sequence": sequence, "type": type}).encode()


def deliver(
    receiver: Receiver,
    body: bytes,
    *,
    secret: str = SECRET,
    message: str = "evt_1",
    at: datetime | None = None,
) -> int:
    at = at or datetime.now(UTC)
    headers = {
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message, at, body.decode()),
    }
    return post(receiver, body, headers)


def post(receiver: Receiver, body: bytes, headers: dict[str, str]) -> int:
    return urllib3.PoolManager(retries=False).request("POST", receiver.url, body=body, headers=headers).status


def kept(receiver: Receiver) -> list[Any]:
    return [one["sequence"] for one in receiver.events()]


def test_a_right_signature_is_accepted(receiver: Receiver) -> None:
    receiver.trust(SECRET)
    assert deliver(receiver, event()) == 204
    assert receiver.events("invoice.paid") == [{"sequence": 1, "type": "invoice.paid"}]
    assert receiver.events("invoice.voided") == []
    assert receiver.refused == 0


def test_another_endpoints_signature_is_refused(receiver: Receiver) -> None:
    receiver.trust(SECRET)
    assert deliver(receiver, event(), secret=OTHER) == 401
    assert (kept(receiver), receiver.refused) == ([], 1)


def test_a_body_that_was_changed_on_the_way_is_refused(receiver: Receiver) -> None:
    receiver.trust(SECRET)
    at = datetime.now(UTC)
    signature = Webhook(SECRET).sign("evt_1", at, event(1).decode())
    headers = {"webhook-id": "evt_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    assert post(receiver, event(2), headers) == 401
    assert (kept(receiver), receiver.refused) == ([], 1)


def test_an_old_delivery_played_again_is_refused(receiver: Receiver) -> None:
    receiver.trust(SECRET)
    assert deliver(receiver, event(), at=datetime.now(UTC) - timedelta(minutes=6)) == 401
    assert (kept(receiver), receiver.refused) == ([], 1)


@pytest.mark.parametrize("headers", [{}, {"webhook-id": "evt_1"}, {"webhook-signature": "v1,AAAA"}])
def test_a_delivery_without_a_whole_signature_is_refused(receiver: Receiver, headers: dict[str, str]) -> None:
    receiver.trust(SECRET)
    assert post(receiver, event(), headers) == 401
    assert receiver.refused == 1


def test_what_is_sent_twice_is_kept_once(receiver: Receiver) -> None:
    receiver.trust(SECRET)
    assert [deliver(receiver, event()) for _ in range(2)] == [204, 204]
    assert kept(receiver) == [1]


def test_events_come_in_the_order_of_the_feed(receiver: Receiver) -> None:
    receiver.trust(SECRET)
    for sequence in (10, 9, 11):
        deliver(receiver, event(sequence), message=f"evt_{sequence}")
    assert kept(receiver) == [9, 10, 11]


def test_a_delivery_faster_than_the_answer_with_the_secret_waits_for_it(receiver: Receiver) -> None:
    answers: list[int] = []
    early = Thread(target=lambda: answers.append(deliver(receiver, event())))
    early.start()
    receiver.trust(SECRET)
    early.join(10)
    assert answers == [204]
