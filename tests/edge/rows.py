"""The rows of the catalogue that every write route refuses alike: bodies, headers, queries, paths and methods."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

DEEP = 5_000


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request as it goes out."""

    method: str
    path: str
    raw: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind of bad input: what it makes of a good request, and how it must be answered."""

    name: str
    spoil: Callable[[Sent], Sent]
    statuses: tuple[int, ...]
    codes: tuple[str, ...] = ()


def _raw(name: str, raw: bytes, status: int, *codes: str) -> Row:
    return Row(name=name, spoil=lambda sent: replace(sent, raw=raw), statuses=(status,), codes=codes)


def _inside(name: str, member: bytes, status: int, *codes: str) -> Row:
    return _raw(name, b'{"surplus": ' + member + b"}", status, *codes)


def _typed(content_type: str, status: int = 415) -> Row:
    spoil = lambda sent: replace(sent, content_type=content_type, raw=sent.raw or b"{}")  # noqa: E731
    return Row(name=f"type {content_type or 'missing'}", spoil=spoil, statuses=(status,))


def _header(name: str, status: int, code: str = "", **headers: str) -> Row:
    known = {key.replace("_", "-"): value for key, value in headers.items()}
    spoil = lambda sent: replace(sent, headers=sent.headers | known)  # noqa: E731
    return Row(name=name, spoil=spoil, statuses=(status,), codes=(code,) if code else ())


def _query(text: str, code: str) -> Row:
    spoil = lambda sent: replace(sent, path=f"{sent.path}?{text}")  # noqa: E731
    return Row(name=f"query {text[:30]}", spoil=spoil, statuses=(400,), codes=(code,))


def _path(name: str, change: Callable[[str], str]) -> Row:
    spoil = lambda sent: replace(sent, path=change(sent.path))  # noqa: E731
    return Row(name=f"path {name}", spoil=spoil, statuses=(404,), codes=("not_found",))


MALFORMED = "malformed_json"
SYNTAX = (
    _raw("2 truncated", b'{"name":', 400, MALFORMED),
    _raw("3 two documents", b"{} {}", 400, MALFORMED),
    _raw("3 comment", b"{/* a */}", 400, MALFORMED),
    _raw("3 trailing comma", b'{"a": 1,}', 400, MALFORMED),
    _raw("3 single quotes", b"{'a': 1}", 400, MALFORMED),
    _raw("4 byte order mark", b"\xef\xbb\xbf{}", 400, MALFORMED),
    _raw("4 UTF-16", "{}".encode("utf-16"), 400, MALFORMED),
    _inside("5 not UTF-8", b'"\xff"', 400, MALFORMED),
    _inside("5 overlong", b'"\xc0\xaf"', 400, MALFORMED),
    _inside("5 CESU surrogate", b'"\xed\xa0\x80"', 400, MALFORMED),
    _raw("9 duplicate key", b'{"a": 1, "a": 2}', 400, MALFORMED),
    _raw("9 duplicate key by escape", b'{"a": 1, "\\u0061": 2}', 400, MALFORMED),
    _inside("10 NaN", b"NaN", 400, MALFORMED),
    _inside("10 -Infinity", b"-Infinity", 400, MALFORMED),
    _inside("12 leading zero", b"01", 400, MALFORMED),
    _inside("12 hexadecimal", b"0x1", 400, MALFORMED),
    _raw("13 deep arrays", b"[" * 100_000 + b"]" * 100_000, 400, "too_deep"),
    _raw("13 deep objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP, 400, "too_deep"),
    _raw("14 33 levels", b'{"a":' * 33 + b"1" + b"}" * 33, 400, "too_deep"),
    _inside("24 raw control character", b'"a\nb"', 400, MALFORMED),
    _header("15 too large", 413, "body_too_large", Content_Length="33554433"),
    _typed("text/plain"), _typed("application/xml"), _typed("application/x-www-form-urlencoded"),
    _typed("multipart/form-data; boundary=x"), _typed("application/json; charset=utf-7"),
    _typed("application/json; charset=latin-1"), _typed("application/json; charset=bogus"), _typed(""),
    _typed("application/jsonp"), _typed("*/*"),
    _header("16 chunked", 411, "length_required", Transfer_Encoding="chunked"),
    _header("18 length not a number", 400, "malformed_request", Content_Length="1e2"),
    _header("18 negative length", 400, "malformed_request", Content_Length="-1"),
)  # fmt: skip
# What a good parser reads and the shape of no body allows.
SHAPE = (
    _raw("22 array", b"[1]", 422, "object_expected"),
    _raw("22 text", b'"text"', 422, "object_expected"),
    _raw("22 number", b"5", 422, "object_expected"),
    _raw("22 null", b"null", 422, "object_expected"),
    _raw("22 true", b"true", 422, "object_expected"),
    _inside("11 1e400", b"1e400", 422, "validation_failed"),
    _inside("11 huge exponent", b"1E+1000000", 422, "validation_failed"),
    _inside("12 5,000 digits", b"9" * 5_000, 422, "validation_failed"),
    _inside("29 NUL", b'"\\u0000"', 422, "validation_failed"),
    _inside("31 lone surrogate", b'"\\ud800"', 422, "validation_failed"),
    _raw("32 lone surrogate as a name", b'{"\\ud800": 1}', 422, "validation_failed"),
    _raw("62 prototype", b'{"__proto__": {"is_admin": true}}', 422, "validation_failed"),
)
ROUTE = (
    _query("is_admin=1", "unknown_parameter"),
    _query("format=a&format=b", "duplicate_parameter"),
    _query("format=%ff", "invalid_parameter"),
    _query("%ff=1", "invalid_parameter"),
    _query("&".join(f"p{n}=1" for n in range(51)), "unknown_parameter"),
    _path("91 slash", lambda path: f"{path}/"),
    _path("91 two slashes", lambda path: path.replace("/api/", "/api//")),
    _path("91 session", lambda path: f"{path};jsessionid=1"),
    _path("91 case", lambda path: path.replace("/api/", "/api/X", 1)),
    _path("91 dots", lambda path: f"{path}/%2e%2e/x"),
    _path("91 suffix", lambda path: f"{path}.json"),
    _path("91 raw UTF-8", lambda path: f"{path}\u00e4"),
    _path("91 newline", lambda path: f"{path}%0a"),
)
KEY = (
    _header("101 empty key", 400, "idempotency_key_invalid", Idempotency_Key=""),
    _header("101 blank key", 400, "idempotency_key_invalid", Idempotency_Key="  "),
    _header("101 two keys", 400, "idempotency_key_invalid", Idempotency_Key="a,b"),
    _header("101 long key", 400, "idempotency_key_invalid", Idempotency_Key="x" * 256),
    _header("101 key not ASCII", 400, "idempotency_key_invalid", Idempotency_Key="k\u00e9y"),
    _header("a card for a key", 422, "idempotency_key_sensitive", Idempotency_Key="4242424242424242"),
    _header("a credential for a key", 422, "idempotency_key_sensitive", Idempotency_Key="sk_live_0123456789abcdef"),
)
CREDENTIALS = (
    _header("105 two credentials", 400, "credentials_ambiguous", Authorization="Bearer x", X_API_Key="y"),
    _header("105 two keys", 400, "credentials_ambiguous", X_API_Key="a,b"),
)


def without_key() -> Row:
    """A write that needs a key and has none."""

    def spoil(sent: Sent) -> Sent:
        headers = {name: value for name, value in sent.headers.items() if name != "Idempotency-Key"}
        return replace(sent, headers=headers)

    return Row(name="101 no key", spoil=spoil, statuses=(400,), codes=("idempotency_key_missing",))


def empty() -> Row:
    """No body where fields are required."""
    return _raw("1 empty", b"", 400, MALFORMED)


def body(name: str, content: Any, *statuses: int) -> Row:
    """A well-formed body that is not valid."""
    raw = json.dumps(content).encode()
    return Row(name=name, spoil=lambda sent: replace(sent, raw=raw), statuses=statuses or (422,))
