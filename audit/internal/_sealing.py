"""Sealing: the unsealed entries of an environment get their places in its chain, in one transaction."""

from collections.abc import Iterator
from uuid import UUID

import structlog
from django.db import transaction

from audit import keys
from audit.internal import _places, _rotation
from audit.models import Entry, Head, Seal, Unsealed
from core import failpoints
from core.models import scope_of
from core.tenancy import scope
from core.tenancy.system import system_scope

BATCH = 1000

log = structlog.get_logger(__name__)


def seal() -> int:
    """This function will seal what is waiting in every environment and return how many entries that were."""
    return sum(_seal_all(environment_id) for environment_id in _environments_waiting())


def _environments_waiting() -> list[UUID]:
    with system_scope("audit: who has entries to seal"), transaction.atomic():
        return list(Unsealed.objects.order_by().values_list("environment_id", flat=True).distinct())


def _seal_all(environment_id: UUID) -> int:
    total = 0
    with scope(scope_of(environment_id)):
        while moved := seal_batch():
            if __debug__:
                failpoints.reach("audit.sealed")
            total += moved
    return total


@transaction.atomic
def seal_batch() -> int:
    """This function will chain the next unsealed entries of the environment in scope and return how many."""
    head = _places.head()
    if __debug__:
        failpoints.reach("audit.chain_locked")
    entries = list(_sealable(head))
    Seal.objects.bulk_create([seal for entry in entries for seal in _seals(head, entry)])
    if __debug__:
        failpoints.reach("audit.seals_written")
    Unsealed.objects.filter(id__in=[entry.id for entry in entries]).delete()
    head.save(update_fields=["sequence", "mac", "key_ids"])
    return len(entries)


def _sealable(head: Head) -> Iterator[Entry]:
    """The next entries, up to the first one whose key this process has not been told: a newer one will go on there."""
    waiting = Entry.objects.filter(id__in=Unsealed.objects.order_by("id").values("id")[:BATCH]).order_by("id")
    if head.key_ids and keys.find(head.key_ids[-1]) is None:
        log.warning("audit.unknown_key", key_id=head.key_ids[-1])
        return
    for entry in waiting:
        if keys.find(entry.key_id) is None:
            log.warning("audit.unknown_key", key_id=entry.key_id)
            return
        yield entry


def _seals(head: Head, entry: Entry) -> Iterator[Seal]:
    """The entry's seal, behind that of a change of keys where the entry is the first one with a new key."""
    if not head.key_ids:
        head.key_ids = [entry.key_id]
    elif entry.key_id not in head.key_ids:
        yield _rotation.announce(head, entry.key_id)
    yield _places.place(head, entry)
