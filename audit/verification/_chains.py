"""Verifying chains: a walk along each, then its end, its checkpoints, its anchors, and the facts it must tell of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from audit import chain, keys, services
from audit.models import Entry, Head, Seal, Unsealed, Verdict
from audit.verification import _rows
from audit.verification._anchors import Anchor
from audit.verification._breaks import Break
from audit.verification._catalog import unguarded
from audit.verification._keyring import Keyring, keyring_at
from audit.verification._walk import Walk
from core import tenancy
from core.models import Environment
from core.tenancy import scope

# How far around a break its entry's true place is searched for.
NEIGHBORS = 2000

_UNRECORDED = """
    SELECT event.event_id::text FROM outbox_outboxevent event
    LEFT JOIN audit_entry entry ON entry.event_id = event.event_id AND entry.environment_id = event.environment_id
    WHERE event.environment_id = %s AND entry.id IS NULL LIMIT 1
"""
# Whoever has walked along every seal knows how many entries have one. The rest must be seals of late, and the queue.
_UNACCOUNTED = """
    SELECT (SELECT count(*) FROM audit_entry WHERE environment_id = %(here)s)
      - (SELECT count(*) FROM audit_seal WHERE environment_id = %(here)s AND sequence > %(place)s)
      - (SELECT count(*) FROM audit_unsealed queued
         JOIN audit_entry entry ON entry.id = queued.id AND entry.environment_id = queued.environment_id
         LEFT JOIN audit_seal seal ON seal.entry_id = entry.id
         WHERE queued.environment_id = %(here)s AND seal.id IS NULL)
