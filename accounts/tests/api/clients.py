"""Clients for route tests, one per kind of credential."""

from typing import Any

from accounts.tests.factories import make_key
from tests.fixtures import Api


def with_key(*scopes: str, **particulars: Any) -> Api:
    """Return the client of a program with an API key of the environment in scope."""
    return Api(make_key(scopes or ("read", "write"), **particulars))


def with_token(token: str) -> Api:
    """Return the client of a person with an access token."""
    client = Api("")
    client.headers = {"Authorization": f"Bearer {token}"}
    return client


def problem(response: Any) -> tuple[int, str]:
    """Return status and code of a problem document."""
    assert response.headers["Content-Type"] == "application/problem+json", response.content
    return response.status_code, response.json()["code"]
