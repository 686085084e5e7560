"""Bytes on a socket to the real web server: framing, hosts, targets and headers that no HTTP library would send."""

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connections, transaction
from pytest_django import DjangoDbBlocker

from accounts.tests.factories import make_key
from core import tenancy
from core.tenancy import Scope
from local.house import House, web_answers
from local.process import free_port, wait_until
from tests.house import ROOT
from tests.session import Database
from tests.shared import environment_called

READY_SECONDS = 60.0
PATIENCE = 10.0
JSON = b"Content-Type: application/json\r\n"
CUSTOMERS = b"POST /api/v1/customers HTTP/1.1\r\n"
BODY = b'{"email": "raw@example.com"}'


@dataclass(frozen=True, kw_only=True)
class Server:
    """A web process and a key for it."""

    port: int
    key: bytes
    log: Path

    def send(self, raw: bytes) -> bytes:
        """This function will send bytes and return everything that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as line:
            line.sendall(raw)
            return b"".join(iter(lambda: _some(line), b""))

    def post(
        self, *lines: bytes, body: bytes = BODY, start: bytes = CUSTOMERS, host: bytes | None = b"localhost"
    ) -> bytes:
        """This function will send a POST with a key and these header lines."""
        known = [b"Connection: close\r\n", b"X-API-Key: " + self.key + b"\r\n", JSON]
        named = [b"Host: " + host + b"\r\n"] if host is not None else []
        return self.send(b"".join([start, *named, *known, *(line + b"\r\n" for line in lines), b"\r\n", body]))


def _some(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except ConnectionResetError:
        return b""


def status(answer: bytes) -> int:
    """The status of the first answer, 0 where the connection was closed without one."""
    found = re.match(rb"HTTP/1\.[01] ([0-9]{3})", answer)
    return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def server(
    database: Database,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """One web process as `make run` starts it, on the worker's database, for all tests of this module."""
    folder: Path = tmp_path_factory.mktemp("raw")
    with django_db_blocker.unblock():
        with transaction.atomic():
            sandbox: Scope = environment_called("sandbox").as_scope()
        with tenancy.scope(sandbox), transaction.atomic():
            key = make_key().encode()
        connections.close_all()
    variables = os.environ | database.environment | {"DJANGO_SETTINGS_MODULE": "config.settings", "ENV": "local"}
    port = free_port()
    with (folder / "web.log").open("wb") as output:
        web = subprocess.Popen(
            House().web(port), cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
            env=variables | {"RATE_LIMITS_ENABLED": "false", "TRUSTED_PROXIES": "127.0.0.1"},
        )  # fmt: skip
    try:
        assert wait_until(lambda: web_answers(f"http://127.0.0.1:{port}/livez"), READY_SECONDS)
        yield Server(port=port, key=key, log=folder / "web.log")
    finally:
        web.terminate()
        web.wait(timeout=30)
        with django_db_blocker.unblock():
            database.recreate()


LENGTH = b"Content-Length: %d" % len(BODY)
KEY = b"Idempotency-Key: raw"


def customers(server: Server) -> bytes:
    """What the API lists afterwards."""
    return server.post(start=b"GET /api/v1/customers HTTP/1.1\r\n", body=b"")


@pytest.mark.parametrize(
    ("lines", "statuses"),
    [
        ([b"Transfer-Encoding: chunked"], (411,)),
        ([b"Transfer-Encoding: chunked", LENGTH], (411,)),
        ([b"Transfer-Encoding: xchunked"], (400, 501)),
        ([b"Transfer-Encoding: identity"], (400, 501)),
        ([b"Transfer-Encoding : chunked"], (400,)),
        ([LENGTH, b"Content-Length: 5"], (400,)),
        ([b"Content-Length: +28"], (400,)),
        ([b"Content-Length: -1"], (400,)),
        ([b"Content-Length: 0x1c"], (400,)),
        ([b"Content-Length: 33554433"], (413,)),
        ([b"Content-Length : 28"], (400,)),
        ([LENGTH, b"X-A: b\r\n c"], (400,)),
        ([LENGTH, b"X-A: a\x00b"], (400,)),
        ([LENGTH, b"X A: b"], (400,)),
        ([LENGTH, b"Idempotency-Key: other"], (400,)),
        ([LENGTH, b"X-API-Key: other"], (400,)),
        ([LENGTH, b"Authorization: Bearer other"], (400,)),
        ([LENGTH, b"X-Long: " + b"x" * 20_000], (431,)),
        ([LENGTH, *(b"X-%d: y" % number for number in range(150))], (431,)),
    ],
    ids=lambda value: b" | ".join(value)[:60].decode("latin-1") if isinstance(value, list) else "",
)
def test_a_request_that_two_readers_could_read_differently_is_refused(
    server: Server, lines: list[bytes], statuses: tuple[int, ...]
) -> None:
    answer = server.post(KEY, *lines)
    assert status(answer) in statuses, answer[:300]
    assert b"raw@example.com" not in customers(server)


