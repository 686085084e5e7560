"""Who may call what: the page of the matrix is current, and what it says is what happens over HTTP."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from accounts import roles
from accounts.api import matrix
from accounts.api.authentication import Credentials
from core import clock, ids, reference
from core.actor import ANONYMOUS, Actor
from core.http import permissions
from core.http.views import Resource
from core.tenancy import Scope

PAGE = settings.BASE_DIR / "docs" / "permissions.md"
GATE = {"unauthenticated", "wrong_credentials", "missing_scope", "step_up_required"}


def written() -> list[dict[str, str]]:
    """What the committed page says: one dict per route, by the names of its columns."""
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in PAGE.read_text().splitlines()]
    head = next(row for row in rows if row[0] == "route")
    return [
        dict(zip(head, row, strict=True)) for row in rows if re.match(r"[A-Z]+ /", row[0]) and len(row) == len(head)
    ]


ROWS = written()


def test_the_page_is_as_the_views_are() -> None:
    assert PAGE.read_text() == reference.HEAD + matrix.page()


def test_every_route_is_in_the_page_once() -> None:
    named = [row["route"] for row in ROWS]
    guarded = [f"{one.method} {one.path}" for one in matrix.routes() if one.view is not None]
    assert named == guarded
    assert len(named) == len(set(named)) > 100


def test_the_table_of_roles_speaks_of_exactly_the_scopes_that_routes_ask_for() -> None:
    asked = {row["scope"].partition(":")[0] for row in ROWS}
    assert set(roles.TABLE) - asked <= {"approvals"}
    assert asked <= set(roles.TABLE)
    assert all(len(letters) == len(roles.ROLES) and set(letters) <= set("wr-") for letters in roles.TABLE.values())


def test_a_route_without_a_declared_scope_fails() -> None:
    class Forgetful(Resource):
        action = "list"

    route = matrix.Route(method="GET", path="/x", view=Forgetful())
    with pytest.raises(Exception, match="declares no scope"):
        matrix.cell(route, matrix.callers()["owner"])


def test_a_view_that_is_no_resource_must_be_listed() -> None:
    with pytest.raises(Exception, match="neither a Resource nor"):
        list(matrix._routes("/hidden", print))


def test_a_viewer_writes_nothing_but_his_own_session() -> None:
    writes = {row["scope"] for row in ROWS if row["viewer"] != matrix.NO and row["scope"].endswith(":write")}
    assert writes == {"auth:write"}


CALLERS = [*matrix.callers(), "keys"]


@pytest.fixture
def gate_only(monkeypatch: pytest.MonkeyPatch, environment: Scope) -> dict[str, Actor]:
    """The API with callers that a header names, whose handlers do nothing: what is left is the gate."""
    actors = matrix.callers() | {"keys": Actor(type="key", id="key_k", scopes=roles.EVERYTHING)}

    def authenticate(self: Any, request: Any) -> Any:
        actor = actors[request.META["HTTP_X_CALLER"]]
        return None if actor is ANONYMOUS else (actor, environment)

    monkeypatch.setattr(Credentials, "authenticate", authenticate)
    for name in ("_answer", "_effect", "_tell_denied"):
        monkeypatch.setattr(Resource, name, lambda *_: HttpResponse(status=204))
    return actors


def path_of(route: Any) -> str:
    """The path with an id of the right form wherever it wants one."""
    prefix = route.view.prefix or "sub"
    prefixes = {"coupon": "cpn", "wallet": "wal", "plan": "pln", "endpoint": "whe", "subscription": "sub"}

    def filled(found: re.Match[str]) -> str:
        return ids.encode(prefixes.get(found[1], prefix) if found[1] != "id" else prefix, ids.new())

    return re.sub(r"\{(\w+)\}", filled, route.path)


@pytest.mark.django_db
@pytest.mark.parametrize("caller", CALLERS)
def test_the_gate_does_over_http_what_the_page_says(gate_only: dict[str, Actor], caller: str) -> None:
    client, told = Client(headers={"X-Caller": caller}), {row["route"]: row[caller] for row in ROWS}
    wrong = []
    for route in matrix.routes():
        if route.view is None:
            continue
        answer = getattr(client, route.method.lower())(path_of(route), content_type="application/json")
        code = answer.json().get("code", "") if answer.status_code in (401, 403) else ""
        expected = told[f"{route.method} {route.path}"]
        assert answer.status_code != 404, route.path
        if (code in GATE) == (expected in (matrix.YES, matrix.BY_SCOPE)):
            wrong.append((route.method, route.path, answer.status_code, code, expected))
        if (code == "step_up_required") != (expected == matrix.STEP_UP):
            wrong.append((route.method, route.path, code, expected))
    assert wrong == []


def test_a_fresh_password_opens_what_asks_for_it_and_an_old_one_does_not() -> None:
    fresh = Actor(type="member", id="usr_m", authenticated_at=clock.wall())
    stale = Actor(type="member", id="usr_m", authenticated_at=clock.wall() - permissions.FRESH_FOR)
    assert permissions.is_fresh(fresh)
    assert not permissions.is_fresh(stale)
    assert not permissions.is_fresh(Actor(type="member", id="usr_m"))


@pytest.mark.parametrize("text", ["", "all", "invoices", "invoices:all", "nothing:read", "invoices:read ", "é:read"])
def test_what_no_route_asks_for_is_no_scope(text: str) -> None:
    assert not roles.is_scope(text)


@pytest.mark.parametrize("text", ["read", "write", "invoices:read", "usage:correction", "payment_methods:write"])
def test_what_routes_ask_for_is_a_scope(text: str) -> None:
    assert roles.is_scope(text)
