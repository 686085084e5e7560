"""What every route does before and around its handler."""

from typing import Any

import pytest

from core.http.refusals import denied
from core.models import Tenant
from core.tests.http.conftest import Caller, problem

pytestmark = pytest.mark.django_db
THING = {"name": "Acme", "slug": "acme"}


def test_a_thing_is_created_read_listed_and_removed(edge: Caller) -> None:
    thing = edge.post("/api/v1/things", THING)
    assert thing.status_code == 201
    path = f"/api/v1/things/{thing.json()['id']}"
    assert edge.get(path).json() == thing.json()
    assert thing.json() in edge.get("/api/v1/things").json()["data"]
    assert edge.send("DELETE", path).status_code == 204
    assert problem(edge.get(path)) == (404, "not_found")


def test_an_id_that_is_not_ours_is_not_found(edge: Caller) -> None:
    for text in ("5", "tnt_5", "cus_01h455vb4pex5vsknk084sn02q", "tnt_81h455vb4pex5vsknk084sn02q", "%D9%A3", "tnt_"):
        assert problem(edge.get(f"/api/v1/things/{text}")) == (404, "not_found")


def test_a_route_without_a_declared_scope_answers_nobody(edge: Caller) -> None:
    assert problem(edge.get("/api/v1/forgetful")) == (500, "internal_error")


def test_strangers_bad_credentials_and_missing_scopes_are_told_apart(edge: Caller) -> None:
    missing = edge.get("/api/v1/things", who="")
    assert problem(missing) == (401, "unauthenticated")
    assert missing.headers["WWW-Authenticate"] == "Bearer"
    assert problem(edge.get("/api/v1/things", who="nonsense")) == (401, "unauthenticated")
    assert problem(edge.get("/api/v1/things", who="customer")) == (403, "wrong_credentials")
    assert edge.get("/api/v1/things", who="poor").status_code == 200
    refused = edge.post("/api/v1/things", THING, who="poor")
    assert problem(refused) == (403, "missing_scope")
    assert refused.json()["scope"] == "things:write"
    assert not Tenant.objects.filter(slug="acme").exists()


def test_a_route_may_be_open_to_everybody(edge: Caller) -> None:
    assert edge.get("/api/v1/things/hello", who="").json()["who"] == "anonymous:anonymous"
    assert edge.get("/api/v1/things/hello", who="customer").json()["who"] == "customer:customer_customer"


def test_refused_credentials_are_told_after_the_rollback(edge: Caller, environment: Any) -> None:
    heard: list[dict[str, Any]] = []

    def hear(**told: Any) -> None:
        heard.append({name: told[name] for name in ("actor_label", "code", "status", "environment_id")})

    denied.connect(hear)
    try:
        edge.post("/api/v1/things", THING, who="poor")
        edge.get("/api/v1/things", who="nonsense")
    finally:
        denied.disconnect(hear)
    own = environment.environment_id
    assert heard == [
        {"actor_label": "key:key_poor", "code": "missing_scope", "status": 403, "environment_id": own},
        {"actor_label": "anonymous:anonymous", "code": "unauthenticated", "status": 401, "environment_id": None},
    ]


def test_safe_methods_cannot_write_and_writes_can_afterwards(edge: Caller) -> None:
    assert edge.get("/api/v1/things/mode").json() == {"read_only": "on"}
    assert problem(edge.get("/api/v1/things/writes")) == (500, "internal_error")
    assert edge.post("/api/v1/things", THING).status_code == 201


def test_other_methods_are_refused_with_the_allowed_ones(edge: Caller) -> None:
    for method in ("PUT", "TRACE", "FOO", "OPTIONS"):
        refused = edge.send(method, "/api/v1/things")
        assert problem(refused) == (405, "method_not_allowed")
        assert "POST" in refused.headers["Allow"]


def test_a_method_override_is_ignored(edge: Caller) -> None:
    thing = edge.post("/api/v1/things", THING).json()
    assert edge.get(f"/api/v1/things/{thing['id']}", X_HTTP_Method_Override="DELETE").status_code == 200
    assert edge.get("/api/v1/things?format=xml&_method=DELETE").status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("color=red", "unknown_parameter"),
        ("name=a&name=b", "duplicate_parameter"),
        ("name=%ff", "invalid_parameter"),
        ("name=", "invalid_parameter"),
        ("created_from=2026-01-01T00:00:00", "invalid_parameter"),
        ("limit=0", "invalid_parameter"),
        ("limit=-1", "invalid_parameter"),
        ("limit=101", "invalid_parameter"),
        ("limit=abc", "invalid_parameter"),
        ("limit=%D9%A3", "invalid_parameter"),
        ("cursor=junk", "invalid_cursor"),
        ("cursor=%D9%A3", "invalid_cursor"),
        ("cursor=", "invalid_cursor"),
    ],
)
def test_a_query_that_is_not_understood_is_refused(edge: Caller, query: str, code: str) -> None:
    assert problem(edge.get(f"/api/v1/things?{query}")) == (400, code)


def test_filters_keep_what_was_asked_for(edge: Caller) -> None:
    edge.post("/api/v1/things", THING)
    found = edge.get("/api/v1/things?name=Acme&created_from=2026-01-01T00:00:00Z").json()["data"]
    assert [one["name"] for one in found] == ["Acme"]
    assert edge.get("/api/v1/things?name=%27%3B+DROP+TABLE").json()["data"] == []


def test_unanticipated_failures_are_bare_problems_that_change_nothing(edge: Caller) -> None:
    refused = edge.post("/api/v1/things/boom", {"kind": "bug"}, key=None)
    assert problem(refused) == (500, "internal_error")
    assert "anticipated" not in refused.content.decode()
    assert not Tenant.objects.filter(slug="lost").exists()


def test_failures_of_the_database_become_refusals_without_its_words(edge: Caller) -> None:
    duplicate = edge.post("/api/v1/things/boom", {"kind": "duplicate"}, key=None)
    assert problem(duplicate) == (409, "constraint_violated")
    assert "slug" not in duplicate.content.decode()
    assert problem(edge.post("/api/v1/things/boom", {"kind": "long"}, key=None)) == (422, "out_of_range")
    assert problem(edge.post("/api/v1/things/boom", {"kind": "unregistered"}, key=None)) == (409, "constraint_violated")


def test_unknown_paths_and_failing_views_are_problems_for_programs_and_plain_text_for_people(edge: Caller) -> None:
    assert problem(edge.get("/api/v1/nowhere")) == (404, "not_found")
    assert problem(edge.get("/api/v1/things/")) == (404, "not_found")
    assert problem(edge.get("/api/raises")) == (500, "internal_error")
    for path, status in (("/nowhere", 404), ("/raises", 500)):
        page = edge.get(path)
        assert page.status_code == status
        assert page.headers["Content-Type"].startswith("text/plain")
        assert page.headers["X-Request-ID"] in page.content.decode()
