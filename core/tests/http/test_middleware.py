"""What surrounds every request."""

import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest
import structlog
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils.module_loading import import_string

from core.http.middleware import RequestId
from core.http.sides import Sides
from core.logs import formatter
from core.tests.http.conftest import Caller, problem

GREETING = "/api/v1/things/hello"


@pytest.mark.django_db
def test_a_good_request_id_is_taken_over_and_a_bad_one_replaced(edge: Caller) -> None:
    answer = edge.get(GREETING, X_Request_ID="req-12345678")
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == "req-12345678"
    for bad in ("a b", "../../etc/passwd", "<script>", "x" * 129, ""):
        fresh = edge.get(GREETING, X_Request_ID=bad).headers["X-Request-ID"]
        assert fresh != bad
        assert len(fresh) == 36


@pytest.mark.django_db
def test_every_answer_carries_the_headers_of_the_house(edge: Caller) -> None:
    for path in (GREETING, "/api/v1/nowhere", "/nowhere"):
        headers = edge.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "'self'" in headers["Content-Security-Policy"]
        assert "X-Request-ID" in headers
    assert edge.get(GREETING).headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_one_line_per_request_without_its_query(edge: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="perennial.access"):
        edge.get(f"{GREETING}?format=sk_live_secret", X_Request_ID="req-12345678")
    lines = [record.msg for record in caplog.records if record.name == "perennial.access"]
    assert len(lines) == 1
    line: Any = lines[0]
    assert (line["path"], line["status"], line["request_id"]) == (GREETING, 200, "req-12345678")
    assert line["actor"] == "key:key_key"
    assert line["client_ip"] == "127.0.0.1"
    assert line["duration_ms"] >= 0
    assert "sk_live_secret" not in json.dumps(line)


def test_log_lines_are_json_without_secrets() -> None:
    lines: list[str] = []
    handler = logging.Handler()
    handler.setFormatter(formatter())
    handler.emit = lambda record: lines.append(handler.format(record))  # type: ignore[method-assign]
    logger = logging.getLogger("test.logs")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    structlog.get_logger("test.logs").info("said", password="hunter2", count=3)
    logger.warning("plain %s", "text")
    logger.removeHandler(handler)
    first, second = (json.loads(line) for line in lines)
    assert (first["event"], first["count"], first["password"]) == ("said", 3, "[REDACTED]")
    assert (second["event"], second["level"]) == ("plain text", "warning")


@pytest.mark.django_db
def test_the_client_is_found_behind_trusted_proxies_only(edge: Caller, settings: Any) -> None:
    seen: list[str] = []

    def last(request: Any) -> Any:
        seen.append(request.client_ip)
        return HttpResponse()

    for trusted, count in (([], 0), (["127.0.0.0/8"], 0), ([], 1), ([], 2), ([], 3)):
        settings.TRUSTED_PROXIES, settings.TRUSTED_PROXY_COUNT = trusted, count
        request = edge.client.request().wsgi_request
        request.META |= {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 198.51.100.7"}
        RequestId(last)(request)
    # A chain that is shorter than the count was not made by the proxies: then the peer itself counts.
    assert seen == ["127.0.0.1", "198.51.100.7", "198.51.100.7", "6.6.6.6", "127.0.0.1"]


@pytest.mark.django_db
def test_other_origins_may_ask_the_api_and_never_with_cookies(settings: Any) -> None:
    settings.CORS_ALLOW_ALL_ORIGINS, settings.CORS_ALLOWED_ORIGINS = False, ["https://shop.example"]
    headers = {"Access-Control-Request-Method": "POST"}
    known = Client().options("/api/v1/things", headers={**headers, "Origin": "https://shop.example"})
    assert known.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "Access-Control-Allow-Credentials" not in known.headers
    foreign = Client().options("/api/v1/things", headers={**headers, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in foreign.headers


@pytest.mark.django_db
def test_an_unknown_host_is_refused(edge: Caller, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["api.example"]
    assert problem(edge.get(GREETING, Host="evil.example")) == (400, "malformed_request")


def seen(path: str, names: Sequence[str] = ("session", "_messages", "user")) -> tuple[list[str], Any]:
    """What Django's middleware for browsers has put on a request of a path, and its answer."""
    found: list[str] = []

    def last(request: Any) -> HttpResponse:
        found.extend(name for name in names if hasattr(request, name))
        return HttpResponse("answered")

    return found, Sides(last)(RequestFactory().get(path))


@pytest.mark.django_db
def test_only_browsers_get_sessions_messages_and_users() -> None:
    for path in ("/admin/login/", "/account/verify-email", "/api/docs/", "/api/v1", "/"):
        assert seen(path)[0] == ["session", "_messages", "user"], path
    found, answer = seen("/api/v1/things")
    assert (found, answer.headers["Content-Length"]) == ([], "8")


def test_every_middleware_for_browsers_is_django_s_or_the_console_s() -> None:
    assert settings.BROWSER_MIDDLEWARE[-1] == "core.console.ConsoleScope"
    assert "accounts.admin.gate.ConsoleGate" in settings.BROWSER_MIDDLEWARE
    # Django's handler calls only `process_view` of what `Sides` holds, through `Sides` itself.
    held = [import_string(path) for path in settings.BROWSER_MIDDLEWARE]
    assert not [one for one in held if hasattr(one, "process_exception") or hasattr(one, "process_template_response")]


@pytest.mark.django_db
def test_forms_of_browsers_still_need_their_token() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/admin/login/", {"username": "a", "password": "b"}).status_code == 403
    assert client.post("/api/v1/customers").status_code == 401


@pytest.mark.django_db
def test_both_sides_are_told_the_same_policy(edge: Caller) -> None:
    policies = {edge.get(path).headers["Content-Security-Policy"] for path in (GREETING, "/api/v1/nowhere", "/nowhere")}
    assert policies == {build_policy()}
