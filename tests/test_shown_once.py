"""What is shown once is not among the kept answers: each route that makes a secret is touched, and the table read."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.tests.api.clients import with_key
from core.http import idempotency
from core.models import IdempotencyRecord
from webhooks.tests.conftest import loopback

__all__ = ["loopback"]

pytestmark = pytest.mark.django_db

API = "/api/v1"
# What a field is called that nobody else may ever read.
SECRET = re.compile(r"(^|_)(secret|token|password|otp|passphrase|private_key)$|^codes?$")
# Fields that are called like one and are none: the machine words of promotions and failures, and a yes or no.
NO_SECRETS = {"code", "failure_code", "has_password"}


def _key_rotated() -> tuple[str, Any]:
    made = with_key().post(f"{API}/api-keys", {"name": "old", "scopes": ["read"]}).json()
    return f"{API}/api-keys/{made['id']}/rotate", {}


def _endpoint_rotated() -> tuple[str, Any]:
    made = with_key().post(f"{API}/webhook-endpoints", {"url": "http://127.0.0.1:65535/hooks"}).json()
    return f"{API}/webhook-endpoints/{made['id']}/rotate-secret", {}


# Each route that shows a secret, and a request that makes it do so.
TOUCHED: dict[tuple[str, str], Callable[[], tuple[str, Any]]] = {
    ("ApiKeys", "create"): lambda: (f"{API}/api-keys", {"name": "new", "scopes": ["read"]}),
    ("ApiKeys", "rotate"): _key_rotated,
    ("Auth", "register"): lambda: (f"{API}/auth/register", {"email": "ada@example.com", "password": "a long phrase 7"}),
    ("EndpointViewSet", "create"): lambda: (f"{API}/webhook-endpoints", {"url": "http://127.0.0.1:65535/hooks"}),
    ("EndpointViewSet", "rotate_secret"): _endpoint_rotated,
}


def _views(patterns: Any) -> Iterator[Any]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _views(one.url_patterns)
        elif isinstance(one, URLPattern) and hasattr(getattr(one.callback, "cls", None), "secret_fields"):
            yield one.callback


def each_action() -> Iterator[tuple[Any, str, str]]:
    """Every action of every resource: a view that is about to do it, the method and the action's name."""
    for callback in _views(get_resolver().url_patterns):
        for method, action in callback.actions.items():
            view = callback.cls(**callback.initkwargs)
            view.action = action
            yield view, method.upper(), action


def _writes() -> Iterator[tuple[Any, str, frozenset[str]]]:
    """Every action that keeps answers, with the names of the fields of its answers."""
    for view, method, action in each_action():
        if idempotency.mode_of(view, method) != "none":
            yield view, action, _fields(view.responses.get(action, view.serializer_class))


def _fields(declared: Any) -> frozenset[str]:
    kinds = list(declared.values()) if isinstance(declared, dict) else [declared]
    return frozenset(name for kind in kinds if kind is not None for name in kind().fields)


def test_every_secret_of_an_answer_is_declared() -> None:
    undeclared = {
        f"{type(view).__name__}.{action}: {name}"
        for view, action, names in _writes()
        for name in names - NO_SECRETS
        if SECRET.search(name) and name not in view.secret_fields
    }
    assert undeclared == set(), "name it in secret_fields"


def test_every_route_that_shows_a_secret_is_touched() -> None:
    showing = {(type(view).__name__, action) for view, action, names in _writes() if names & set(view.secret_fields)}
    assert showing == set(TOUCHED)


@pytest.mark.parametrize("route", TOUCHED, ids=".".join)
def test_no_secret_is_kept(route: tuple[str, str], loopback: Any, owner_sql: Callable[..., Any]) -> None:
    path, body = TOUCHED[route]()
    door = with_key(type="publishable") if route[0] == "Auth" else with_key()
    first = door.post(path, body, key="once")
    assert first.status_code in (200, 201), first.content
    shown = first.json()
    secrets = [value for name, value in shown.items() if SECRET.search(name) and isinstance(value, str)]
    assert secrets
    again = door.post(path, body, key="once")
    assert (again.status_code, again.json()["secret_shown"]) == (200, True)
    assert IdempotencyRecord.objects.filter(key="once").exists()
    table = "\n".join(row[0] for row in owner_sql("SELECT record::text FROM core_idempotencyrecord record"))
    assert [secret for secret in secrets if secret in table or secret in again.content.decode()] == []
