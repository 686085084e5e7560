"""`/api-keys` over HTTP."""

import pytest

from accounts.models import ApiKey
from accounts.tests.api.clients import problem, with_key
from core import tenancy
from core.models import IdempotencyRecord
from core.tenancy import Scope
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

KEYS = "/api/v1/api-keys"


def test_a_secret_is_shown_once() -> None:
    client = with_key()
    first = client.post(KEYS, {"name": "shop", "scopes": ["read"]}, key="once")
    assert first.status_code == 201, first.content
    made = first.json()
    again = client.post(KEYS, {"name": "shop", "scopes": ["read"]}, key="once").json()
    assert (again["secret"], again["secret_shown"]) == (None, True)
    assert made["secret"] not in IdempotencyRecord.objects.get().body
    shown = client.get(f"{KEYS}/{made['id']}").json()
    assert "secret" not in shown
    assert "hash" not in shown
    assert Api(made["secret"]).get("/api/v1/customers").status_code == 200


def test_a_key_is_revoked() -> None:
    client = with_key()
    made = client.post(KEYS, {}).json()
    assert client.post(f"{KEYS}/{made['id']}/revoke").json()["revoked_at"] is not None
    assert problem(Api(made["secret"]).get("/api/v1/customers")) == (401, "invalid_credential")
    assert problem(client.post(f"{KEYS}/{made['id']}/revoke")) == (409, "api_key_ended")


def test_a_key_is_rotated_with_and_without_overlap() -> None:
    client = with_key()
    old = client.post(KEYS, {}).json()
    new = client.post(f"{KEYS}/{old['id']}/rotate", {"overlap_hours": 1}).json()
    for secret in (old["secret"], new["secret"]):
        assert Api(secret).get("/api/v1/customers").status_code == 200
    last = client.post(f"{KEYS}/{new['id']}/rotate", {"overlap_hours": 0}).json()
    assert problem(Api(new["secret"]).get("/api/v1/customers")) == (401, "invalid_credential")
    assert Api(last["secret"]).get("/api/v1/customers").status_code == 200


def test_nobody_gives_a_key_more_than_he_has() -> None:
    response = with_key("read", "api-keys:write").post(KEYS, {"scopes": ["write"]})
    assert problem(response) == (403, "scope_refused")
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("body", [{"type": "system"}, {"scopes": ["all"]}, {"scopes": []}, {"expires_at": "soon"}])
def test_a_wrong_body_makes_no_key(body: dict[str, object]) -> None:
    assert problem(with_key().post(KEYS, body)) == (422, "validation_failed")
    assert ApiKey.objects.count() == 1


def test_another_environments_keys_are_not_there(live_environment: Scope) -> None:
    with tenancy.scope(live_environment):
        with_key()
        foreign = ApiKey.objects.get().public_id
    client = with_key(type="secret")
    assert [one["type"] for one in client.get(KEYS, type="secret").json()["data"]] == ["secret"]
    assert problem(client.get(f"{KEYS}/{foreign}")) == (404, "not_found")
    assert problem(client.post(f"{KEYS}/{foreign}/revoke")) == (404, "not_found")
