"""Identifiers: time-ordered UUIDs inside, `prefix_base32` outside.

The public form is the prefix of the resource, an underscore and the UUID's 128 bits as 26 characters of Crockford's
base32 in lower case, so ids sort by creation time and can be read aloud.
"""

import re
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from core import errors

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
# The digits by which Python itself writes numbers to base 32, for ours; what is no digit of ours is none of its.
_DIGITS = bytes(
    b"0123456789abcdefghijklmnopqrstuv"[ALPHABET.index(chr(byte))] if chr(byte) in ALPHABET else 33
    for byte in range(256)
)  # fmt: skip
_SHAPE = re.compile(r"([a-z]{3})_([0-7][0-9a-hjkmnp-tv-z]{25})", re.ASCII)
# Two characters are ten bits, three are fifteen: nine look-ups instead of twenty-six.
_PAIRS = [one + other for one in ALPHABET for other in ALPHABET]
_TRIPLES = [pair + other for pair in _PAIRS for other in ALPHABET]
_SHIFTS = range(105, -1, -15)


class MalformedId(errors.NotFound):
    code = "not_found"
    title = "There is no such resource."


def new() -> UUID:
    """This function will return a fresh UUIDv7."""
    return uuid7()


def first_of(instant: datetime) -> UUID:
    """This function will return an id below all that are made from an instant on: rows of late are found by key."""
    return UUID(int=int(instant.timestamp() * 1000) << 80)


def encode(prefix: str, value: UUID) -> str:
    """This function will return the public form of an id, such as `sub_01h455vb4pex5vsknk084sn02q`."""
    number = value.int
    return f"{prefix}_{_PAIRS[number >> 120]}{''.join([_TRIPLES[number >> shift & 32767] for shift in _SHIFTS])}"


def decode(prefix: str, text: str) -> UUID:
    """This function will return the id behind a public form.

    :raises MalformedId: if the text is not exactly what `encode` writes for this prefix.
    """
    match = _SHAPE.fullmatch(text)
    if match is None or match[1] != prefix:
        raise MalformedId
    return UUID(int=number(match[2].encode()))


def number(digits: bytes) -> int:
    """This function will return the number behind the digits of a public form.

    :raises ValueError: if something else is among them.
    """
    return int(digits.translate(_DIGITS), 32)
