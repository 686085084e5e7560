"""The load generator: a few processes, one thread and one kept-alive connection per client."""

import http.client
import multiprocessing
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
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.connect()
        time.sleep(max(0.0, starts_at - time.monotonic()))
        return [_send(connection, request) for request in load]
    finally:
        connection.close()


def _send(connection: http.client.HTTPConnection, request: Request) -> Span:
    start = time.monotonic()
    connection.request(request.method, request.path, request.body, request.headers)
    answer = connection.getresponse()
    body = answer.read()
    end = time.monotonic()
    if answer.status != request.status:
        raise WrongAnswer(f"{request.method} {request.path}: {answer.status} {body[:500].decode(errors='replace')}")
    return start, end
