"""64 requests at once that ask a gateway, on real commits, and owners who are killed on the way."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from core import clock
from core.idempotency import claims, completing
from core.models import IdempotencyRecord
from core.tenancy.system import system_scope
from payments.models import PaymentMethod, PaymentMethodAttachment, SandboxCard
from tests.house import ROOT
from tests.session import Database
from tests.test_storms import (
    CROWD,
    IN_PROGRESS,
    Shop,
    assert_one_answer,
    assert_replays,
    code_of,
    do_all,
    inside,
    open_shop,
    shop,
    storm,
    turn,
)

__all__ = ["shop", "turn"]

METHODS = "/api/v1/payment-methods"
OWNER = """
import json, sys
import django
django.setup()
from django.test.utils import setup_test_environment
from tests.test_gateway_storms import attach
from tests.test_storms import Shop
setup_test_environment()
attach(Shop(**json.loads(sys.argv[1])), "the-key")
"""

pytestmark = pytest.mark.slow


def attach(shop: Shop, key: str, token: str = "tok_success", request_id: str = "") -> Any:
    """POST a payment method for the shop's customer."""
    return shop.post(METHODS, {"customer": shop.customer, "token": token}, key, request_id)


def attached(slug: str = "sandbox") -> tuple[int, int, int]:
    """How many ways to pay beside the first there are, attempts at one, and cards at the gateway."""
    with inside(slug), transaction.atomic():
        kinds = (PaymentMethod, PaymentMethodAttachment, SandboxCard)
        methods, attempts, cards = (kind.objects.count() - 1 for kind in kinds)
        return methods, attempts, cards


def abandon() -> None:
    """Let the leases of all requests under way run out."""
    past = clock.wall() - timedelta(seconds=1)
    with system_scope("test: leases run out"), transaction.atomic():
        IdempotencyRecord.objects.filter(state="in_flight").update(locked_until=past)


def test_one_key_asks_the_gateway_once(shop: Shop, run_jobs: Callable[[], int]) -> None:
    first = assert_one_answer(storm(lambda _: attach(shop, "the-key")))
    assert_replays(attach(shop, "the-key"), first)
    assert attached() == (1, 1, 1)
    do_all(run_jobs)


def test_one_key_with_two_bodies_asks_the_gateway_once(shop: Shop) -> None:
    tokens = ("tok_success", "tok_fails_later")
    answers = storm(lambda number: attach(shop, "the-key", tokens[number % 2]))
    refused = [one for one in answers if one.status_code == 422]
    assert_one_answer([one for one in answers if one not in refused])
    assert {code_of(one) for one in refused} <= {"idempotency_key_reused"}
    assert attached() == (1, 1, 1)


def test_many_keys_attach_many_and_one_is_charged(shop: Shop) -> None:
    answers = storm(lambda number: attach(shop, f"key-{number}"), 16)
    assert {one.status_code for one in answers} == {201}
    assert attached() == (16, 16, 16)
    with inside("sandbox"), transaction.atomic():
        assert PaymentMethod.objects.filter(is_default=True).count() == 1


def test_one_key_in_two_environments_asks_twice(shop: Shop) -> None:
    shops = (shop, open_shop("live"))
    answers = storm(lambda number: attach(shops[number % 2], "the-key"))
    for half in (0, 1):
        assert_one_answer(answers[half::2])
    assert attached("sandbox") == attached("live") == (1, 1, 1)


def test_an_abandoned_key_is_taken_over_by_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.MonkeyPatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(claims, "keep", _interrupted)
        attach(shop, "the-key")
    assert code_of(attach(shop, "the-key")) == IN_PROGRESS
    abandon()
    assert_one_answer(storm(lambda _: attach(shop, "the-key")))
    assert attached() == (1, 1, 1)


def _interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


def test_completers_at_once_take_each_request_to_its_end_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        with pytest.MonkeyPatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(claims, "keep", _interrupted)
            attach(shop, f"key-{number}")
    abandon()
    assert sum(storm(lambda _: completing.complete_abandoned(), 8)) == 8
    assert attached() == (8, 8, 8)
    assert {attach(shop, f"key-{number}").headers["Idempotent-Replayed"] for number in range(8)} == {"true"}


@pytest.mark.parametrize("point", ["idempotency.claimed", "idempotency.intended", "idempotency.asked"])
def test_a_killed_owner_is_finished_for(
    point: str, shop: Shop, committed: Database, run_jobs: Callable[[], int]
) -> None:
    told = json.dumps({"points": {point: {"do": "kill"}}})
    variables = {
        **committed.environment, "DJANGO_SETTINGS_MODULE": "config.settings_test", "PATH": "", "FAILPOINTS": told,
    }  # fmt: skip
    arguments = [sys.executable, "-c", OWNER, json.dumps(asdict(shop))]
    died = subprocess.run(arguments, cwd=ROOT, env=variables, capture_output=True, check=False, timeout=100)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert {code_of(one) for one in storm(lambda _: attach(shop, "the-key"), CROWD // 4)} == {IN_PROGRESS}
    abandon()
    assert completing.complete_abandoned() == 1
    first = attach(shop, "the-key")
    assert first.status_code == 201
    assert_replays(attach(shop, "the-key"), first)
    assert attached() == (1, 1, 1)
    do_all(run_jobs)
