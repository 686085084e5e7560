"""Signing and verifying webhooks in the three forms that are spoken here.

Verifying is strict and never raises: a header is exactly what the sender's documentation says, or it is false.
Signatures are made over the raw bytes of the body, and compared in constant time.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets as randomness
from collections.abc import Iterable
from typing import Final

# How old or how early a message may be, in seconds.
TOLERANCE: Final = 300
# More signatures than any rotation needs are an attempt to make us compute.
MAX_SIGNATURES: Final = 10

_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
# No dot: it separates the signed parts, so an id with a dot could shift text from one part into another.
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_STANDARD_TOKEN: Final = re.compile(r"(v[0-9]{1,2}[a-z]?),([A-Za-z0-9+/]{1,128}={0,2})", re.ASCII)
_PAYMENT_HEADER: Final = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)
_STRIPE_ITEM: Final = re.compile(r"(t|v[0-9])=([0-9a-f]{1,128})", re.ASCII)
_PREFIX: Final = "whsec_"


def new_secret() -> str:
    """A secret for a webhook endpoint. This function will answer `whsec_` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(randomness.token_bytes(32)).decode("ascii")


def sign_standard(secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header of Standard Webhooks.

    `secrets` are the valid ones of the endpoint, the newest first; `timestamp` is the time of the attempt in Unix
    seconds. This function will answer one `v1,<base64>` per secret, separated by spaces: the HMAC-SHA256 of
    `id.timestamp.body` under the bytes that the secret's base64 part encodes.

    :raises ValueError: a secret, the id or the timestamp is malformed.
    """
    if not _MESSAGE_ID.fullmatch(message_id) or not _TIMESTAMP.fullmatch(str(timestamp)):
        raise ValueError("a message id has letters, digits, _ and -, a timestamp is in Unix seconds")
    content = f"{message_id}.{timestamp}.".encode() + body
    digests = [_digest(_standard_key(secret), content) for secret in secrets]
    return " ".join(f"v1,{base64.b64encode(digest).decode('ascii')}" for digest in digests)


def verify_standard(
    secrets: Iterable[str], message_id: str, timestamp: str, body: bytes, header: str, now: int
) -> bool:
    """Is a Standard Webhooks message genuine and fresh.

    `message_id`, `timestamp` and `header` are the texts of the three headers, `now` is in Unix seconds. This function
    will answer true when at least one v1 signature fits one of the secrets; other versions are passed over.
    """
    if not _MESSAGE_ID.fullmatch(message_id) or not _is_fresh(timestamp, now):
        return False
    given = _standard_digests(header)
    content = f"{message_id}.{timestamp}.".encode() + body
    return _fits(given, _standard_keys(secrets), content)


def sign_payment(secret: str, timestamp: int, body: bytes) -> str:
    """The `X-Webhook-Signature` header of the generic payment webhook.

    This function will answer `sha256=` and the lower-case hex HMAC-SHA256 of `timestamp.body` under the secret's text.
    """
    return "sha256=" + _digest(secret.encode(), f"{timestamp}.".encode() + body).hex()


def verify_payment(secrets: Iterable[str], timestamp: str, body: bytes, header: str, now: int) -> bool:
    """Is a message to the generic payment webhook genuine and fresh.

    `timestamp` and `header` are the texts of the two headers, `now` is in Unix seconds. This function will answer true
    when the signature fits one of the secrets.
    """
    match = _PAYMENT_HEADER.fullmatch(header)
    if match is None or not _is_fresh(timestamp, now):
        return False
    return _fits([bytes.fromhex(match[1])], _text_keys(secrets), f"{timestamp}.".encode() + body)


def sign_stripe(secret: str, timestamp: int, body: bytes) -> str:
    """The `Stripe-Signature` header. This function will answer `t=<timestamp>,v1=<hex HMAC of timestamp.body>`."""
    return f"t={timestamp},v1=" + _digest(secret.encode(), f"{timestamp}.".encode() + body).hex()


def verify_stripe(secrets: Iterable[str], body: bytes, header: str, now: int) -> bool:
    """Is a message in Stripe's form genuine and fresh.

    `now` is in Unix seconds. This function will answer true when the header has one `t` and at least one `v1` that fits
    one of the secrets; other versions are passed over.
    """
    parsed = _stripe_items(header)
    if parsed is None or not _is_fresh(parsed[0], now):
        return False
    timestamp, given = parsed
    return _fits(given, _text_keys(secrets), f"{timestamp}.".encode() + body)


def _digest(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _fits(given: list[bytes], keys: list[bytes], content: bytes) -> bool:
    # Every pair is compared, so that the time does not tell which one fitted.
    expected = [_digest(key, content) for key in keys] if given else []
    return any(hmac.compare_digest(left, right) for left in expected for right in given)


def _is_fresh(timestamp: str, now: int) -> bool:
    return _TIMESTAMP.fullmatch(timestamp) is not None and abs(now - int(timestamp)) <= TOLERANCE


def _standard_key(secret: str) -> bytes:
    encoded = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a webhook secret is whsec_ and base64") from None
    if not key:
        raise ValueError("a webhook secret is not empty")
    return key


def _standard_keys(secrets: Iterable[str]) -> list[bytes]:
    keys = []
    for secret in secrets:
        try:
            keys.append(_standard_key(secret))
        except ValueError:
            continue  # a malformed secret signs nothing, so nothing fits it
    return keys


def _text_keys(secrets: Iterable[str]) -> list[bytes]:
    # An empty secret is a missing one, and everybody can sign with it.
    return [secret.encode("utf-8", "surrogatepass") for secret in secrets if secret]


def _standard_digests(header: str) -> list[bytes]:
    """The v1 digests of a header; none when any part of it is malformed."""
    matches = [_STANDARD_TOKEN.fullmatch(token) for token in header.split(" ", MAX_SIGNATURES)]
    if len(matches) > MAX_SIGNATURES:
        return []
    digests = []
    for match in matches:
        if match is None:
            return []
        if match[1] == "v1":
            digests.append(_canonical(match[2]))
    return [digest for digest in digests if digest is not None] if None not in digests else []


def _canonical(encoded: str) -> bytes | None:
    """The 32 bytes of a digest whose base64 text is the only one for them."""
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == 32 and base64.b64encode(digest).decode("ascii") == encoded else None


def _stripe_items(header: str) -> tuple[str, list[bytes]] | None:
    """The timestamp and the v1 digests of a header, None when it is malformed."""
    matches = [_STRIPE_ITEM.fullmatch(item) for item in header.split(",", MAX_SIGNATURES + 1)]
    if len(matches) > MAX_SIGNATURES + 1:
        return None
    items = [(match[1], match[2]) for match in matches if match is not None]
    times = [value for name, value in items if name == "t"]
    digests = [value for name, value in items if name == "v1"]
    if len(items) != len(matches) or len(times) != 1 or any(len(value) != 64 for value in digests):
        return None
    return times[0], [bytes.fromhex(value) for value in digests]