@pytest.mark.parametrize("key", [b"k\xc3\xa9y", b"", b"a,b", b"x" * 256])
def test_a_key_that_is_none_is_refused_on_the_wire_too(server: Server, key: bytes) -> None:
    answer = server.post(LENGTH, b"Idempotency-Key: " + key)
    assert (status(answer), b"idempotency_key_invalid" in answer) == (400, True)
    assert b"raw@example.com" not in customers(server)


@pytest.mark.parametrize("host", [None, b"", b"a b", b"evil@x", b"evil.example", b"localhost\r\nHost: evil.example"])
def test_a_host_that_is_not_ours_is_refused(server: Server, host: bytes | None) -> None:
    answer = server.post(LENGTH, KEY, host=host)
    assert (status(answer), b"application/problem+json" in answer) == (400, True)
    assert b"raw@example.com" not in customers(server)


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        (b"get /api/v1/customers HTTP/1.1", 405),
        (b"FOO /api/v1/customers HTTP/1.1", 405),
        (b"TRACE /api/v1/customers HTTP/1.1", 405),
        (b"CONNECT localhost:80 HTTP/1.1", 405),
        (b"GET //api/v1/customers HTTP/1.1", 404),
        (b"GET /api/v1/../v1/customers HTTP/1.1", 404),
        (b"GET /api/%2e%2e/api/v1/customers HTTP/1.1", 404),
        (b"GET /api/v1/customers;jsessionid=1 HTTP/1.1", 404),
        ("GET /api/v1/\u00e4 HTTP/1.1".encode(), 404),
        (b"GET /api/v1/customers?" + b"a" * 5_000 + b" HTTP/1.1", 400),
        (b"GET /api/v1/a b HTTP/1.1", 400),
        (b"GET /api/v1/customers", 400),
        (b"GET /api/v1/customers HTTP/9.9", 400),
        (b"\x16\x03\x01\x02\x00\x01", 400),
    ],
    ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else "",
)
def test_a_target_or_a_method_that_is_none_is_refused(server: Server, start: bytes, wanted: int) -> None:
    assert status(server.post(start=start + b"\r\n", body=b"")) == wanted


def test_a_target_too_long_to_be_one_is_refused(server: Server) -> None:
    answer = server.post(start=b"GET /api/v1/" + b"a" * 100_000 + b" HTTP/1.1\r\n", body=b"")
    assert status(answer) in (414, 431)


def test_the_host_of_an_absolute_target_is_in_no_answer(server: Server) -> None:
    """The server keeps the path and the Host header only; what the target said is nowhere to be read."""
    answer = server.post(start=b"GET http://evil.example/api/v1/customers HTTP/1.1\r\n", body=b"")
    assert status(answer) in (200, 400)
    assert b"evil.example" not in answer


def test_two_forwarding_headers_count_as_one_and_expectations_are_harmless(server: Server) -> None:
    """The nearest proxy's word is the last of all; the body follows at once and is read."""
    body = b'{"email": "expected@example.com"}'
    answer = server.post(
        b"Content-Length: %d" % len(body), b"Idempotency-Key: expected", b"Expect: 100-continue",
        b"X-Forwarded-For: 1.1.1.1", b"X-Forwarded-For: 198.51.100.7", body=body,
    )  # fmt: skip
    assert b"HTTP/1.1 201" in answer
    assert '"client_ip":"198.51.100.7"' in server.log.read_text()
