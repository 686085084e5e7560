"""Which credentials are read, and how a refused one is answered."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts import services
from accounts.models import ApiKey
from accounts.tests.api.clients import problem, with_key
from accounts.tests.factories import make_key
from core.actor import SYSTEM

pytestmark = pytest.mark.django_db

ME = "/api/v1/auth/me"


def ask(**headers: str) -> Any:
    return Client().get(ME, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_a_key_is_read_from_either_header() -> None:
    key = make_key()
    for response in (ask(X_API_Key=key), ask(Authorization=f"Bearer {key}"), ask(Authorization=f"bearer {key}")):
        assert response.json()["type"] == "key"
        assert response.json()["environment"]["kind"] == "sandbox"


def test_two_credentials_are_one_too_many() -> None:
    key = make_key()
    assert problem(ask(X_API_Key=key, Authorization=f"Bearer {key}")) == (400, "credentials_ambiguous")
    assert problem(ask(Authorization=f"Bearer {key},Bearer {key}")) == (400, "credentials_ambiguous")


def test_no_credential_is_a_401() -> None:
    response = Client().get(ME)
    assert problem(response) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "headers",
    [
        {"X_API_Key": "sk_test_" + "a" * 40}, {"X_API_Key": ""}, {"X_API_Key": "é"}, {"Authorization": "Bearer x.y.z"},
        {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer " + "A" * 5000},
        {"Authorization": "Bearer sk_test_x"}, {"Authorization": "Token abc"},
    ],
)  # fmt: skip
def test_a_credential_that_proves_nothing_is_a_401(headers: dict[str, str]) -> None:
    response = ask(**headers)
    assert problem(response) == (401, "invalid_credential")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_credential_in_the_query_is_refused() -> None:
    assert problem(Client().get(ME, {"api_key": make_key()}))[0] in (400, 401)


def test_a_revoked_key_is_refused_at_once() -> None:
    key = make_key()
    assert ask(X_API_Key=key).status_code == 200
    services.revoke_api_key(key_id=ApiKey.objects.get().pk, actor=SYSTEM, now=datetime.now(UTC))
    assert problem(ask(X_API_Key=key)) == (401, "invalid_credential")


def test_a_publishable_key_says_who_it_is_and_no_more() -> None:
    client = with_key(type="publishable")
    assert client.get(ME).json().items() >= {"type": "publishable", "scopes": [], "customer": None}.items()
    for closed in ("/api/v1/api-keys", "/api/v1/environments", "/api/v1/feature-flags"):
        assert problem(client.get(closed)) == (403, "wrong_credentials")
