"""Walking along a chain. What is done for each entry is kept in one place, and small: there are millions of them."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import orjson

from audit import chain, keys
from audit.models import Entry
from audit.verification import _reading
from audit.verification._keyring import Keyring
from audit.verification._rows import SEPARATOR
from core import ids

_ROTATED: Final = keys.ROTATED.encode()


class Walk:
    """How far a walk has come: the place, its MAC, and what was wrong with the next one, if anything was."""

    def __init__(self, name: str, place: int, mac: bytes, ring: Keyring, wanted: Iterable[int]) -> None:
        self.name, self.place, self.mac, self.ring = name, place, mac, ring
        self.since, self._chain = place, name.encode()
        self.wanted = set(wanted)
        self.met: dict[int, bytes] = {}
        self.problem = self.detail = ""

    def along(self, rows: Iterable[Any]) -> None:
        """This function will walk until the rows end or one of them is wrong."""
        for row in rows:
            sequence, mac, text, signature, entry_id, told = row
            if sequence != self.place + 1:
                return self._stop("deleted" if sequence > self.place else "forked", row)
            columns = told.split(SEPARATOR)
            key = self.ring.secrets.get(columns[0]) or (self.ring.learn(columns[0]) if not self.place else None)
            if key is None or text is None:
                return self._stop("deleted" if text is None else "unknown_kid", row)
            if not chain.same(chain.sign_raw(key, text), signature):
                return self._stop("edited", row)
            if not chain.same(chain.link_raw(key, self.mac, chain.sealed_raw(text, sequence)), mac):
                return self._stop("unlinked", row)
            if problem := self._reads_wrong(text, told, columns, entry_id):
                return self._stop(problem, row)
            self.place, self.mac = sequence, mac
            if sequence in self.wanted:
                self.met[sequence] = mac
        return None

    def _reads_wrong(self, text: bytes, told: bytes, columns: list[bytes], entry_id: bytes) -> str:
        """The entry itself is genuine here; what stands beside it must be what it says."""
        if not _reading.agrees(text, self._chain, told, columns, entry_id):
            return "edited"
        if self.ring.retired and self.ring.is_late(columns[0], columns[-1]):
            return "unknown_kid"
        rotates = columns[2] == _ROTATED
        return "unknown_kid" if rotates and not self.ring.rotate(orjson.loads(text), self.mac) else ""

    def _stop(self, problem: str, row: Any) -> None:
        self.problem = problem
        self.detail = ids.encode(Entry.prefix, UUID(bytes=row[4])) if row[4] else "its entry is gone"
