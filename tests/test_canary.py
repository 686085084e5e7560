"""A canary run: secrets and card numbers go into every header, query, path, field and failing job of the house, and are
found in none of its tables, logs, reports, messages, documents or files.
"""

import copy
import http.server
import io
import json
import logging
import re
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
import sentry_sdk
import yaml
from django.conf import settings as django_settings
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from sentry_sdk.transport import Transport

from audit import internal as audit
from core import clock, context, ids, logs, redaction, reporting
from core.http import idempotency, sensitive
from core.tenancy.system import system_scope
from jobs.models import Job
from jobs.services import enqueue, job
from payments.gateways.sandbox import Sandbox
from tests.house import ROOT
from tests.scenario import Company

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ"
# Spelling → what must be found nowhere.
CARDS = ["4242424242424242", "4000 0566 5566 5556", "5555-5555-5555-4444", "378282246310005", "6011111111111117"]
SECRETS = [
    "sk_live_canary0123456789abcdef", "whsec_canaryAAAAAAAAAAAAAAAAAAAA", "Bearer canary-token-0123456789", JWT,
    "-----BEGIN PRIVATE KEY-----\ncanarykeymaterial\n-----END PRIVATE KEY-----", "AKIACANARYCANARY1234",
    "https://canary-user:canary-pass@example.com/x",
]  # fmt: skip
CANARIES = CARDS + SECRETS
PASSWORDS = ["Canary-Passw0rd-1", "Canary-Passw0rd-2"]
NEEDLES = [
    "4242424242424242", "4000056655665556", "4000 0566 5566 5556", "5555555555554444", "5555-5555-5555-4444",
    "378282246310005", "6011111111111117", "canary0123456789abcdef", "canaryAAAAAAAA", "canary-token-0123456789",
    "c2lnbmF0dXJlLWNhbmFyeQ", "canarykeymaterial", "AKIACANARYCANARY1234", "canary-pass", *PASSWORDS, "917-canary-cvv",
]  # fmt: skip


class Reports(Transport):
    """Sentry, as far as the house can tell: it keeps what it is sent."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.sent: list[str] = []

    def capture_envelope(self, envelope: Any) -> None:
        self.sent.append(envelope.serialize().decode("utf-8", "replace"))


class Sinks:
    """Everywhere something could be left behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = io.StringIO()
        self.reports = Reports({})

    def everything(self) -> Iterator[tuple[str, str]]:
        yield "the log", self.log.getvalue()
        yield from ((f"report {number}", text) for number, text in enumerate(self.reports.sent))
        yield from ((f"mail {one.subject}", str(one.message())) for one in mail.outbox)
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        yield from ((path.name, path.read_bytes().decode("utf-8", "replace")) for path in files)
        yield from _tables()
        yield from _redis()

    def found(self) -> set[tuple[str, str]]:
        """Which canary sits where."""
        places = {(place, needle) for place, text in self.everything() for needle in _spelled() if needle in text}
        return {(place, bytes.fromhex(needle).decode() if _is_hex(needle) else needle) for place, needle in places}


@cache
def _spelled() -> tuple[str, ...]:
    """As they are, and as the bytes of a binary column are written."""
    return (*NEEDLES, *(needle.encode().hex() for needle in NEEDLES))


def _is_hex(needle: str) -> bool:
    return needle not in NEEDLES


