"""Health says what is so, also while something is not well."""

from typing import Any

import pytest
from django.test import Client

from core import health
from core.tests.http.conftest import problem


@pytest.fixture
def components(monkeypatch: pytest.MonkeyPatch) -> dict[str, health.Component]:
    """The registered components; changes to them end with the test."""
    known = {name: one for name, one in health._components.items() if name in ("database", "redis")}
    monkeypatch.setattr(health, "_components", known)
    return known


def _register(name: str, answer: Any) -> None:
    def check() -> dict[str, Any]:
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    health.component(name)(check)


@pytest.mark.django_db
def test_the_service_tells_about_itself_and_its_outbox(components: Any) -> None:
    _register("outbox", {"pending_events": 3, "dispatcher_running": True})
    answer = Client().get("/api/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "service": "perennial", "status": "healthy",
        "outbox": {"pending_events": 3, "dispatcher_running": True, "database_health": "healthy"},
    }  # fmt: skip


@pytest.mark.django_db
def test_components_are_listed_with_their_times_and_facts(components: Any) -> None:
    _register("queues", {"depth": {"q:mail": 2}})
    _register("relay", RuntimeError("it does not say why to strangers"))
    _register("mail", {"status": "degraded"})
    answer = Client().get("/api/v1/health/detailed")
    found = answer.json()["components"]
    assert answer.json()["status"] == "degraded"
    assert found["queues"]["depth"] == {"q:mail": 2}
    assert {name: one["status"] for name, one in found.items()} == {
        "database": "healthy", "redis": "healthy", "queues": "healthy", "relay": "unhealthy", "mail": "degraded",
    }  # fmt: skip
    assert all(one["response_ms"] >= 0 for one in found.values())
    assert "strangers" not in answer.content.decode()


@pytest.mark.django_db
def test_both_spellings_of_the_old_addresses_answer() -> None:
    for path in ("/api/v1/health/", "/api/v1/health", "/api/v1/health/detailed", "/api/health", "/livez", "/readyz"):
        assert Client().get(path).status_code == 200


@pytest.mark.django_db
def test_without_a_database_the_process_lives_and_is_not_ready(
    components: dict[str, health.Component], monkeypatch: pytest.MonkeyPatch
) -> None:
    def check() -> dict[str, Any]:
        raise OSError("no database")

    broken = health.Component(name="database", check=check, needs_database=False, is_vital=True)
    monkeypatch.setitem(components, "database", broken)
    assert Client().get("/livez").status_code == 200
    assert Client().get("/readyz").status_code == 503
    answer = Client().get("/api/v1/health/")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")


def test_health_is_only_read() -> None:
    refused = Client().post("/api/health")
    assert problem(refused) == (405, "method_not_allowed")
    assert refused.headers["Allow"] == "GET, HEAD"
