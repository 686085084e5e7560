"""A receiver of webhooks on a free loopback port, as a client developer would run one beside his desk."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

# The secret is known a moment after the endpoint exists; a delivery that is faster waits for it.
SECRET_SECONDS = 5.0


class Receiver:
    """Answers 204 to deliveries with a right Standard Webhooks signature, 401 to everything else."""

    def __init__(self) -> None:
        self.refused = 0
        self._secret, self._has_secret = "", Event()
        self._accepted: dict[str, dict[str, Any]] = {}
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hooks"

    def trust(self, secret: str) -> None:
        """This function will let deliveries in that are signed with the secret."""
        self._secret = secret
        self._has_secret.set()

    def accept(self, body: bytes, headers: dict[str, str]) -> bool:
        """This function will check and keep a delivery, once by its id; False if its signature is not right."""
        try:
            self._has_secret.wait(SECRET_SECONDS)
            Webhook(self._secret).verify(body, headers)
            event = json.loads(body)
        except (WebhookVerificationError, ValueError, RuntimeError):
            with self._lock:
                self.refused += 1
            return False
        with self._lock:
            self._accepted[headers["webhook-id"]] = event
        return True

    def events(self, type: str = "") -> list[dict[str, Any]]:  # noqa: A002 - the field's name on the wire
        """This function will return the events that were accepted, all or those of a type, in the feed's order."""
        with self._lock:
            kept = [one for one in self._accepted.values() if type in ("", one["type"])]
        return sorted(kept, key=lambda one: int(one["sequence"]))

    @contextmanager
    def listening(self) -> Iterator["Receiver"]:
        """This function will let the receiver answer for as long as the block lasts."""
        thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(5)


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(204 if receiver.accept(body, headers) else 401)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    return Handler
