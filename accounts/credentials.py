"""Random secrets: how API keys and opaque tokens look, and the only form of them that is kept."""

import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass

BASE62 = string.digits + string.ascii_letters
LOOKUP_LENGTH = 8
SECRET_LENGTH = 32
# Also what a scanner for leaked keys should look for.
KEY_PATTERN = re.compile(r"(?:(?:sk|pk)_(?:live|test)|sys)_([0-9A-Za-z]{8})[0-9A-Za-z]{32}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class KeyText:
    """A fresh API key: `text` is shown once, the rest is stored."""

    text: str
    lookup: str
    last_four: str

    def __repr__(self) -> str:
        return f"KeyText({self.lookup}…{self.last_four})"


def new_key(prefix: str) -> KeyText:
    """This function will return a fresh key: its prefix, 8 characters to find it by, 32 secret ones (190 bits)."""
    lookup, secret = random_base62(LOOKUP_LENGTH), random_base62(SECRET_LENGTH)
    return KeyText(text=f"{prefix}_{lookup}{secret}", lookup=lookup, last_four=secret[-4:])


def lookup_of(text: str) -> str | None:
    """This function will return the part of a key that it is found by, or None if the text is no key."""
    match = KEY_PATTERN.fullmatch(text)
    return match[1] if match else None


def new_token() -> str:
    """This function will return an opaque token of 256 random bits."""
    return secrets.token_urlsafe(32)


def random_base62(length: int) -> str:
    """This function will return that many random letters and digits."""
    return "".join(secrets.choice(BASE62) for _ in range(length))


def digest(text: str) -> bytes:
    """This function will return the SHA-256 of a secret. With 190 bits inside, nothing slower is needed."""
    return hashlib.sha256(text.encode()).digest()


def is_same(text: str, stored: bytes | memoryview) -> bool:
    """This function will compare a secret with a stored digest in constant time."""
    return hmac.compare_digest(digest(text), bytes(stored))


def successor(token: str, *, secret: str) -> str:
    """This function will return the token that follows another, always the same one.

    Whoever lost the answer to a refresh asks again and is told the same successor, though only digests are stored.
    Without the server's secret the successor cannot be computed.
    """
    return hmac.digest(secret.encode(), b"refresh.v1\x00" + token.encode(), "sha256").hex()
