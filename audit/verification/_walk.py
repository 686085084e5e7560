"""Walking along a chain. What is done for each entry is kept in one place, and small: there are millions of them."""

from collections.abc import Iterable
from typing import Any, Final

import orjson

from audit import chain, keys
from audit.models import Entry
from audit.verification._keyring import Keyring
from core import ids

# Between the columns that are compared at once; see `_rows`.
SEPARATOR: Final = "\x1f"


class Walk:
    """How far a walk has come: the place, its MAC, and what was wrong with the next one, if anything was."""

    def __init__(self, name: str, place: int, mac: bytes, ring: Keyring, wanted: Iterable[int]) -> None:
        self.name, self.place, self.mac, self.ring = name, place, mac, ring
        self.wanted = set(wanted)
        self.met: dict[int, bytes] = {}
        self.problem = self.detail = ""

    def along(self, rows: Iterable[Any]) -> None:
        """This function will walk until the rows end or one of them is wrong."""
        for row in rows:
            sequence, mac, text, signature, key_id, _, _ = row
            if sequence != self.place + 1:
                return self._stop("deleted" if sequence > self.place else "forked", row)
            key = self.ring.secrets.get(key_id) or (self.ring.learn(key_id) if not self.place else None)
            if key is None or text is None:
                return self._stop("deleted" if text is None else "unknown_kid", row)
            if not chain.same(chain.sign_raw(key, text), signature):
                return self._stop("edited", row)
            if not chain.same(chain.link_raw(key, self.mac, chain.sealed_raw(text, sequence)), mac):
                return self._stop("unlinked", row)
            if problem := self._reads_wrong(row, orjson.loads(text)):
                return self._stop(problem, row)
            self.place, self.mac = sequence, mac
            if sequence in self.wanted:
                self.met[sequence] = mac
        return None

    def _reads_wrong(self, row: Any, entry: dict[str, Any]) -> str:
        """The entry itself is genuine here; what stands beside it must be what it says."""
        actor, target, request = entry["actor"], entry["target"], entry["request"]
        who = f"{actor['type']}:{actor['id']}" if actor["type"] else actor["id"]
        said = (
            entry["kid"], who, entry["action"], target["id"], entry["outcome"], request["id"], request["ip"],
            entry["event"] or "", entry["at"],
        )  # fmt: skip
        columns = SEPARATOR.join(said)
        # No genuine text holds the separator, so nothing can be moved from one column to the next.
        if row[6] != columns or columns.count(SEPARATOR) != len(said) - 1:
            return "edited"
        if entry["chain"] != self.name or ids.encode("aud", row[5]) != entry["id"]:
            return "edited"
        if self.ring.is_late(entry["kid"], entry["at"]):
            return "unknown_kid"
        rotates = entry["action"] == keys.ROTATED
        return "unknown_kid" if rotates and not self.ring.rotate(entry, self.mac) else ""

    def _stop(self, problem: str, row: Any) -> None:
        self.problem, self.detail = problem, ids.encode(Entry.prefix, row[5]) if row[5] else "its entry is gone"
