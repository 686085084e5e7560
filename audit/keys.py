"""The keys that sign the log. They come from the environment and never touch the database."""

from typing import Final

from django.conf import settings

# The action of the entry by which a chain goes over to another key.
ROTATED: Final = "audit.key_rotated"


def current() -> tuple[str, bytes]:
    """This function will return the id and the bytes of the key that signs new entries."""
    return settings.AUDIT_HMAC_KEY_ID, settings.AUDIT_HMAC_SECRET.encode()


def find(key_id: str) -> bytes | None:
    """This function will return the key of an id, also a retired one that only verifies, or None."""
    known: dict[str, str] = {**settings.AUDIT_HMAC_OLD_SECRETS, settings.AUDIT_HMAC_KEY_ID: settings.AUDIT_HMAC_SECRET}
    return known[key_id].encode() if key_id in known else None


def get(key_id: str) -> bytes:
    """This function will return the key of an id that is known.

    :raises KeyError: if this process has not been told it.
    """
    key = find(key_id)
    if key is None:
        raise KeyError(key_id)
    return key
