"""The log as JSON Lines: what leaves the database, and can be verified without it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from audit import chain, services
from audit.models import Checkpoint, Seal


def entry_line(seal: Seal) -> str:
    """This function will return a sealed entry as one line: its chain, place, MAC and the text that the MAC signs."""
    text = chain.sealed(seal.entry.text, seal.sequence)
    return chain.line(
        {"chain": services.chain_name(), "seq": seal.sequence, "mac": bytes(seal.mac).hex(), "text": text}
    )


def checkpoint_line(row: Checkpoint) -> str:
    """This function will return a checkpoint as one line; published somewhere else, it is an anchor."""
    return chain.line({
        "chain": services.chain_name(), "seq": row.sequence, "mac": bytes(row.mac).hex(), "kid": row.key_id,
        "at": _instant(row.at), "checkpoint_mac": bytes(row.checkpoint_mac).hex(),
    })  # fmt: skip


def lines(*, after: int = 0, until: int | None = None) -> Iterator[str]:
    """This function will iterate over the lines of a range of the chain in scope, its checkpoints behind its entries.

    A range that does not begin with the chain begins with a line that says what came before.
    """
    if after:
        previous = Seal.objects.get(sequence=after)
        yield chain.line({"chain": services.chain_name(), "after": after, "mac": bytes(previous.mac).hex()})
    seals = _until(Seal.objects.filter(sequence__gt=after).select_related("entry"), until)
    yield from (entry_line(seal) for seal in seals.iterator(chunk_size=2000))
    yield from anchor_lines(after=after, until=until)


def anchor_lines(*, after: int = 0, until: int | None = None) -> Iterator[str]:
    """This function will iterate over the checkpoints of the chain in scope, in its order."""
    rows = _until(Checkpoint.objects.filter(sequence__gt=after), until)
    yield from (checkpoint_line(row) for row in rows.iterator(chunk_size=2000))


def _until(rows: "QuerySet[Any]", until: int | None) -> "QuerySet[Any]":
    return (rows if until is None else rows.filter(sequence__lte=until)).order_by("sequence")


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
