"""Which key was in force at which place of a chain. A key counts from the entry on that announces it."""

from datetime import datetime, timedelta
from typing import Any, Final

from audit import chain, keys
from audit.models import Entry, Seal

# Processes are restarted one after the other: for so long after a rotation the old key may still sign.
OVERLAP: Final = timedelta(days=1)


class Keyring:
    """The keys that a chain has announced, with the instant until which a retired one may have signed.

    Ids and instants are the bytes of their texts, as a walk reads them.
    """

    def __init__(self) -> None:
        self.secrets: dict[bytes, bytes] = {}
        self.retired: dict[bytes, bytes] = {}

    def learn(self, key_id: bytes) -> bytes | None:
        """This function will take in the key that a chain begins with, and return it if we have it."""
        key = keys.find(key_id.decode())
        if key is not None:
            self.secrets[key_id] = key
        return key

    def rotate(self, entry: dict[str, Any], previous: bytes) -> bool:
        """This function will take in an announced key and tell whether whoever announced it held it."""
        meta, key = entry["meta"], keys.find(str(entry["meta"].get("to")))
        if key is None or meta.get("from") != entry["kid"] or meta.get("proof") != _proof(key, previous):
            return False
        self.secrets[meta["to"].encode()] = key
        self.retired.pop(meta["to"].encode(), None)
        retired = datetime.fromisoformat(entry["at"]) + OVERLAP
        self.retired[meta["from"].encode()] = retired.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
        return True

    def is_late(self, key_id: bytes, at: bytes) -> bool:
        """This function will tell whether a key was retired already when it signed. Such instants compare as texts."""
        return key_id in self.retired and at > self.retired[key_id]


def _proof(key: bytes, previous: bytes) -> str:
    return chain.succession(key, previous).hex()


def keyring_at(place: int) -> Keyring:
    """This function will return the keys that the chain in scope had announced up to a place of it."""
    ring = Keyring()
    first = Entry.objects.filter(seal__sequence=1).first()
    if place and first:
        ring.learn(first.key_id.encode())
        for entry in Entry.objects.filter(action=keys.ROTATED, seal__sequence__lte=place).order_by("seal__sequence"):
            before = Seal.objects.filter(sequence=entry.seal.sequence - 1).first()
            ring.rotate(chain.parse(entry.text), bytes(before.mac) if before else chain.GENESIS)
    return ring
