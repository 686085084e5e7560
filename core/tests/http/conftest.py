"""The edge's own small API, and a client that speaks JSON to it."""

import json
from typing import Any

import pytest
from django.test import Client

KEY = "a-key-of-the-client"


class Caller:
    """Sends JSON as somebody, with an Idempotency-Key of his choice."""

    def __init__(self) -> None:
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, who: str = "key", **headers: str) -> Any:
        return self.client.get(path, headers=self._headers(who, headers))

    def post(self, path: str, body: Any = None, who: str = "key", key: str | None = KEY, **headers: str) -> Any:
        raw = body if isinstance(body, (bytes, str)) else json.dumps(body if body is not None else {})
        known = {"Idempotency-Key": key} if key is not None else {}
        content_type = headers.pop("content_type", "application/json")
        return self.client.generic("POST", path, raw, content_type, headers=self._headers(who, headers | known))

    def send(self, method: str, path: str, body: Any = None, who: str = "key", **headers: str) -> Any:
        raw = json.dumps(body) if body is not None else ""
        return self.client.generic(method, path, raw, "application/json", headers=self._headers(who, headers))

    def _headers(self, who: str, headers: dict[str, str]) -> dict[str, str]:
        known = {"Authorization": who} if who else {}
        return known | {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture
def edge(settings: Any) -> Caller:
    """A caller of the small API in `core.tests.http.edge`."""
    settings.ROOT_URLCONF = "core.tests.http.edge"
    return Caller()


def problem(response: Any) -> tuple[int, str]:
    """Return status and code of a problem document, having looked at its form."""
    assert response.headers["Content-Type"] == "application/problem+json", response.content[:300]
    document = response.json()
    assert document["status"] == response.status_code
    assert document["request_id"] == response.headers["X-Request-ID"]
    assert document["type"] == f"/docs/problems#{document['code']}"
    assert document["title"]
    assert document["detail"]
    return response.status_code, document["code"]