"""


@dataclass(frozen=True, kw_only=True)
class Walked:
    """A verified chain: how far it reaches, and the first thing wrong with it, if anything is."""

    chain: str
    sequence: int
    found: Break | None


@dataclass(frozen=True, kw_only=True)
class Known:
    """How far a chain is known to reach, and its MAC there. It grows while somebody walks along it."""

    sequence: int
    mac: bytes
    reached: int

    @classmethod
    def now(cls) -> "Known":
        """This function will return what head and last verdict know of the chain of the environment in scope."""
        head, verdict = Head.objects.first(), Verdict.objects.first()
        place = head.sequence if head else 0
        mac = bytes(head.mac) if head else chain.GENESIS
        return cls(sequence=place, mac=mac, reached=max(place, verdict.sequence if verdict else 0))


def verify(anchors: Mapping[str, Sequence[Anchor]] | None = None) -> Iterator[Break]:
    """This function will iterate over the breaks found: at most one per environment, and each table left open."""
    with transaction.atomic():
        environments = list(Environment.objects.select_related("tenant").order_by("id"))
        yield from unguarded()
    known = dict(anchors or {})
    for environment in environments:
        with scope(environment.as_scope()), transaction.atomic():
            walked = verify_chain(anchors=known.pop(services.chain_name(), ()))
        if walked.found:
            yield walked.found
    for name in sorted(known):
        yield Break(chain=name, sequence=1, kind="truncated", detail="an anchor knows this chain, and it is gone")


def verify_chain(*, since: int = 0, anchors: Sequence[Anchor] = ()) -> Walked:
    """This function will verify the chain of the environment in scope, behind a place that was verified before."""
    name, known = services.chain_name(), Known.now()
    walk = _begin(name, since, {known.sequence, *(anchor.sequence for anchor in anchors)})
    walk.along(_rows.seals(tenancy.environment_id(), walk.place))
    found = _break(walk) or _checkpoint_problem(walk, since) or _anchor_problem(walk, anchors)
    return Walked(chain=name, sequence=walk.place, found=found or _end_problem(walk, known) or _unrecorded(walk))


def _begin(name: str, since: int, wanted: set[int]) -> Walk:
    last = Seal.objects.filter(sequence=since).first() if since else None
    if since and last is None:
        return Walk(name, 0, chain.GENESIS, Keyring(), wanted)  # the place is gone: look at everything
    mac = bytes(last.mac) if last else chain.GENESIS
    walk = Walk(name, since, mac, keyring_at(since), wanted)
    walk.met = {since: mac} if since in wanted else {}
    return walk


def _break(walk: Walk) -> Break | None:
    kind = walk.problem
    if kind == "unlinked":
        kind = "reordered" if _belongs_elsewhere(walk) else "edited"
    return Break(chain=walk.name, sequence=walk.place + 1, kind=kind, detail=walk.detail) if kind else None


def _belongs_elsewhere(walk: Walk) -> bool:
    """Whether the seal at the break is a true one of this chain, of another place."""
    place = walk.place + 1
    wrong = Seal.objects.select_related("entry").filter(sequence=place).first()
    key = walk.ring.secrets.get(wrong.entry.key_id.encode()) if wrong else None
    if wrong is None or key is None:
        return False
    near = Seal.objects.filter(sequence__gte=place - NEIGHBORS, sequence__lte=place + NEIGHBORS).order_by("sequence")
    macs = [(walk.place, walk.mac), *((seal.sequence, bytes(seal.mac)) for seal in near)]
    return any(
        chain.same(chain.link(key, mac, chain.sealed(wrong.entry.text, other + offset)), bytes(wrong.mac))
        for other, mac in macs
        for offset in (1, 2, 0)
    )


def _checkpoint_problem(walk: Walk, since: int) -> Break | None:
    for sequence, mac, key_id, signature, sealed in _rows.checkpoints(tenancy.environment_id(), since):
        key = keys.find(key_id)
        if key is None:
            return _at(walk, sequence, "unknown_kid", "of its checkpoint")
        if not chain.same(chain.checkpoint(key, walk.name, sequence, mac), signature):
            return _at(walk, sequence, "edited", "its checkpoint was changed")
        if sealed is None:
            return _at(walk, walk.place + 1, "truncated", f"a checkpoint knows {sequence} places")
        if not chain.same(sealed, mac):
            return _at(walk, sequence, "forked", "its checkpoint saw another chain")
    return None


def _anchor_problem(walk: Walk, anchors: Sequence[Anchor]) -> Break | None:
    for anchor in sorted(anchors, key=lambda one: one.sequence):
        if not anchor.is_ours():
            return _at(walk, anchor.sequence, "anchor_mismatch", "the anchor is not signed with a key of ours")
        if anchor.sequence > walk.place:
            return _at(walk, walk.place + 1, "truncated", f"an anchor knows {anchor.sequence} places")
        if anchor.sequence in walk.met and not chain.same(walk.met[anchor.sequence], anchor.mac):
            return _at(walk, anchor.sequence, "anchor_mismatch", "the anchor saw another chain")
    return None


def _end_problem(walk: Walk, known: Known) -> Break | None:
    if known.reached > walk.place:
        return _at(walk, walk.place + 1, "truncated", f"the chain ends before its place {known.reached}")
    head = Known.now()
    is_other = walk.met.get(known.sequence, known.mac) != known.mac
    if is_other or head.sequence < walk.place or (head.sequence == walk.place != 0 and head.mac != walk.mac):
        return _at(walk, walk.place, "forked", "the chain goes on behind its head")
    lost = _lost(walk)
    return _at(walk, walk.place + 1, "deleted", f"{lost.public_id} never got its seal") if lost else None


def _lost(walk: Walk) -> Entry | None:
    """An entry that has no seal and waits for none. Counting is quicker than looking for each entry's seal."""
    if not walk.since:
        with connection.cursor() as cursor:
            cursor.execute(_UNACCOUNTED, {"here": tenancy.environment_id(), "place": walk.place})
            if cursor.fetchone() == (walk.place,):
                return None
    return Entry.objects.filter(seal=None).exclude(id__in=Unsealed.objects.values("id")).first()


def _unrecorded(walk: Walk) -> Break | None:
    with connection.cursor() as cursor:
        cursor.execute(_UNRECORDED, [tenancy.environment_id()])
        row = cursor.fetchone()
    return _at(walk, walk.place + 1, "deleted", f"no entry for the fact {row[0]}") if row else None


def _at(walk: Walk, sequence: int, kind: str, detail: Any) -> Break:
    return Break(chain=walk.name, sequence=sequence, kind=kind, detail=str(detail))
