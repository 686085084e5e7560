"""The load generator: a few processes, one thread and one kept-alive connection per client.

It shares the cores with what it measures, so it does as little as it can: requests are bytes before the clock starts,
and of an answer nothing is read but its status and its length.
"""

import multiprocessing
import re
import socket
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self

PROCESSES = 2
SECONDS = 30.0
# Every client has connected by then; a common start is what makes their requests one load.
HEAD_START_SECONDS = 0.3
_AT_ONCE = 1 << 16
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked\r\n", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class WrongAnswer(Exception):
    """The server answered something else than the load expects: what was measured means nothing."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request and the status it must be answered with."""

    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    status: int = 200


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How a load went: requests (or transactions) per second, and each one's seconds in ascending order."""

    rate: float
    seconds: list[float]

    def at(self, percent: int) -> float:
        """This function will return the milliseconds within which so many percent were answered."""
        place = max(0, -(-len(self.seconds) * percent // 100) - 1)
        return self.seconds[place] * 1000


Span = tuple[float, float]


class Clients:
    """The clients of one server. Their processes are kept from load to load, so that none pays for their start."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._pool = ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn"))

    def __enter__(self) -> Self:
        list(self._pool.map(abs, range(PROCESSES)))
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def run(self, loads: Sequence[Sequence[Request]]) -> Measured:
        """This function will send each load on a connection of its own, all at once, and return how that went.

        :raises WrongAnswer: if a request was answered with another status than it expects.
        """
        starts_at = time.monotonic() + HEAD_START_SECONDS
        shares = [list(loads[share::PROCESSES]) for share in range(PROCESSES) if loads[share::PROCESSES]]
        futures = [self._pool.submit(_share, self._port, share, starts_at) for share in shares]
        return measured([span for future in futures for span in future.result()])


def measured(spans: Sequence[Span]) -> Measured:
    """This function will sum up spans of a clock's seconds, one for each request."""
    took = max(end for _, end in spans) - min(start for start, _ in spans)
    return Measured(rate=len(spans) / took, seconds=sorted(end - start for start, end in spans))


def median(values: Sequence[float]) -> float:
    """This function will return the middle one of the pairs' ratios."""
    return statistics.median(values)


def _share(port: int, loads: Sequence[Sequence[Request]], starts_at: float) -> list[Span]:
    with ThreadPoolExecutor(len(loads)) as threads:
        futures = [threads.submit(_client, port, load, starts_at) for load in loads]
        return [span for future in futures for span in future.result()]


def _client(port: int, load: Sequence[Request], starts_at: float) -> list[Span]:
    texts = [(_text(request, port), request) for request in load]
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        time.sleep(max(0.0, starts_at - time.monotonic()))
        return [_send(wire, text, request) for text, request in texts]


def _text(request: Request, port: int) -> bytes:
    """The request as it goes over the wire."""
    body = (request.body or "").encode()
    headers = {"Host": f"127.0.0.1:{port}", **request.headers}
    if request.body is not None:
        headers["Content-Length"] = str(len(body))
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _send(wire: socket.socket, text: bytes, request: Request) -> Span:
    start = time.monotonic()
    wire.sendall(text)
    answer = _answer(wire)
    end = time.monotonic()
    if not answer.startswith(f"HTTP/1.1 {request.status} ".encode()):
        raise WrongAnswer(f"{request.method} {request.path}: {answer[:1000].decode(errors='replace')}")
    return start, end


def _answer(wire: socket.socket) -> bytes:
    """One whole answer.

    :raises WrongAnswer: if it does not say where it ends, or the server hangs up before.
    """
    answer = b""
    while not _is_whole(answer):
        more = wire.recv(_AT_ONCE)
        if not more:
            raise WrongAnswer(f"the server hung up after {answer[:1000]!r}")
        answer += more
    return answer


def _is_whole(answer: bytes) -> bool:
    head = answer.find(b"\r\n\r\n") + 2
    if head < 2:
        return False
    if length := _LENGTH.search(answer, 0, head):
        return len(answer) >= head + 2 + int(length[1])
    if _CHUNKED.search(answer, 0, head):
        return answer.endswith(b"\r\n0\r\n\r\n")
    raise WrongAnswer(f"an answer without a length: {answer[:1000]!r}")
