"""The sandbox's other side: a small payment service with a book of its own.

It plays a company somewhere else. Its book commits in its own transactions and survives whatever happens to us; it
answers in bytes, and it can be told to misbehave: by the card, or by the setting `SANDBOX_FAULTS`, for example
`{"seed": 7, "weights": {"ok": 90, "process_then_drop": 5, "drop_before": 5}}`. `attach` in the place of `weights` is
for the attaching of cards.
"""

import json
import random
from dataclasses import asdict, dataclass, fields
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum

from core import clock
from payments.gateways.base import Attached, ChargeRequest, RefundRequest
from payments.gateways.sandbox_cards import Behavior, Fault, behavior_of
from payments.models import SandboxCard, SandboxCharge


@dataclass(frozen=True, kw_only=True)
class Response:
    status: int
    body: bytes


def charge(request: ChargeRequest) -> Response:
    """This function will do what the card says, once per key, and answer with the entry of the book.

    :raises ConnectionError: the connection broke, before or after the work was done.
    :raises TimeoutError: no answer within the client's patience.
    """
    try:
        behavior = behavior_of(request.token)
    except KeyError:
        return Response(status=404, body=b'{"error": "no_such_token"}')
    number = _receive(request, kind="charge")
    fault = _fault(request.key, number, behavior)
    _before(fault)
    if fault is Fault.TOO_MANY_REQUESTS:
        return Response(status=429, body=b'{"error": "rate_limited"}')
    return _after(fault, _process_charge(request.key, behavior).answer())


def refund(request: RefundRequest) -> Response:
    """This function will give back part of a charge, once per key, never above what was charged; raises as `charge`."""
    number = _receive(request, kind="refund")
    fault = _fault(request.key, number, Behavior())
    _before(fault)
    if fault is Fault.TOO_MANY_REQUESTS:
        return Response(status=429, body=b'{"error": "rate_limited"}')
    return _after(fault, _process_refund(request.key, request.charge).answer())


def lookup(key: str) -> Response:
    """This function will answer with the entry of a key, or 404 where nothing was ever done under it."""
    with transaction.atomic(durable=True):
        row = SandboxCharge.objects.filter(key=key).exclude(status="received").first()
    return _ok(row.answer()) if row else Response(status=404, body=b'{"error": "no_such_key"}')


def keep_card(key: str, made: Attached) -> Attached:
    """This function will answer with the token that was first made with a key; what breaks it raises as `charge`."""
    fault = _fault(key, _receive_card(key, made), Behavior(), told="attach")
    if fault is Fault.TOO_MANY_REQUESTS:
        raise ConnectionError("too many requests")
    _before(fault)
    kept = _process_card(key, made)
    if _after(fault, {}).status != 200 or fault is Fault.MALFORMED:
        raise ConnectionError("no answer that can be read")
    return kept


@transaction.atomic
def find_card(key: str) -> Attached | None:
    """This function will answer with the token that was made with a key, if one was."""
    row = SandboxCard.objects.filter(key=key).exclude(token="").first()
    return _attached(row) if row else None


@transaction.atomic(durable=True)
def settle_pending(key: str, *, status: str, code: str = "") -> None:
    """This function will end a pending charge, as a bank does days later."""
    SandboxCharge.objects.filter(key=key, status="pending").update(status=status, code=code)


@transaction.atomic(durable=True)
def _receive(request: ChargeRequest | RefundRequest, *, kind: str) -> int:
    """This function will note that a request has come in, and return how many there have been with its key."""
    row = SandboxCharge(
        key=request.key,
        kind=kind,
        status="received",
        amount_minor=request.amount_minor,
        currency=request.currency,
        created_at=clock.now(),
    )
    SandboxCharge.objects.bulk_create([row], ignore_conflicts=True)
    SandboxCharge.objects.filter(key=request.key).update(requests=F("requests") + 1)
    return SandboxCharge.objects.get(key=request.key).requests


