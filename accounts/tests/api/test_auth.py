"""`/auth` over HTTP: in, stay, out."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from accounts.models import Customer, LoginAttempt, RefreshToken
from accounts.tests.api.clients import problem, with_key, with_token
from accounts.tests.factories import PASSWORD, register
from core import ids
from core.models import IdempotencyRecord
from core.tenancy import Scope
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

AUTH = "/api/v1/auth"
ADA = {"email": "ada@example.com", "password": PASSWORD}


@pytest.fixture
def door() -> Api:
    """A browser with the publishable key."""
    return with_key(type="publishable")


def tokens_of(response: Any) -> dict[str, Any]:
    assert response.status_code in (200, 201), response.content
    body: dict[str, Any] = response.json()
    return body


def test_one_registers_and_is_known(door: Api) -> None:
    made = tokens_of(door.post(f"{AUTH}/register", {**ADA, "name": "Ada"}))
    assert (made["token_type"], made["expires_in"]) == ("Bearer", 1800)
    me = with_token(made["access_token"]).get(f"{AUTH}/me").json()
    assert me["type"] == "customer"
    assert me["customer"] == made["customer"]


def test_a_repeated_registration_is_told_no_secrets(door: Api) -> None:
    first = tokens_of(door.post(f"{AUTH}/register", ADA, key="once"))
    again = door.post(f"{AUTH}/register", ADA, key="once").json()
    assert (again["access_token"], again["refresh_token"]) == (None, None)
    assert again["customer"] == first["customer"]
    assert first["refresh_token"] not in IdempotencyRecord.objects.get().body
    assert Customer.objects.count() == 1


def test_strangers_behind_one_key_have_idempotency_keys_of_their_own(door: Api) -> None:
    bob = {**ADA, "email": "bob@example.com"}
    first, other = (tokens_of(door.post(f"{AUTH}/register", who, key="once")) for who in (ADA, bob))
    assert first["customer"]["id"] != other["customer"]["id"]
    assert other["access_token"] is not None
    again = door.post(f"{AUTH}/register", {**ADA, "email": f" {ADA['email'].upper()} "}, key="once")
    assert problem(again) == (422, "idempotency_key_reused")
    assert {row.principal[:5] for row in IdempotencyRecord.objects.all()} == {"anon:"}
    assert Customer.objects.count() == 2


def test_registering_needs_a_key() -> None:
    assert problem(Api("").post(f"{AUTH}/register", ADA)) == (401, "unauthenticated")
    assert not Customer.objects.exists()


def test_a_weak_password_is_pointed_at(door: Api) -> None:
    response = door.post(f"{AUTH}/register", {**ADA, "password": "password123"})
    assert problem(response) == (422, "validation_failed")
    assert response.json()["errors"][0]["pointer"] == "/password"


def test_one_logs_in_and_out(door: Api) -> None:
    register()
    made = tokens_of(door.post(f"{AUTH}/login", ADA))
    client = with_token(made["access_token"])
    assert client.post(f"{AUTH}/logout", {"refresh_token": made["refresh_token"]}).status_code == 204
    assert problem(client.get(f"{AUTH}/me")) == (401, "invalid_credential")
    assert problem(door.post(f"{AUTH}/refresh", {"refresh_token": made["refresh_token"]})) == (
        401, "invalid_refresh_token",
    )  # fmt: skip


def test_logging_out_without_a_refresh_token_ends_all(door: Api) -> None:
    _, first = register()
    second = tokens_of(door.post(f"{AUTH}/login", ADA))
    assert with_token(first.access_token).post(f"{AUTH}/logout").status_code == 204
    assert with_token(second["access_token"]).get(f"{AUTH}/me").status_code == 401


def test_unknown_and_wrong_are_one_answer_and_both_are_counted(door: Api) -> None:
    register()
    wrong = door.post(f"{AUTH}/login", {**ADA, "password": "something else"})
    unknown = door.post(f"{AUTH}/login", {**ADA, "email": "nobody@example.com"})
    assert problem(wrong) == problem(unknown) == (401, "login_failed")
    assert {**wrong.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert LoginAttempt.objects.filter(failures=1).count() == 4  # two pairs, two accounts
    assert LoginAttempt.objects.filter(failures=2).count() == 1  # one address


def test_too_many_failures_are_told_how_long_to_wait(door: Api) -> None:
    register()
    for _ in range(5):
        door.post(f"{AUTH}/login", {**ADA, "password": "something else"})
    response = door.post(f"{AUTH}/login", ADA)
    assert problem(response) == (429, "too_many_attempts")
    assert response.headers["Retry-After"] == "1"


def test_a_refresh_token_works_once_and_its_reuse_ends_the_session(door: Api) -> None:
    _, tokens = register()
    following = tokens_of(door.post(f"{AUTH}/refresh", {"refresh_token": tokens.refresh_token}))
    last = tokens_of(door.post(f"{AUTH}/refresh", {"refresh_token": following["refresh_token"]}))
    reused = door.post(f"{AUTH}/refresh", {"refresh_token": tokens.refresh_token})
    assert problem(reused) == (401, "invalid_refresh_token")
    assert with_token(last["access_token"]).get(f"{AUTH}/me").status_code == 401
    assert not RefreshToken.objects.filter(revoked_at=None).exists()


def test_a_refresh_needs_no_key() -> None:
    _, tokens = register()
    tokens_of(Api("").post(f"{AUTH}/refresh", {"refresh_token": tokens.refresh_token}))


def test_a_member_logs_in_without_a_key_by_naming_the_environment(environment: Scope) -> None:
    where = ids.encode("env", environment.environment_id)
    stranger = Api("")
    assert problem(stranger.post(f"{AUTH}/login", ADA)) == (401, "login_failed")
    assert problem(stranger.post(f"{AUTH}/login", {**ADA, "environment": where})) == (401, "login_failed")


def test_a_password_is_changed(door: Api) -> None:
    _, tokens = register()
    client = with_token(tokens.access_token)
    body = {"current_password": PASSWORD, "new_password": "a wholly different phrase"}
    wrong = client.post(f"{AUTH}/change-password", {**body, "current_password": "no"})
    assert problem(wrong) == (422, "validation_failed")
    fresh = tokens_of(client.post(f"{AUTH}/change-password", body))
    assert client.get(f"{AUTH}/me").status_code == 401
    assert with_token(fresh["access_token"]).get(f"{AUTH}/me").status_code == 200


def test_a_forgotten_password_is_always_accepted_and_mailed_to_whom_it_belongs(
    door: Api, run_jobs: Callable[[], int]
) -> None:
    register()
    for email in ("ada@example.com", "nobody@example.com"):
        response = door.post(f"{AUTH}/forgot-password", {"email": email})
        assert (response.status_code, response.json()) == (202, {"email": email})
    run_jobs()
    [sent] = [one for one in mail.outbox if "new password" in one.subject]
    token = str(sent.body).partition("#token=")[2].split()[0]
    body = {"token": token, "password": "a wholly different phrase"}
    assert door.post(f"{AUTH}/reset-password", body).status_code == 204
    assert problem(door.post(f"{AUTH}/reset-password", body)) == (422, "reset_token_invalid")
    assert problem(door.post(f"{AUTH}/login", ADA)) == (401, "login_failed")


def test_a_program_is_not_logged_out() -> None:
    assert problem(with_key().post(f"{AUTH}/logout")) == (403, "wrong_credentials")
