"""Which web pages may read answers: of the settings' origins everywhere, of an environment's in that environment."""

from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.services import allow_origins
from accounts.tests.factories import make_key
from core import clock, tenancy
from core.actor import SYSTEM
from core.http import cors
from core.models import Environment

pytestmark = pytest.mark.django_db

SHOP, OTHER = "https://shop.example", "https://other.example"
PLANS = "/api/v1/plans"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture(autouse=True)
def strict(settings: Any) -> Any:
    """As in production: nothing is allowed that nobody has allowed."""
    settings.CORS_ALLOW_ALL_ORIGINS, settings.CORS_ALLOWED_ORIGINS = False, []
    cors.origins.forget()
    yield settings
    cors.origins.forget()


def allow(*origins: str) -> None:
    allow_origins(origins=origins, actor=SYSTEM, now=clock.now())
    cors.origins.forget()


def ask(origin: str, key: str = "", path: str = PLANS) -> Any:
    return Client().get(path, headers={"Origin": origin} | ({"X-API-Key": key} if key else {}))


def preflight(origin: str, path: str = PLANS) -> Any:
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key, idempotency-key"}
    return Client().options(path, headers={"Origin": origin} | wanted)


def test_by_default_no_page_of_another_origin_reads_anything() -> None:
    for answer in (ask(SHOP, make_key()), preflight(SHOP), ask("null", make_key())):
        assert ALLOWED not in answer.headers
    assert ask(SHOP, make_key()).headers["Vary"] == "origin"


def test_an_environment_allows_its_own_web_app() -> None:
    allow(SHOP)
    answer = ask(SHOP, make_key((), type="publishable"))
    assert (answer.status_code, answer.headers[ALLOWED]) == (200, SHOP)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    assert ALLOWED not in ask(OTHER, make_key()).headers


def test_a_preflight_is_answered_by_its_origin_without_credentials() -> None:
    allow(SHOP)
    answer = preflight(SHOP)
    assert (answer.status_code, answer.headers[ALLOWED]) == (200, SHOP)
    named = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"x-api-key", "idempotency-key", "if-match"} <= set(named)
    assert ALLOWED not in preflight(OTHER).headers
    assert ALLOWED not in preflight(SHOP, "/admin/").headers


def test_another_environments_answers_are_not_shown(live_environment: Any) -> None:
    allow(SHOP)
    with tenancy.scope(live_environment):
        key = make_key()
    assert ALLOWED not in ask(SHOP, key).headers


def test_a_page_may_read_why_its_credentials_are_refused() -> None:
    allow(SHOP)
    refused = ask(SHOP, "sk_test_wrong")
    assert (refused.status_code, refused.headers[ALLOWED]) == (401, SHOP)


def test_origins_match_whole_and_exactly() -> None:
    allow(SHOP)
    for near in ("https://shop.example.evil.example", "http://shop.example", "https://shop.example:8443",
                 "https://SHOP.example", "https://shop.example/", "https://evilshop.example"):  # fmt: skip
        assert ALLOWED not in preflight(near).headers, near


def test_what_the_settings_allow_is_allowed_everywhere_and_asks_nobody(strict: Any) -> None:
    strict.CORS_ALLOWED_ORIGINS = [OTHER]
    with CaptureQueriesContext(connection) as queries:
        assert preflight(OTHER).headers[ALLOWED] == OTHER
    assert len(queries) == 0


def test_the_environments_are_read_once_in_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    allow(SHOP)
    seconds = 5_000.0
    monkeypatch.setattr(clock, "monotonic", lambda: seconds)
    with CaptureQueriesContext(connection) as queries:
        for _ in range(5):
            assert preflight(SHOP).headers[ALLOWED] == SHOP
    assert len(queries) == 1
    allow_origins(origins=[], actor=SYSTEM, now=clock.now())
    assert ALLOWED in preflight(SHOP).headers
    seconds += 10
    assert ALLOWED not in preflight(SHOP).headers


def test_without_the_database_what_was_known_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    allow(SHOP)
    assert ALLOWED in preflight(SHOP).headers
    cors.origins.forget()

    def away(*_: Any, **__: Any) -> Any:
        raise OperationalError("away")

    monkeypatch.setattr(Environment.objects, "exclude", away)
    assert ALLOWED in preflight(SHOP).headers


@pytest.mark.parametrize(
    ("kind", "origins"),
    [("sandbox", ["shop.example"]), ("sandbox", ["https://shop.example/path"]), ("sandbox", ["*"]),
     ("sandbox", ["https://a.example https://b.example", "ftp://c.example"]), ("live", ["http://shop.example"]),
     ("sandbox", [f"https://a{number}.example" for number in range(21)])],
)  # fmt: skip
def test_the_database_holds_nothing_but_origins(kind: str, origins: list[str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Environment.objects.filter(kind=kind, tenant__slug="default").update(allowed_origins=origins)
