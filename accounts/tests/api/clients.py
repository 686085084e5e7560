"""Clients for route tests, one per kind of credential."""

from typing import Any

from accounts import services
from accounts.tests.factories import PASSWORD, make_key
from core import clock
from core.tenancy import Scope
from tests.fixtures import Api


def with_key(*scopes: str, **particulars: Any) -> Api:
    """Return the client of a program with an API key of the environment in scope."""
    return Api(make_key(scopes or ("read", "write"), **particulars))


def with_token(token: str) -> Api:
    """Return the client of a person with an access token."""
    client = Api("")
    client.headers = {"Authorization": f"Bearer {token}"}
    return client


def with_member(scope: Scope, role: str, email: str) -> Api:
    """Return the client of a new member of an environment's tenant, who has just logged in."""
    user = services.create_operator(email, PASSWORD, now=clock.wall())
    services.join_tenant(user_id=user.pk, tenant_id=scope.tenant_id, role=role, now=clock.wall())
    tokens = services.log_in_member(
        email=email, password=PASSWORD, environment_id=scope.environment_id, address="192.0.2.1", now=clock.wall()
    )
    return with_token(tokens.access_token)


def problem(response: Any) -> tuple[int, str]:
    """Return status and code of a problem document."""
    assert response.headers["Content-Type"] == "application/problem+json", response.content
    return response.status_code, response.json()["code"]
