"""Anchors: checkpoints kept outside of the database, against which a chain is held."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit import chain, keys


class UnreadableAnchors(ValueError):
    """A file of anchors cannot be read, so nothing was verified against it."""


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """The end of a chain at some time, as it was published then."""

    chain: str
    sequence: int
    mac: bytes
    key_id: str
    checkpoint_mac: bytes

    def is_ours(self) -> bool:
        """This function will tell whether we signed it; a forged anchor says nothing of the chain."""
        key = keys.find(self.key_id)
        return key is not None and chain.same(
            chain.checkpoint(key, self.chain, self.sequence, self.mac), self.checkpoint_mac
        )


def read_anchors(path: Path) -> Mapping[str, list[Anchor]]:
    """This function will return the anchors of a file of JSON Lines by chain; other lines of an export are passed over.

    :raises UnreadableAnchors: if the file, or a line of it, cannot be read.
    """
    found: dict[str, list[Anchor]] = defaultdict(list)
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            document = json.loads(line) if line.strip() else {}
            if "checkpoint_mac" in document:
                anchor = _anchor(document)
                found[anchor.chain].append(anchor)
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise UnreadableAnchors(f"{path}: {cause}") from cause
    return found


def _anchor(document: dict[str, Any]) -> Anchor:
    return Anchor(
        chain=str(document["chain"]), sequence=int(document["seq"]), mac=bytes.fromhex(document["mac"]),
        key_id=str(document["kid"]), checkpoint_mac=bytes.fromhex(document["checkpoint_mac"]),
    )  # fmt: skip
