"""Sealing: the unsealed entries of an environment get their places in its chain, in one transaction."""

from uuid import UUID

from django.db import transaction

from audit import chain, keys
from audit.models import Entry, Head, Seal, Unsealed
from core import clock
from core.models import scope_of
from core.tenancy import scope
from core.tenancy.system import system_scope

BATCH = 1000


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
            total += moved
    return total


@transaction.atomic
def seal_batch() -> int:
    """This function will chain the next unsealed entries of the environment in scope and return how many."""
    head = _head()
    entries = list(Entry.objects.filter(id__in=Unsealed.objects.order_by("id").values("id")[:BATCH]).order_by("id"))
    Seal.objects.bulk_create([_seal(head, entry) for entry in entries])
    Unsealed.objects.filter(id__in=[entry.id for entry in entries]).delete()
    head.save(update_fields=["sequence", "mac"])
    return len(entries)


def _head() -> Head:
    Head.objects.bulk_create([Head(mac=chain.GENESIS)], ignore_conflicts=True)
    return Head.objects.select_for_update().get()


def _seal(head: Head, entry: Entry) -> Seal:
    """Move the head on to this entry and return its seal."""
    _, key = keys.current()
    head.sequence += 1
    head.mac = chain.link(keys.find(entry.key_id) or key, bytes(head.mac), chain.sealed(entry.text, head.sequence))
    return Seal(entry=entry, sequence=head.sequence, mac=head.mac, sealed_at=clock.wall())
