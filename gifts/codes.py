"""Gift codes: 125 random bits that people can read to each other, of which only a keyed hash is kept. Pure."""

import hashlib
import hmac
import secrets
from typing import Final

# Crockford's base32: no I, L, O or U, so nothing is mistaken for a digit and no word is spelled by accident.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS: Final = 5
GROUP_LENGTH: Final = 5
_LOOK_ALIKES: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new() -> str:
    """This function will return a fresh code of 25 characters (125 bits) in groups of five."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def normalize(typed: str) -> str:
    """This function will return what somebody typed as the code's 25 characters: case, dashes and look-alikes aside."""
    return "".join(typed.upper().split()).replace("-", "").translate(_LOOK_ALIKES)


def digest(code: str, *, pepper: str) -> str:
    """This function will return the 64 hex digits under which a code is kept: HMAC-SHA256 with the server's pepper."""
    return hmac.new(pepper.encode(), normalize(code).encode(), hashlib.sha256).hexdigest()
