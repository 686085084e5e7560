"""Members: invited, given other roles, removed; and nobody climbs above himself."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from accounts import services
from accounts.models import Membership, User
from accounts.tests.api.clients import problem, with_key, with_token
from accounts.tests.factories import PASSWORD
from core import clock, ids
from core.actor import SYSTEM
from core.models import Tenant
from core.tenancy import Scope
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

MEMBERS = "/api/v1/members"


def member(scope: Scope, role: str, email: str = "", *, at: datetime | None = None) -> Api:
    """A person of the tenant who has just logged in, or did so at an instant."""
    email = email or f"{role}@example.com"
    user = User.objects.create(email=email, created_at=clock.wall())
    user.set_password(PASSWORD)
    user.save()
    services.join_tenant(user_id=user.pk, tenant_id=scope.tenant_id, role=role, now=clock.wall())
    tokens = services.log_in_member(
        email=email, password=PASSWORD, environment_id=scope.environment_id, address="192.0.2.1", now=at or clock.wall()
    )
    return with_token(tokens.access_token)


def place(email: str) -> Membership:
    return Membership.objects.get(user__email=email)


@pytest.fixture
def owner(environment: Scope) -> Api:
    return member(environment, "owner")


def test_somebody_new_is_invited_chooses_a_password_and_logs_in(
    owner: Api, environment: Scope, run_jobs: Callable[[], int], facts: Callable[[], list[str]]
) -> None:
    made = owner.post(MEMBERS, {"email": "New@Example.com", "role": "finance", "name": "New"})
    assert made.status_code == 201, made.content
    assert made.json().items() >= {"email": "new@example.com", "role": "finance", "has_password": False}.items()
    assert "member.invited" in facts()
    run_jobs()
    [token] = re.findall(
        r"#token=(\S+)", "".join(str(one.body) for one in mail.outbox if one.to == ["new@example.com"])
    )
    chosen = {"token": token, "password": "a wholly different phrase"}
    assert Api("").post("/api/v1/auth/reset-password", chosen).status_code == 204
    where = ids.encode("env", environment.environment_id)
    entered = Api("").post(
        "/api/v1/auth/login", {"email": "new@example.com", "password": chosen["password"], "environment": where}
    )
    assert with_token(entered.json()["access_token"]).get("/api/v1/auth/me").json()["role"] == "finance"
    assert problem(Api("").post("/api/v1/auth/reset-password", chosen)) == (422, "reset_token_invalid")


def test_whoever_is_a_member_is_not_invited_again(owner: Api) -> None:
    assert problem(owner.post(MEMBERS, {"email": "owner@example.com", "role": "viewer"})) == (409, "member_exists")
    assert place("owner@example.com").role == "owner"


def test_the_list_shows_the_tenants_members_in_one_query_each(
    owner: Api, environment: Scope, django_assert_max_num_queries: Any
) -> None:
    for role in ("viewer", "support", "finance"):
        member(environment, role)
    other = Tenant.objects.create(slug="other", name="Other")
    stranger = services.create_operator("stranger@example.com", PASSWORD)
    services.join_tenant(user_id=stranger.pk, tenant_id=other.pk, role="owner", now=clock.wall())
    with django_assert_max_num_queries(12):
        shown = owner.get(MEMBERS).json()["data"]
    assert {one["role"] for one in shown} == {"owner", "viewer", "support", "finance"}
    assert [one["email"] for one in owner.get(MEMBERS, role="viewer").json()["data"]] == ["viewer@example.com"]
    assert [one["role"] for one in owner.get(MEMBERS, email="Support@example.com").json()["data"]] == ["support"]
    foreign = Membership.objects.get(user=stranger)
    assert problem(owner.get(f"{MEMBERS}/{foreign.public_id}")) == (404, "not_found")
    assert problem(owner.patch(f"{MEMBERS}/{foreign.public_id}", {"role": "viewer"})) == (404, "not_found")
    assert problem(owner.delete(f"{MEMBERS}/{foreign.public_id}")) == (404, "not_found")


def test_a_role_is_changed_and_counts_at_once(owner: Api, environment: Scope, facts: Callable[[], list[str]]) -> None:
    viewer = member(environment, "viewer")
    assert problem(viewer.post("/api/v1/customers", {"email": "a@example.com"})) == (403, "missing_scope")
    row = place("viewer@example.com")
    assert owner.patch(f"{MEMBERS}/{row.public_id}", {"role": "support"}).json()["role"] == "support"
    assert viewer.post("/api/v1/customers", {"email": "a@example.com"}).status_code == 201
    assert "member.role_changed" in facts()


def test_a_removed_member_is_out_at_once(owner: Api, environment: Scope) -> None:
    viewer = member(environment, "viewer")
    assert owner.delete(f"{MEMBERS}/{place('viewer@example.com').public_id}").status_code == 204
    assert problem(viewer.get("/api/v1/auth/me")) == (401, "invalid_credential")
    assert User.objects.filter(email="viewer@example.com").exists()


def test_the_last_owner_stays(owner: Api) -> None:
    row = place("owner@example.com")
    assert problem(owner.delete(f"{MEMBERS}/{row.public_id}")) == (409, "last_owner")
    assert problem(owner.patch(f"{MEMBERS}/{row.public_id}", {"role": "admin"})) == (409, "last_owner")
    assert place("owner@example.com").role == "owner"


def test_the_database_itself_keeps_the_last_owner(owner: Api) -> None:
    for change in (lambda rows: rows.update(role="viewer"), lambda rows: rows.delete()):
        with pytest.raises(IntegrityError, match="at least one owner"), transaction.atomic():
            change(Membership.objects.filter(role="owner"))
    assert Membership.objects.filter(role="owner").count() == 1


def test_an_admin_neither_makes_nor_touches_owners(owner: Api, environment: Scope) -> None:
    admin = member(environment, "admin")
    assert problem(admin.post(MEMBERS, {"email": "x@example.com", "role": "owner"})) == (403, "role_refused")
    assert not User.objects.filter(email="x@example.com").exists()
    mine, theirs = place("admin@example.com"), place("owner@example.com")
    assert problem(admin.patch(f"{MEMBERS}/{mine.public_id}", {"role": "owner"})) == (403, "role_refused")
    assert problem(admin.patch(f"{MEMBERS}/{theirs.public_id}", {"role": "viewer"})) == (403, "role_refused")
    assert problem(admin.delete(f"{MEMBERS}/{theirs.public_id}")) == (403, "role_refused")
    assert (place("admin@example.com").role, place("owner@example.com").role) == ("admin", "owner")
    assert admin.post(MEMBERS, {"email": "y@example.com", "role": "viewer"}).status_code == 201


def test_a_key_that_may_only_write_members_cannot_make_somebody_who_may_more(owner: Api) -> None:
    client = with_key("members:write")
    for role in ("owner", "admin", "finance", "viewer"):
        assert problem(client.post(MEMBERS, {"email": "x@example.com", "role": role})) == (403, "role_refused")
    assert not User.objects.filter(email="x@example.com").exists()
    assert problem(with_key().post(MEMBERS, {"email": "x@example.com", "role": "owner"})) == (403, "role_refused")


@pytest.mark.parametrize("role", ["finance", "support", "developer", "viewer"])
def test_other_roles_manage_nobody(owner: Api, environment: Scope, role: str) -> None:
    client = member(environment, role)
    assert problem(client.post(MEMBERS, {"email": "x@example.com", "role": "viewer"})) == (403, "missing_scope")
    assert problem(client.delete(f"{MEMBERS}/{place('owner@example.com').public_id}")) == (403, "missing_scope")


def test_a_developer_cannot_issue_a_key_that_may_more_than_he(environment: Scope) -> None:
    developer = member(environment, "developer")
    for scopes in (["write"], ["invoices:write"], ["members:write"], ["read"]):
        assert problem(developer.post("/api/v1/api-keys", {"scopes": scopes})) == (403, "scope_refused")
    assert developer.post("/api/v1/api-keys", {"scopes": ["events:write"]}).status_code == 201


def test_an_old_session_steps_up_before_it_manages_members(environment: Scope) -> None:
    old = member(environment, "owner", at=datetime.now(UTC) - timedelta(minutes=6))
    assert old.get(MEMBERS).status_code == 200
    refused = old.post(MEMBERS, {"email": "x@example.com", "role": "viewer"})
    assert problem(refused) == (403, "step_up_required")
    assert refused.json()["max_age_seconds"] == 300
    assert not User.objects.filter(email="x@example.com").exists()
    assert problem(old.post("/api/v1/auth/step-up", {"password": "wrong one"})) == (401, "login_failed")
    fresh = old.post("/api/v1/auth/step-up", {"password": PASSWORD})
    assert fresh.status_code == 200, fresh.content
    renewed = with_token(fresh.json()["access_token"])
    assert renewed.post(MEMBERS, {"email": "x@example.com", "role": "viewer"}).status_code == 201


def test_a_refreshed_token_is_as_old_as_its_password(environment: Scope) -> None:
    at = datetime.now(UTC) - timedelta(minutes=6)
    member(environment, "owner", at=at)
    tokens = services.log_in_member(
        email="owner@example.com", password=PASSWORD, environment_id=environment.environment_id, address="192.0.2.1",
        now=at,
    )  # fmt: skip
    again = Api("").post("/api/v1/auth/refresh", {"refresh_token": tokens.refresh_token}).json()
    refused = with_token(again["access_token"]).post(MEMBERS, {"email": "x@example.com", "role": "viewer"})
    assert problem(refused) == (403, "step_up_required")


def test_a_program_is_exempt_from_stepping_up(api: Api) -> None:
    assert api.post("/api/v1/api-keys", {"scopes": ["read"]}).status_code == 201


def test_an_operator_may_make_the_first_owner(environment: Scope) -> None:
    row = services.invite_member(
        email="first@example.com", role="owner", tenant_id=environment.tenant_id, actor=SYSTEM_OWNER, now=clock.wall()
    )
    assert row.role == "owner"


SYSTEM_OWNER = type(SYSTEM)(type="operator", id="usr_op", scopes=frozenset({"read", "write", "correction"}))
