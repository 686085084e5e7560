"""The tour's HTTP client, against a server of a few lines."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from local.client import Client, Refused

PROBLEM = {
    "status": 422,
    "code": "validation_failed",
    "title": "Not valid.",
    "errors": [{"pointer": "/email", "code": "required", "message": "This field is required."}],
}


class Server:
    """Answers with what it is told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: tuple[int, bytes] = (200, b"{}")
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.asked.append({"path": self.path, "headers": headers, "body": self.rfile.read(length).decode()})
            status, body = server.answer
            self.send_response(status)
            self.send_header("Idempotent-Replayed", "true")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def do_PATCH(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = Thread(target=made.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join(5)


def test_a_get_carries_its_query_and_credential(server: Server) -> None:
    server.answer = (200, b'{"data": [1]}')
    assert Client(server.url, "sk_1").get("/plans", code="basic plan", limit=5) == {"data": [1]}
    assert server.asked[0]["path"] == "/api/v1/plans?code=basic+plan&limit=5"
    assert server.asked[0]["headers"]["authorization"] == "Bearer sk_1"
    assert "idempotency-key" not in server.asked[0]["headers"]


def test_every_post_has_an_idempotency_key_of_its_own_or_the_given_one(server: Server) -> None:
    client = Client(server.url, "sk_1")
    client.post("/customers", {"email": "a@b.example"})
    client.post("/customers", {"email": "a@b.example"})
    client.post("/customers", {"email": "a@b.example"}, key="mine")
    keys = [one["headers"]["idempotency-key"] for one in server.asked]
    assert keys[0] != keys[1]
    assert keys[2] == "mine"
    assert json.loads(server.asked[0]["body"]) == {"email": "a@b.example"}
    assert server.asked[0]["headers"]["content-type"] == "application/json"


def test_a_post_without_a_body_sends_an_empty_object(server: Server) -> None:
    Client(server.url, "sk_1").post("/invoices/inv_1/pay")
    assert server.asked[0]["body"] == "{}"


def test_an_answer_without_a_body_is_none_and_its_headers_can_be_read(server: Server) -> None:
    server.answer = (200, b"")
    answer = Client(server.url, "sk_1").send("PATCH", "/customers/cus_1", {"name": "Ada"})
    assert answer.body is None
    assert answer.headers["idempotent-replayed"] == "true"


def test_a_refusal_says_why_in_the_words_of_the_problem_document(server: Server) -> None:
    server.answer = (422, json.dumps(PROBLEM).encode())
    with pytest.raises(Refused) as caught:
        Client(server.url, "sk_1").post("/customers", {})
    assert (caught.value.status, caught.value.code, caught.value.problem) == (422, "validation_failed", PROBLEM)
    assert str(caught.value) == ("POST /customers: 422 validation_failed: Not valid. (/email This field is required.)")


@pytest.mark.parametrize("body", [b"<h1>Bad gateway</h1>", b"[]"])
def test_an_error_that_is_no_problem_document_is_still_a_refusal(server: Server, body: bytes) -> None:
    server.answer = (502, body)
    with pytest.raises(Refused, match=r"GET /plans: 502 : no problem document"):
        Client(server.url, "sk_1").get("/plans")


def test_another_actor_uses_his_own_credential(server: Server) -> None:
    client = Client(server.url, "sk_1")
    client.acting_as("token").get("/auth/me")
    client.get("/auth/me")
    assert [one["headers"]["authorization"] for one in server.asked] == ["Bearer token", "Bearer sk_1"]
