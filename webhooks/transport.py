"""One request to a checked address: no redirects, no proxies, no cookies, and an end to it after fifteen seconds."""

import json
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event, Timer
from typing import Any, Final

from urllib3.connection import HTTPConnection, HTTPException, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProtocolError, ReadTimeoutError
from urllib3.response import HTTPResponse

from core import clock, redaction
from core.urlguard import Target

LONGEST_READ: Final = 16 * 1024
LONGEST_KEPT: Final = 4 * 1024
MOST_SECONDS_ASKED: Final = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds: for a connection to an address, and for everything from the first packet to the last."""

    connect_s: float = 5.0
    total_s: float = 15.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of a request. `error` is empty for 2xx; `status` is None without an answer; `wait_s` was asked for."""

    status: int | None
    duration_ms: int
    error: str = ""
    response: str = ""
    wait_s: float | None = None

    @property
    def is_accepted(self) -> bool:
        return not self.error

    @property
    def is_gone(self) -> bool:
        return self.status == 410


class _Watch:
    """Ends a request at its deadline, whatever it is doing: a socket's own time limit starts anew with every byte."""

    def __init__(self, seconds: float) -> None:
        self.ends_at = clock.monotonic() + seconds
        self.is_over = Event()
        self.sockets: list[socket.socket] = []
        self.timer = Timer(seconds, self._end)
        self.timer.daemon = True

    def __enter__(self) -> "_Watch":
        self.timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.timer.cancel()
        for held in self.sockets:
            held.close()

    def left(self) -> float:
        return max(self.ends_at - clock.monotonic(), 0.001)

    def hold(self, connected: socket.socket) -> None:
        # A second handle: TLS takes the first one away, and closing it here would not wake the reader.
        self.sockets.append(connected.dup())
        if self.is_over.is_set():
            self._end()

    def _end(self) -> None:
        self.is_over.set()
        for held in self.sockets:
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the other side has hung up already


def send(
    target: Target, *, body: bytes, headers: dict[str, str], limits: Limits | None = None,
    trust: ssl.SSLContext | None = None,
) -> Answer:  # fmt: skip
    """This function will POST the body to the target's addresses, the next one when one cannot be reached.

    It asks the network and is never called in a transaction. It never raises for what the other side does. `trust` are
    the certificates believed in, by default the system's.
    """
    limits, began = limits or Limits(), clock.monotonic()
    with _Watch(limits.total_s) as watch:
        try:
            status, found, content = _try_all(target, body, headers, limits, watch, trust)
        except (HTTPError, HTTPException, OSError, ValueError) as failure:
            error = "timeout" if watch.is_over.is_set() else _name_of(failure)
            return Answer(status=None, duration_ms=_since(began), error=error)
    return Answer(
        status=status, duration_ms=_since(began), error=_judge(status), response=_keepable(content),
        wait_s=None if 200 <= status < 300 else _asked_wait(found),
    )  # fmt: skip


def _since(began: float) -> int:
    return round((clock.monotonic() - began) * 1000)


def _judge(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if status == 410:
        return "gone"
    return "redirect_refused" if 300 <= status < 400 else "unexpected_status"


_NAMES: Final[tuple[tuple[type[Exception], str], ...]] = (
    (NewConnectionError, "connection_failed"),  # before its base, the next one
    (ConnectTimeoutError, "connect_timeout"),
    (ssl.SSLError, "tls_failed"),
    (TimeoutError, "timeout"),
    (ReadTimeoutError, "timeout"),
    (OSError, "connection_broken"),
    (ProtocolError, "connection_broken"),
)


def _name_of(failure: Exception) -> str:
    return next((name for kind, name in _NAMES if isinstance(failure, kind)), "malformed_response")


def _try_all(
    target: Target, body: bytes, headers: dict[str, str], limits: Limits, watch: _Watch, trust: ssl.SSLContext | None
) -> tuple[int, str, bytes]:
    *others, last = target.addresses
    for address in others:
        try:
            return _exchange(_connect(target, str(address), limits, watch, trust), target, body, headers, watch)
        except (ConnectTimeoutError, NewConnectionError):
            continue  # nothing was sent yet
    return _exchange(_connect(target, str(last), limits, watch, trust), target, body, headers, watch)


def _connect(
    target: Target, address: str, limits: Limits, watch: _Watch, trust: ssl.SSLContext | None
) -> HTTPConnection:
    """Open a connection to the very address that was checked, with the name only in SNI, certificate and Host."""
    seconds = min(limits.connect_s, watch.left())
    connection: _PlainConnection | _SecureConnection
    if target.scheme == "https":
        connection = _SecureConnection(
            address, target.port, timeout=seconds, server_hostname=target.host,
            ssl_context=trust or ssl.create_default_context(), cert_reqs="CERT_REQUIRED",
        )  # fmt: skip
    else:
        connection = _PlainConnection(address, target.port, timeout=seconds)
    connection.watch = watch
    try:
        connection.connect()
    except BaseException:
        connection.close()
        raise
    return connection


class _PlainConnection(HTTPConnection):
    watch: _Watch

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        self.watch.hold(connected)
        return connected


class _SecureConnection(HTTPSConnection):
    watch: _Watch

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        self.watch.hold(connected)
        return connected


def _exchange(
    connection: HTTPConnection, target: Target, body: bytes, headers: dict[str, str], watch: _Watch
) -> tuple[int, str, bytes]:
    try:
        connection.timeout = watch.left()
        connection.request(
            "POST", target.path, body=body, headers={"Host": _host(target), "Connection": "close", **headers},
            preload_content=False, decode_content=False,
        )  # fmt: skip
        response = connection.getresponse()
        content = _read(response)
        if watch.is_over.is_set():
            raise TimeoutError
        return response.status, response.headers.get("Retry-After", ""), content
    finally:
        connection.close()


def _read(response: HTTPResponse) -> bytes:
    """The beginning of the answer. What is compressed stays so: nothing here is ever inflated."""
    kept = bytearray()
    while len(kept) < LONGEST_READ and (part := response.read(LONGEST_READ - len(kept), decode_content=False)):
        kept += part
    return bytes(kept)


def _host(target: Target) -> str:
    name = f"[{target.host}]" if ":" in target.host else target.host
    return name if target.port == {"https": 443, "http": 80}[target.scheme] else f"{name}:{target.port}"


def _keepable(content: bytes) -> str:
    """The first 4 KiB without secrets; of a text that holds one, only the first 1024 characters are kept."""
    text = content.decode("utf-8", "replace").replace("\x00", "\ufffd")
    with suppress(ValueError, RecursionError):
        text = json.dumps(redaction.redact(json.loads(text)), ensure_ascii=False)
    text = text.encode("utf-8", "replace")[:LONGEST_KEPT].decode("utf-8", "ignore")
    return redaction.redact_text(text) if redaction.redact(text) == redaction.REDACTED else text


def _asked_wait(header: str) -> float | None:
    """The seconds of a Retry-After header, which is a number or a date; None when it is neither, or lies behind."""
    text = header.strip()
    seconds = float(text) if text.isascii() and text.isdigit() and len(text) <= 9 else _until(text)
    return min(seconds, MOST_SECONDS_ASKED) if seconds and seconds > 0 else None


def _until(date: str) -> float | None:
    try:
        moment: Any = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    aware: datetime = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - clock.wall()).total_seconds()
