"""What happens at the same time, with real commits and several connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction
from django.test import Client

from accounts import services
from accounts.models import Customer, LoginAttempt, RefreshToken
from accounts.tests.factories import PASSWORD, make_key, register
from core import errors

pytestmark = pytest.mark.usefixtures("committed")

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
CROWD = 8
Answer = TypeVar("Answer")
Enter = Callable[[], Any]


def together(call: Callable[[int], Answer]) -> list[Answer | errors.Refusal]:
    """Call in as many threads as the crowd has heads; a refusal is an answer."""

    def one(number: int) -> Answer | errors.Refusal:
        try:
            return call(number)
        except errors.Refusal as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(CROWD) as threads:
        return list(threads.map(one, range(CROWD)))


def test_a_refresh_asked_for_many_times_at_once_has_one_successor(sandbox_scope: Enter) -> None:
    with sandbox_scope(), transaction.atomic():
        _, tokens = register()
    now = datetime.now(UTC)
    found = together(lambda _: services.refresh_session(refresh_token=tokens.refresh_token, now=now))
    assert {one.refresh_token for one in found if isinstance(one, services.Tokens)} != set()
    assert len({getattr(one, "refresh_token", None) for one in found}) == 1
    with sandbox_scope(), transaction.atomic():
        assert RefreshToken.objects.count() == 2


def test_parallel_guesses_are_all_counted(sandbox_scope: Enter) -> None:
    def guess(number: int) -> services.Tokens:
        with sandbox_scope():
            return services.log_in_customer(
                email="nobody@example.com", password=f"guess {number}", address="192.0.2.1", now=NOW
            )

    found = together(guess)
    assert sum(isinstance(one, services.WrongCredentials) for one in found) == 5
    assert sum(isinstance(one, services.TooManyAttempts) for one in found) == CROWD - 5
    with sandbox_scope(), transaction.atomic():
        assert set(LoginAttempt.objects.values_list("failures", flat=True)) == {5}


def test_an_external_reference_is_taken_once_by_many_at_once(sandbox_scope: Enter) -> None:
    with sandbox_scope(), transaction.atomic():
        key = make_key()

    def create(_: int) -> int:
        body = {"email": "ada@example.com", "external_ref": "a-1"}
        headers = {"X-API-Key": key, "Idempotency-Key": f"k{_}"}
        return Client().post("/api/v1/customers", body, content_type="application/json", headers=headers).status_code

    assert sorted(map(str, together(create))) == ["201"] + ["409"] * (CROWD - 1)
    with sandbox_scope(), transaction.atomic():
        assert Customer.objects.count() == 1


def test_a_refused_login_over_http_stays_counted(sandbox_scope: Enter) -> None:
    with sandbox_scope(), transaction.atomic():
        register()
        key = make_key(type="publishable")
    body = {"email": "ada@example.com", "password": PASSWORD + "?"}
    response = Client().post("/api/v1/auth/login", body, content_type="application/json", headers={"X-API-Key": key})
    assert response.status_code == 401
    with sandbox_scope(), transaction.atomic():
        assert set(LoginAttempt.objects.values_list("failures", flat=True)) == {1}
