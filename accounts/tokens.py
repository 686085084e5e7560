"""Access tokens: signed statements of who somebody is, good for half an hour.

One algorithm is pinned, the header's `kid` chooses among the server's own keys, and every claim we rely on is required
and checked for its type. A token is read only in the form we write it: PyJWT alone would accept padded variants.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt

from core import errors, ids

ALGORITHM = "HS256"
TYPE = "at+jwt"
AUDIENCE = "perennial-api"
LIFETIME = timedelta(minutes=30)
LEEWAY = 30  # seconds
LONGEST = 4096  # characters; ours have about 500
CLAIMS = ("iss", "aud", "exp", "iat", "nbf", "sub", "jti", "env", "sv", "sid", "auth_time")
HEADER = {"alg", "typ", "kid"}
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}", re.ASCII)


class TokenRefused(errors.Invalid):
    code = "invalid_token"
    title = "The access token is not valid."


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a token says: `subject` a customer's (`cus_…`) or a member's (`usr_…`) public id, `session` its family.

    `authenticated_at` is when the password was typed, in whole seconds; None, written as 0, for sessions older than it.
    """

    subject: str
    environment_id: UUID
    session_version: int
    session: UUID
    authenticated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Keyring:
    """The signing secret and those it replaced, by `kid`. An old one stays until its last token has expired."""

    issuer: str
    secret: str
    previous: tuple[str, ...] = ()

    def find(self, kid: Any) -> str | None:
        """This function will return the secret of a `kid`, or None if it is none of ours."""
        by_kid = {kid_of(one): one for one in (self.secret, *self.previous)}
        return by_kid.get(kid) if isinstance(kid, str) else None


def kid_of(secret: str) -> str:
    """This function will return the name of a secret, which tells nothing about it."""
    return hashlib.sha256(b"kid\x00" + secret.encode()).hexdigest()[:12]


def write(claims: Claims, *, keyring: Keyring, now: datetime) -> str:
    """This function will return a signed access token that ends `LIFETIME` after `now`, the machine's instant."""
    issued = int(now.timestamp())
    payload = {
        "iss": keyring.issuer,
        "aud": AUDIENCE,
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
        "jti": str(ids.new()),
        "sub": claims.subject,
        "env": str(claims.environment_id),
        "sv": claims.session_version,
        "sid": str(claims.session),
        "auth_time": int(claims.authenticated_at.timestamp()) if claims.authenticated_at else 0,
    }
    return jwt.encode(payload, keyring.secret, ALGORITHM, headers={"typ": TYPE, "kid": kid_of(keyring.secret)})


def read(token: str, *, keyring: Keyring, now: datetime) -> Claims:
    """This function will return what a token says, once it is proved to be ours and of this moment.

    :raises TokenRefused: for anything else, with no hint which rule it broke.
    """
    try:
        payload = _verified(token, keyring)
        _check_times(payload, now=int(now.timestamp()))
        return _claims(payload)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError) as cause:
        raise TokenRefused from cause


def _verified(token: str, keyring: Keyring) -> dict[str, Any]:
    if len(token) > LONGEST or not _FORM.fullmatch(token):
        raise ValueError("not of our form")
    header = jwt.get_unverified_header(token)
    secret = keyring.find(header.get("kid"))
    if secret is None or set(header) != HEADER or header["typ"] != TYPE:
        raise ValueError("not signed by us")
    # The instants are checked below, against the clock we are given.
    options: Any = {"require": list(CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    return jwt.decode(token, secret, [ALGORITHM], options, audience=AUDIENCE, issuer=keyring.issuer)


def _check_times(payload: dict[str, Any], *, now: int) -> None:
    instants = [payload[name] for name in ("iat", "nbf", "exp")]
    if not all(_is_whole(instant) for instant in instants):
        raise ValueError("instants are whole seconds")
    issued, not_before, expires = instants
    if max(issued, not_before) > now + LEEWAY or expires <= now - LEEWAY:
        raise ValueError("not of this moment")
    if expires - issued > LIFETIME.total_seconds():
        raise ValueError("lives longer than ours")


def _claims(payload: dict[str, Any]) -> Claims:
    texts = [payload[name] for name in ("aud", "sub", "jti", "env", "sid")]
    if not _all_texts(texts) or not all(_is_whole(payload[name]) for name in ("sv", "auth_time")):
        raise ValueError("claims of the wrong type")
    return Claims(
        subject=payload["sub"],
        environment_id=UUID(payload["env"]),
        session_version=payload["sv"],
        session=UUID(payload["sid"]),
        authenticated_at=_instant(payload["auth_time"]),
    )


def _instant(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, tz=UTC) if seconds else None


def _all_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40
