"""A receiver on a free loopback port that behaves as it is told, in a thread of its own."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Reply:
    """What the receiver answers. `hang` waits until the receiver is closed; `drip` sends the body byte by byte."""

    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: bool = False


@dataclass
class Received:
    path: str
    headers: Message
    body: bytes


class Receiver:
    """Answers with the replies in turn, the last one for ever."""

    def __init__(self, *replies: Reply, context: Any = None) -> None:
        self.replies, self.received, self.closing = list(replies) or [Reply()], list[Received](), Event()
        self.server = _Server(self)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?from=perennial"

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Server(ThreadingHTTPServer):
    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.receiver.received.append(Received(self.path, self.headers, body))
        self._answer(self.server.receiver.next_reply())

    def _answer(self, reply: Reply) -> None:
        if reply.hang:
            self.server.receiver.closing.wait(30)
            return
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        # The sender may have hung up, which is what some tests want.
        with suppress(OSError):
            self._drip(reply.body) if reply.drip else self.wfile.write(reply.body)

    def _drip(self, body: bytes) -> None:
        for byte in body:
            self.wfile.write(bytes([byte]))
            if self.server.receiver.closing.wait(0.02):
                return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def listening(*replies: Reply, context: Any = None) -> Iterator[Receiver]:
    """A receiver that listens for as long as the block lasts."""
    receiver = Receiver(*replies, context=context)
    receiver.thread.start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        receiver.server.shutdown()
        receiver.server.server_close()
        receiver.thread.join(5)
