"""The arithmetic of the audit log: one text per entry, one MAC that ties it to everything before it. Pure.

An entry holds strings, whole numbers, booleans, nulls, objects and arrays, no floats; then sorted keys without white
space are the same text everywhere (RFC 8785 agrees on such values). The text that was signed is the text that is kept.
`…_raw` work on its UTF-8 bytes: a chain of millions is walked without decoding it.
"""

import hashlib
import hmac
import json
from functools import lru_cache
from typing import Any, Final

import orjson

GENESIS: Final = bytes(32)
_ENTRY: Final = b"audit.v1\x00"
_SEAL: Final = b"audit.entry.v1\x00"
_CHECKPOINT: Final = b"audit.checkpoint.v1\x00"
# What follows the place in a canonical entry. Its quotes are bare, so no text inside the entry can hold it; the last
# one is the entry's own, for only its version comes after it.
_AFTER_PLACE: Final = b',"target":{'
_BLOCK: Final = 64


def canonical(entry: dict[str, Any]) -> str:
    """This function will return the one text of an entry: sorted keys, no white space, UTF-8 as it is.

    Floats have no one text and must not be in it.
    """
    return orjson.dumps(entry, option=orjson.OPT_SORT_KEYS).decode()


def link(key: bytes, previous: bytes, text: str) -> bytes:
    """This function will return the 32-byte MAC of a sealed entry: HMAC-SHA256 over the previous MAC and its text."""
    return link_raw(key, previous, text.encode())


def link_raw(key: bytes, previous: bytes, text: bytes) -> bytes:
    """This function will return the same for the bytes of the text."""
    return _mac(key, _ENTRY + previous + text)


def sign(key: bytes, text: str) -> bytes:
    """This function will return the MAC an entry carries from its insertion on, before it has a place in the chain."""
    return sign_raw(key, text.encode())


def sign_raw(key: bytes, text: bytes) -> bytes:
    """This function will return the same for the bytes of the text."""
    return _mac(key, _SEAL + text)


def sealed(text: str, sequence: int) -> str:
    """This function will return an entry's text with its place in the chain, which the link signs."""
    return sealed_raw(text.encode(), sequence).decode()


def sealed_raw(text: bytes, sequence: int) -> bytes:
    """This function will return the same for the bytes of the text: the place goes where sorted keys put it."""
    head, after, tail = text.rpartition(_AFTER_PLACE)
    return b'%b,"seq":%d%b%b' % (head, sequence, after, tail)


def checkpoint(key: bytes, chain: str, sequence: int, mac: bytes) -> bytes:
    """This function will return the MAC by which a chain's end at some time can be held against the chain later."""
    return _mac(key, _CHECKPOINT + chain.encode() + b"\x00" + sequence.to_bytes(8, "big") + mac)


def succession(key: bytes, previous: bytes) -> bytes:
    """This function will return the proof that whoever announced a new key held it: its HMAC over the chain's end."""
    return _mac(key, previous)


def same(one: bytes, other: bytes) -> bool:
    """This function will compare two MACs in constant time."""
    return hmac.compare_digest(one, other)


def line(members: dict[str, Any]) -> str:
    """This function will return one line of an export: every character beyond ASCII, and every control, is escaped."""
    return json.dumps(members, separators=(",", ":"))


def parse(text: str) -> dict[str, Any]:
    """This function will return the entry behind its text."""
    entry: dict[str, Any] = json.loads(text)
    return entry


def _mac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104). OpenSSL's own takes the key in anew each time, which costs more than the hashing."""
    inner, outer = _taken_in(key)
    inner, outer = inner.copy(), outer.copy()
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=64)
def _taken_in(key: bytes) -> "tuple[hashlib._Hash, hashlib._Hash]":
    """The two hashes of HMAC with the key taken in; they are copied and never changed."""
    block = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\x00")
    inner, outer = bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)
    return hashlib.sha256(inner), hashlib.sha256(outer)
