"""The platform's first credential: a few routes, off when empty, every use written down."""

from typing import Any

import pytest
from django.test import Client

from accounts import services
from accounts.models import ApiKey
from accounts.services._key_lookup import USE_NOTED_EVERY
from accounts.tests.api.clients import problem, with_key
from accounts.tests.factories import make_key
from audit.models import Entry
from config.guard import _weak_secrets
from core import clock
from core.tenancy.system import system_scope

pytestmark = pytest.mark.django_db

TOKEN = "Zk9vQ3xR7mT1wY5bN8cL2hJ6fD0gS4pA-platform"
STATS = "/api/outbox/stats"


def ask(path: str, token: str = TOKEN) -> Any:
    return Client().get(path, headers={"Authorization": f"Bearer {token}"})


def uses() -> int:
    with system_scope("test"):
        return Entry.objects.filter(action="admin_token.used").count()


@pytest.fixture
def token(settings: Any) -> None:
    settings.ADMIN_TOKEN = TOKEN


@pytest.mark.usefixtures("token")
def test_it_opens_its_routes_and_each_use_is_written_down() -> None:
    assert ask(STATS).status_code == 200
    assert ask(STATS).status_code == 200
    assert uses() == 2


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("path", ["/api/v1/customers", "/api/v1/auth/me", "/api/v1/api-keys", "/api/v1/audit-log"])
def test_it_opens_nothing_else(path: str) -> None:
    assert problem(ask(path)) == (401, "invalid_credential")
    assert uses() == 0


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("text", [TOKEN[:-1], TOKEN + "x", TOKEN.lower(), " ", "x"])
def test_another_text_opens_nothing(text: str) -> None:
    assert problem(ask(STATS, text)) == (401, "invalid_credential")


def test_where_none_is_set_there_is_none() -> None:
    for text in ("", "x", "None"):
        assert problem(ask(STATS, text))[0] == 401
    assert uses() == 0


def test_a_weak_one_keeps_production_from_starting() -> None:
    known: dict[str, Any] = {name: "Zk9vQ3xR7mT1wY5bN8cL2hJ6fD0gS4pA" + name for name in NAMES} | {
        "FIELD_ENCRYPTION_KEYS": []
    }
    known["AUDIT_HMAC_OLD_SECRETS"] = {}
    assert _weak_secrets({**known, "ADMIN_TOKEN": ""}) == []
    assert _weak_secrets({**known, "ADMIN_TOKEN": TOKEN}) == []
    [said] = _weak_secrets({**known, "ADMIN_TOKEN": "letmein"})
    assert said.startswith("ADMIN_TOKEN is weak")


NAMES = ("SECRET_KEY", "JWT_SECRET", "AUDIT_HMAC_SECRET", "GIFT_CODE_PEPPER", "PAYMENT_WEBHOOK_SECRET")


def test_the_last_use_of_a_key_is_written_at_most_once_a_minute() -> None:
    key, now = make_key(), clock.wall()
    services.authenticate_key(key, now=now)
    first = ApiKey.objects.get().last_used_at
    assert first == now
    services.authenticate_key(key, now=now + USE_NOTED_EVERY / 2)
    assert ApiKey.objects.get().last_used_at == first
    services.authenticate_key(key, now=now + USE_NOTED_EVERY)
    assert ApiKey.objects.get().last_used_at == now + USE_NOTED_EVERY


def test_the_note_of_a_use_is_no_part_of_the_request_that_uses_the_key() -> None:
    client = with_key("customers:read")
    assert problem(client.post("/api/v1/customers", {"email": "a@example.com"})) == (403, "missing_scope")
    assert ApiKey.objects.get(scopes=["customers:read"]).last_used_at is not None
