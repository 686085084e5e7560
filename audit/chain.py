"""The arithmetic of the audit log: one text per entry, one MAC that ties it to everything before it. Pure.

An entry holds strings, whole numbers, booleans, nulls, objects and arrays, no floats; then sorted keys without white
space are the same text everywhere (RFC 8785 agrees on such values). The text that was signed is the text that is kept.
"""

import hashlib
import hmac
import json
from typing import Any, Final

GENESIS: Final = bytes(32)
_ENTRY: Final = b"audit.v1\x00"
_SEAL: Final = b"audit.entry.v1\x00"


def canonical(entry: dict[str, Any]) -> str:
    """This function will return the one text of an entry: sorted keys, no white space, UTF-8 as it is."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def link(key: bytes, previous: bytes, text: str) -> bytes:
    """This function will return the 32-byte MAC of a sealed entry: HMAC-SHA256 over the previous MAC and its text."""
    return hmac.digest(key, _ENTRY + previous + text.encode(), hashlib.sha256)


def sign(key: bytes, text: str) -> bytes:
    """This function will return the MAC an entry carries from its insertion on, before it has a place in the chain."""
    return hmac.digest(key, _SEAL + text.encode(), hashlib.sha256)


def sealed(text: str, sequence: int) -> str:
    """This function will return an entry's text with its place in the chain, which the link signs."""
    return canonical(json.loads(text) | {"seq": sequence})


def same(one: bytes, other: bytes) -> bool:
    """This function will compare two MACs in constant time."""
    return hmac.compare_digest(one, other)


def parse(text: str) -> dict[str, Any]:
    """This function will return the entry behind its text."""
    entry: dict[str, Any] = json.loads(text)
    return entry
