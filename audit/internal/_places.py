"""The end of an environment's chain, and what it takes to move it on. All of it under the lock of the head."""

from audit import chain, keys
from audit.models import Checkpoint, Entry, Head, Seal
from audit.services import chain_name
from core import clock


def head() -> Head:
    """This function will lock and return the end of the chain of the environment in scope."""
    Head.objects.bulk_create([Head(mac=chain.GENESIS)], ignore_conflicts=True)
    return Head.objects.select_for_update().get()


def place(end: Head, entry: Entry) -> Seal:
    """This function will move the end on to an entry and return the entry's seal; both are the caller's to save."""
    end.sequence += 1
    end.mac = chain.link(keys.get(entry.key_id), bytes(end.mac), chain.sealed(entry.text, end.sequence))
    return Seal(entry=entry, sequence=end.sequence, mac=end.mac, sealed_at=clock.wall())


def mark(end: Head) -> int:
    """This function will sign the end as it is now, once for each place, and return how many checkpoints that made."""
    if not end.key_ids or Checkpoint.objects.filter(sequence=end.sequence).exists():
        return 0
    key_id = end.key_ids[-1]
    mac = chain.checkpoint(keys.get(key_id), chain_name(), end.sequence, bytes(end.mac))
    Checkpoint.objects.create(sequence=end.sequence, mac=end.mac, at=clock.wall(), key_id=key_id, checkpoint_mac=mac)
    return 1
