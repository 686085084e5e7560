"""Attaching a card in steps: a process may die between any two of them, and the gateway may fall silent."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import Error, transaction
from django.test import override_settings

from accounts.tests.api.clients import problem, with_key
from core import clock, failpoints
from core.actor import SYSTEM
from core.idempotency import completing
from core.ids import encode
from core.models import IdempotencyRecord
from payments import gateways, services
from payments.gateways.base import GatewaySilent
from payments.gateways.sandbox_cards import Fault
from payments.models import PaymentMethod, PaymentMethodAttachment, SandboxCard
from payments.tests.api.test_payment_methods import CARD, METHODS, everything_stored
from payments.tests.factories import NOW, make_customer, make_method

pytestmark = pytest.mark.django_db

SILENCE = [fault for fault in Fault if fault not in (Fault.NONE, Fault.WRONG_AMOUNT)]
POINTS = [name for name in failpoints.POINTS if name.startswith("idempotency.")]


class Killed(BaseException):
    """The process dies: nothing that catches exceptions runs, and open transactions are lost."""


def attach(api: Any, customer: Any, **source: Any) -> Any:
    return api.post(METHODS, {"customer": encode("cus", customer)} | (source or {"card": CARD}), key="the-key")


def abandon() -> None:
    IdempotencyRecord.objects.filter(state="in_flight").update(locked_until=clock.wall() - timedelta(seconds=1))


def silent(*faults: Fault) -> Any:
    return override_settings(SANDBOX_FAULTS={"seed": 1, "attach": {fault.value: 1 for fault in faults}})


def made() -> list[tuple[str, str]]:
    """What became of attachments, and the tokens of the ways to pay that came of them."""
    rows = PaymentMethodAttachment.objects.order_by("id").values_list("status", "payment_method__token")
    return [(status, token or "") for status, token in rows]


@pytest.mark.parametrize("fault", SILENCE)
def test_a_silent_gateway_is_202_and_the_way_to_pay_comes_later(fault: Fault) -> None:
    api, customer = with_key(), make_customer()
    with silent(fault):
        waiting = attach(api, customer, token="tok_success")
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, "15")
    body = waiting.json()
    assert (body["status"], body["customer"], body["id"][:4]) == ("processing", encode("cus", customer), "pma_")
    assert not PaymentMethod.objects.exists()
    abandon()
    assert completing.complete_abandoned() == 1
    told = attach(api, customer, token="tok_success")
    assert (told.status_code, told.headers["Idempotent-Replayed"], told.json()["brand"]) == (201, "true", "visa")
    assert made() == [("attached", SandboxCard.objects.get().token)]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("source", [{"card": CARD}, {"token": "tok_success"}], ids=["card", "token"])
def test_whoever_dies_while_attaching_leaves_one_way_to_pay_and_no_card(
    point: str, source: dict[str, Any], facts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reach(name: str) -> None:
        if name == point:
            raise Killed

    api, customer = with_key(), make_customer()
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(failpoints, "reach", reach)
        attach(api, customer, **source)
    assert CARD["number"] not in everything_stored()
    abandon()
    assert completing.complete_abandoned() == 1
    answered = attach(api, customer, **source)
    assert answered.status_code == 201
    assert attach(api, customer, **source).content == answered.content
    [method] = PaymentMethod.objects.all()
    assert (answered.json()["id"], method.customer_id) == (method.public_id, customer)
    assert facts().count("payment_method.attached") == 1
    assert SandboxCard.objects.count() == 1
    forgotten = point == "idempotency.intended" and "card" in source
    assert [status for status, _ in made()] == (["abandoned", "attached"] if forgotten else ["attached"])
    assert CARD["number"] not in everything_stored()


def test_a_refusal_survives_the_death_of_who_heard_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def reach(name: str) -> None:
        if name == "idempotency.answered":
            raise Killed

    api, customer = with_key(), make_customer()
    declined = CARD | {"number": "4000000000000002"}
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(failpoints, "reach", reach)
        attach(api, customer, card=declined)
    abandon()
    completing.complete_abandoned()
    answered = attach(api, customer, card=declined)
    assert problem_of(answered) == (402, "card_declined", "card_declined")
    assert answered.headers["Idempotent-Replayed"] == "true"
    assert (made(), PaymentMethod.objects.count()) == ([("refused", "")], 0)


def problem_of(response: Any) -> tuple[int, str, str]:
    return response.status_code, response.json()["code"], response.json()["decline_code"]


def test_a_customer_who_is_not_there_is_the_keys_answer() -> None:
    api = with_key()
    stranger = make_customer()
    missing = type(stranger)(int=stranger.int ^ 1)
    first = attach(api, missing)
    assert problem(first) == (404, "not_found")
    assert attach(api, missing).content == first.content
    assert not PaymentMethodAttachment.objects.exists()


def test_one_key_makes_one_token_at_the_gateway() -> None:
    gateway = gateways.named("sandbox")
    first = gateway.attach("tok_success", key="a", now=NOW)
    assert gateway.attach("tok_success", key="a", now=NOW) == first
    assert gateway.attach("tok_success", key="b", now=NOW).token != first.token
    assert gateway.find_attached("a") == first
    assert gateway.find_attached("c") is None


def test_a_gateway_that_was_never_reached_has_made_nothing() -> None:
    gateway = gateways.named("sandbox")
    with silent(Fault.DROP_BEFORE), pytest.raises(GatewaySilent):
        gateway.attach("tok_success", key="a", now=NOW)
    assert gateway.find_attached("a") is None
    with silent(Fault.PROCESS_THEN_DROP), pytest.raises(GatewaySilent):
        gateway.attach("tok_success", key="a", now=NOW)
    assert gateway.find_attached("a") is not None


def test_the_verb_by_itself_says_that_nobody_knows() -> None:
    customer = make_customer()
    with silent(Fault.HANG_BEFORE), pytest.raises(GatewaySilent):
        make_method(customer)
    assert (made(), PaymentMethod.objects.count()) == ([("requested", "")], 0)


@pytest.mark.parametrize(
    "damage",
    [
        {"status": "attached"}, {"status": "requested"}, {"customer_id": None}, {"source_token": "other"},
        {"requested_by": "somebody"}, {"token": ""}, {"payment_method": None}, {"refusal": "card_declined"},
        {"answered_at": None},
    ],
    ids=str,
)  # fmt: skip
def test_an_attachment_cannot_be_otherwise(damage: dict[str, Any]) -> None:
    method = make_method(make_customer())
    row = PaymentMethodAttachment.objects.get(payment_method=method)
    if damage == {"status": "attached"}:
        row = services.begin_attachment(customer_id=method.customer_id, source="tok_x", actor=SYSTEM, now=NOW)
    before = PaymentMethodAttachment.objects.values().get(pk=row.pk)
    with pytest.raises(Error), transaction.atomic():
        PaymentMethodAttachment.objects.filter(pk=row.pk).update(**damage)
    assert PaymentMethodAttachment.objects.values().get(pk=row.pk) == before