def _tables() -> Iterator[tuple[str, str]]:
    with system_scope("canary"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
            "AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            with connection.cursor() as rows:
                rows.execute(f'SELECT t::text FROM "{table}" t')
                yield table, "\n".join(text for (text,) in rows.fetchall())


def _redis() -> Iterator[tuple[str, str]]:
    with redis.Redis.from_url(django_settings.REDIS_URL) as store:
        for key in store.scan_iter():
            if b"jwks" not in key:
                yield f"redis {key!r}", f"{key!r} {store.dump(key)!r}"


@pytest.fixture
def sinks(tmp_path: Path, settings: Any) -> Iterator[Sinks]:
    settings.AUDIT_LOG_PATH = str(tmp_path / "audit.jsonl")
    settings.DOCUMENT_ROOT = str(tmp_path)
    found, handler, root = Sinks(tmp_path), logging.StreamHandler(), logging.getLogger()
    handler.setStream(found.log)
    handler.setFormatter(logs.formatter())
    root.addHandler(handler)
    reporting.configure(dsn="http://public@127.0.0.1:9/1", environment="test", transport=found.reports)
    yield found
    root.removeHandler(handler)
    sentry_sdk.get_global_scope().set_client(None)


@job("test.canary", queue="q:mail", policy="billing")
def _failing(*, spelling: str, **_: object) -> None:
    """Fail as libraries do, with everything one was told in the message."""
    raise RuntimeError(f"declined {CANARIES[int(spelling)]} for Authorization: Bearer canary-token-0123456789")


def headers(canary: str) -> dict[str, str]:
    text = canary.replace("\n", " ")
    plain = re.sub(r"[^A-Za-z0-9._-]", "", canary)[:128]
    return {
        "X-Request-ID": text, "User-Agent": text, "Referer": text, "Cookie": f"sessionid={plain}", "Origin": text,
        "X-Forwarded-For": text, "Accept-Language": text, "If-Match": f'"{plain}"',
        "X-Other": text, "Traceparent": text,
    }  # fmt: skip


@cache
def operations() -> list[tuple[str, str, dict[str, Any]]]:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    parts = document["components"]["schemas"]
    return [
        (method.upper(), path, _schema(operation, parts))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


def _schema(operation: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    named: dict[str, Any] = parts.get(str(content.get("$ref", "")).rpartition("/")[2], content)
    return named


def filled(schema: dict[str, Any], canary: str) -> dict[str, Any]:
    """A body with the canary in each of its texts, and in a field, a name and a depth that nobody asked for."""
    body: dict[str, Any] = {}
    for name, member in schema.get("properties", {}).items():
        kind = member.get("type")
        kinds = kind if isinstance(kind, list) else [kind]
        body[name] = [canary] if "array" in kinds else {"note": canary} if "object" in kinds else canary
    return body | {"metadata": {"note": canary}, "deep": [{"deeper": canary}], canary: "x", "cvv": "917-canary-cvv"}


def attack(api: Any, canary: str, *, only: int | None = None) -> set[int]:
    """Send the canary to every operation in every place, and return the statuses."""
    statuses: set[int] = set()
    for method, path, schema in operations()[:only]:
        known = re.sub(r"\{[^}]+\}", "sub_01h455vb4pex5vsknk084sn02q", path)
        foreign = re.sub(r"\{[^}]+\}", quote(canary, safe=""), path)
        own = {"Idempotency-Key": str(ids.new())}
        canary_for_key = {"Idempotency-Key": as_key(canary)}
        nobody = {"X-API-Key": canary.replace("\n", ""), "X-Environment": canary.replace("\n", "")}
        places = [(known, api.headers | own), (foreign, api.headers | own), (known, nobody | own)]
        if method != "GET":  # reading heeds no keys
            places.append((known, api.headers | canary_for_key))
        for place, more in places:
            body = json.dumps(filled(schema, canary)) if method != "GET" else None
            answer = Client(raise_request_exception=False).generic(
                method, place, body or "", "application/json", headers=headers(canary) | more,
                query_params={"q": canary, "api_key": canary},
            )  # fmt: skip
            statuses.add(answer.status_code)
            assert not any(needle in answer.content.decode("utf-8", "replace") for needle in NEEDLES), (method, place)
    return statuses


# What a field of free text would keep: each is a good body but for what stands in it.
STORED = [
    ("customers", {"email": "canary@example.com", "name": "{}"}),
    ("customers", {"email": "canary@example.com", "name": "C", "metadata": {"note": "{}"}}),
    ("customers", {"email": "canary@example.com", "external_ref": "{}"}),
    ("customers", {"email": "canary@example.com", "address": {"line1": "{}"}}),
    ("meters", {"code": "canary", "name": "{}", "aggregation": "count"}),
    ("coupons", {"code": "CANARY", "name": "{}", "percent_off": "10", "duration": "once"}),
    ("webhook-endpoints", {"url": "https://example.com/hook", "events": ["*"], "description": "{}"}),
    ("api-keys", {"name": "{}", "scopes": ["read"]}),
    ("events", {"id": "canary-1", "meter": "api_calls", "customer": "?", "properties": {"note": "{}"}}),
]  # fmt: skip

# Good as it is, so that only its key can be refused.
GOOD = {"email": "canary@example.com", "name": "C"}


def as_key(canary: str) -> str:
    """A key has no spaces: cards are written without, and other canaries are no key at all."""
    return canary.replace(" ", "") if canary in CARDS else canary.replace("\n", " ")


def put_into(body: Any, canary: str, customer: str) -> Any:
    text = json.dumps(body).replace('"{}"', json.dumps(canary)).replace('"?"', json.dumps(customer))
    return json.loads(text)


def people(api: Any) -> None:
    """Passwords go through every door that asks for one."""
    right, wrong = PASSWORDS
    account = {"email": "person@example.com", "password": right}
    for path, body in (
        ("auth/register", account), ("auth/login", account), ("auth/login", account | {"password": wrong}),
        ("auth/change-password", {"current_password": right, "new_password": wrong}),
        ("auth/register", account | {"password": wrong}), ("auth/login", {"email": right, "password": wrong}),
        ("auth/refresh", {"refresh_token": JWT}), ("auth/reset-password", {"token": JWT, "password": wrong}),
        ("auth/password-reset/confirm", {"token": JWT, "new_password": wrong}),
    ):  # fmt: skip
        api.post(f"/api/v1/{path}", body)
    Client().post("/admin/login/", {"username": "canary@example.com", "password": right})
    Client().post("/admin/login/", {"username": "4242424242424242", "password": CARDS[0]})


def jobs_and_gateways(api: Any, run_jobs: Any, monkeypatch: Any) -> None:
    """Work fails with what it was told in its message, at every place where that is kept."""
    for number in range(len(CANARIES)):
        with transaction.atomic():
            enqueue("test.canary", payload={"spelling": str(number)}, key=str(number), run_at=clock.now())

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"gateway said {CARDS[0]} and {SECRETS[0]}")

    company = Company(api)
    company.open()
    customer = company.welcome("Ada Canary")
    monkeypatch.setattr(Sandbox, "charge", fail)
    _run(run_jobs)
    api.post("/api/v1/subscriptions", {"customer": customer, "plan": company.plan, "quantity": 1})
    _run(run_jobs)


def _run(run_jobs: Any) -> None:
    for _ in range(4):
        with system_scope("canary: no waiting"):
            Job.objects.update(available_at=clock.wall())
        run_jobs()


class _Loud(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500)
        self.end_headers()
        self.wfile.write(json.dumps({"said": CANARIES, "cvv": "917-canary-cvv"}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def loud() -> Iterator[str]:
    """A receiver of webhooks that answers with everything it should not."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Loud) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()


def run(api: Any, run_jobs: Any, monkeypatch: Any, loud: str, canaries: list[str], *, only: int | None = None) -> None:
    api.post("/api/v1/webhook-endpoints", {"url": loud, "events": ["*"]})
    jobs_and_gateways(api, run_jobs, monkeypatch)
    people(api)
    for canary in canaries:
        statuses = attack(api, canary, only=only)
        assert not any(status >= 500 for status in statuses), (canary, statuses)
        keyed = api.post("/api/v1/customers", GOOD, key=as_key(canary))
        no_key = "idempotency_key_invalid" if " " in as_key(canary) else "idempotency_key_sensitive"
        assert keyed.json()["code"] == no_key, (canary, keyed.content)
        for path, body in STORED:
            answer = api.post(f"/api/v1/{path}", put_into(body, canary, "cus_01h455vb4pex5vsknk084sn02q"))
            assert answer.status_code in (404, 422), (path, canary, answer.content)
    logging.getLogger("canary").error("failed with %s", CARDS[0])
    try:
        raise ValueError(f"{CARDS[1]} {SECRETS[0]}")
    except ValueError as failure:
        logging.getLogger("canary").exception("caught", extra={"note": CARDS[2]})
        sentry_sdk.capture_exception(failure)
    _run(run_jobs)
    audit.seal()
    audit.write_sink()


@pytest.fixture
def guest(api: Any, settings: Any) -> Any:
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.RATE_LIMITS_ENABLED = False
    return api


def test_no_canary_stays_anywhere(guest, run_jobs, monkeypatch, loud, sinks):
    run(guest, run_jobs, monkeypatch, loud, [CARDS[1]], only=14)

    assert sinks.found() == set()
    assert "canary" in sinks.log.getvalue()
    assert sinks.reports.sent, "an error was reported, and without what it said"
    assert (sinks.folder / "audit.jsonl").stat().st_size > 0
    assert Job.objects.filter(kind="test.canary", state="dead").exists()


@pytest.mark.proof
def test_no_canary_of_any_spelling_stays_anywhere(guest, run_jobs, monkeypatch, loud, sinks):
    run(guest, run_jobs, monkeypatch, loud, CANARIES)

    assert sinks.found() == set()


def test_without_redaction_canaries_are_everywhere(guest, run_jobs, monkeypatch, loud, sinks):
    """The negative control: what looks for them can find them, in each kind of place."""
    monkeypatch.setattr(redaction, "_text", lambda text: text)
    for name in ("redact_text", "redact_lines"):
        for module in (redaction, logs, reporting):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, lambda text: text)
    monkeypatch.setattr(sensitive, "refuse", lambda _raw, _document: None)
    monkeypatch.setattr(idempotency, "refuse_sensitive", lambda key: key)
    monkeypatch.setattr(logs, "redact", copy.copy)
    with context.entered(path=f"/pay/{CARDS[0]}"):
        guest.post("/api/v1/customers", {"email": "canary@example.com", "name": CARDS[0]})
    guest.post("/api/v1/customers", GOOD, key=CARDS[0])
    with transaction.atomic():
        enqueue("test.canary", payload={"spelling": "0"}, key="0", run_at=clock.now())
    _run(run_jobs)
    logging.getLogger("canary").error("failed with %s", CARDS[0])
    sentry_sdk.capture_message(f"failed with {CARDS[0]}")

    places = {place for place, _ in sinks.found()}
    assert {"accounts_customer", "core_idempotencyrecord", "jobs_job", "the log", "report 0"} <= places