@transaction.atomic
def _receive_card(key: str, made: Attached) -> int:
    """This function will note that a card has come in, and return how often one has with its key."""
    row = SandboxCard(key=key, created_at=clock.now(), **(asdict(made) | {"token": ""}))
    SandboxCard.objects.bulk_create([row], ignore_conflicts=True)
    SandboxCard.objects.filter(key=key).update(requests=F("requests") + 1)
    return SandboxCard.objects.get(key=key).requests


@transaction.atomic
def _process_card(key: str, made: Attached) -> Attached:
    SandboxCard.objects.filter(key=key, token="").update(**asdict(made))
    return _attached(SandboxCard.objects.get(key=key))


def _attached(row: SandboxCard) -> Attached:
    return Attached(**{one.name: getattr(row, one.name) for one in fields(Attached)})


@transaction.atomic(durable=True)
def _process_charge(key: str, behavior: Behavior) -> SandboxCharge:
    row = SandboxCharge.objects.select_for_update().get(key=key)
    if row.status == "received":
        status = "failed" if behavior.declines else "pending" if behavior.is_pending else "succeeded"
        row.status, row.code = status, behavior.declines
        row.save(update_fields=["status", "code"])
    return row


@transaction.atomic(durable=True)
def _process_refund(key: str, charge_id: str) -> SandboxCharge:
    charges = SandboxCharge.objects.select_for_update().filter(kind="charge", status="succeeded")
    charged = next((one for one in charges if one.public_id == charge_id), None)
    row = SandboxCharge.objects.select_for_update().get(key=key)
    if row.status == "received":
        row.charge = charged
        row.status, row.code = _judge_refund(row, charged)
        row.save(update_fields=["status", "code", "charge"])
    return row


def _judge_refund(row: SandboxCharge, charged: SandboxCharge | None) -> tuple[str, str]:
    if charged is None:
        return "failed", "no_such_charge"
    earlier = charged.refunds.filter(status="succeeded").aggregate(total=Sum("amount_minor"))["total"] or 0
    is_covered = earlier + row.amount_minor <= charged.amount_minor and row.currency == charged.currency
    return ("succeeded", "") if is_covered else ("failed", "charge_already_refunded")


def _fault(key: str, number: int, behavior: Behavior, *, told: str = "weights") -> Fault:
    """This function will choose what goes wrong: a card's own fault meets the first request, the setting's any."""
    if behavior.fault is not Fault.NONE:
        return behavior.fault if number == 1 else Fault.NONE
    plan: dict[str, Any] = getattr(settings, "SANDBOX_FAULTS", None) or {}
    weights: dict[str, int] = plan.get(told) or {Fault.NONE.value: 1}
    # Chance decides what fails, and the seed decides chance: a run can be repeated.
    dice = random.Random(f"{plan.get('seed', 0)}:{key}:{number}")  # noqa: S311
    return Fault(dice.choices(list(weights), list(weights.values()))[0])


def _before(fault: Fault) -> None:
    if fault is Fault.DROP_BEFORE:
        raise ConnectionError("connection reset")
    if fault is Fault.HANG_BEFORE:
        raise TimeoutError("no answer in time")


def _after(fault: Fault, answer: dict[str, Any]) -> Response:
    match fault:
        case Fault.PROCESS_THEN_DROP:
            raise ConnectionError("connection reset")
        case Fault.PROCESS_THEN_HANG:
            raise TimeoutError("no answer in time")
        case Fault.PROCESS_THEN_500:
            return Response(status=500, body=b"")
        case Fault.MALFORMED:
            return Response(status=200, body=b'{"id": "')
        case Fault.WRONG_AMOUNT:
            return _ok(answer | {"amount": answer.get("amount", 0) + 1})
        case _:
            return _ok(answer)


def _ok(answer: dict[str, Any]) -> Response:
    return Response(status=200, body=json.dumps(answer).encode())
