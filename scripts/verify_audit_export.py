#!/usr/bin/env python3
"""Verify an export of Perennial's audit log, without Perennial: nothing but Python's standard library is needed.

    verify_audit_export.py export.jsonl [--anchors anchors.jsonl] [--keys keys.json] [--json]

Keys are a JSON object of key id to secret, or come from the environment: AUDIT_HMAC_KEY_ID and AUDIT_HMAC_SECRET, and
AUDIT_HMAC_OLD_SECRETS for those that were retired. Exit 0: whole. 1: broken, with the first break of each chain.
2: could not run.

Each line is one of
    {"chain", "seq", "mac", "text"}                                 an entry; `mac` is what this program computes again
    {"chain", "seq", "mac", "kid", "at", "checkpoint_mac"}          a checkpoint of the chain, or an anchor of it
    {"chain", "after", "mac"}                                       the export begins behind this place
An entry's MAC is HMAC-SHA256(key[kid], "audit.v1" 00 previous_mac text), the first one's previous MAC being 32 zeros.
A checkpoint's is HMAC-SHA256(key[kid], "audit.checkpoint.v1" 00 chain 00 seq_as_8_bytes mac).
"""

import argparse
import hashlib
import hmac
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

Line = dict[str, Any]
ROTATED = "audit.key_rotated"


class Broken(Exception):
    """The first thing wrong with a chain."""

    def __init__(self, seq: int, kind: str, detail: str = "") -> None:
        super().__init__(kind)
        self.seq, self.kind, self.detail = seq, kind, detail


class Chain:
    """One chain, as far as it has been read."""

    def __init__(self, name: str, keys: dict[str, bytes]) -> None:
        self.name, self.keys = name, keys
        self.seq, self.mac = 0, bytes(32)
        self.kids: set[str] = set()
        self.begins_at, self.last_line = 0, ""
        self.wanted: set[int] = set()
        self.met: dict[int, bytes] = {}

    def begin_behind(self, line: Line) -> None:
        """Take in that the export begins behind a place of the chain."""
        if self.seq:
            raise Broken(self.seq + 1, "forked", "the export begins twice")
        self.seq = self.begins_at = line["after"]
        self.mac = bytes.fromhex(line["mac"])
        self._note()

    def add(self, line: Line) -> None:
        """Take in the next entry, or say what is wrong with it."""
        if (line["seq"], line["text"]) == (self.seq, self.last_line) and bytes.fromhex(line["mac"]) == self.mac:
            return  # a line that a crash had written a second time
        entry = self._entry(line)
        key = self._key(entry["kid"])
        computed = digest(key, b"audit.v1\x00" + self.mac + line["text"].encode())
        if not hmac.compare_digest(computed, bytes.fromhex(line["mac"])):
            raise Broken(self.seq + 1, "edited", entry.get("id", ""))
        if entry["action"] == ROTATED:
            self._rotate(entry)
        self.seq, self.mac, self.last_line = line["seq"], computed, line["text"]
        self._note()

    def _entry(self, line: Line) -> Line:
        if line["seq"] != self.seq + 1:
            raise Broken(
                self.seq + 1, "deleted" if line["seq"] > self.seq else "reordered", f"then comes {line['seq']}"
            )
        try:
            entry: Line = json.loads(line["text"])
            told = (entry["chain"], entry["seq"], entry["kid"], entry["action"], entry["meta"])
        except (ValueError, KeyError, TypeError):
            raise Broken(self.seq + 1, "edited", "the text is no entry") from None
        if told[0] != self.name:
            raise Broken(self.seq + 1, "edited", "the entry is of another chain")
        if told[1] != line["seq"]:
            raise Broken(self.seq + 1, "reordered", f"the entry's own place is {told[1]}")
        return entry

    def _key(self, kid: str) -> bytes:
        if not self.kids:
            self.kids.add(kid)  # the chain, or the part of it that was exported, begins with this one
        if kid not in self.keys or (kid not in self.kids and not self.begins_at):
            raise Broken(self.seq + 1, "unknown_kid", kid)
        return self.keys[kid]

    def _rotate(self, entry: Line) -> None:
        meta = entry["meta"]
        key = self.keys.get(meta.get("to"))
        if key is None or meta.get("from") != entry["kid"] or meta.get("proof") != digest(key, self.mac).hex():
            raise Broken(self.seq + 1, "unknown_kid", str(meta.get("to")))
        self.kids.add(meta["to"])

    def _note(self) -> None:
        if self.seq in self.wanted:
            self.met[self.seq] = self.mac

    def check(self, marks: list[Line], kind: str) -> None:
        """Hold the chain against checkpoints; `kind` is what it is called when one saw another chain."""
        for line in sorted(marks, key=lambda one: one["seq"]):
            seq, mac = line["seq"], bytes.fromhex(line["mac"])
            key = self.keys.get(line["kid"])
            if key is None:
                raise Broken(seq, "unknown_kid", line["kid"])
            text = b"audit.checkpoint.v1\x00" + self.name.encode() + b"\x00" + seq.to_bytes(8, "big") + mac
            if not hmac.compare_digest(digest(key, text), bytes.fromhex(line["checkpoint_mac"])):
                raise Broken(seq, "edited" if kind == "forked" else kind, "the checkpoint is not signed with the key")
            if seq > self.seq:
                raise Broken(self.seq + 1, "truncated", f"a checkpoint knows {seq} places")
            if seq in self.met and self.met[seq] != mac:
                raise Broken(seq, kind, "the checkpoint saw another chain")


def digest(key: bytes, text: bytes) -> bytes:
    """Return the MAC of a text."""
    return hmac.digest(key, text, hashlib.sha256)


def read_keys(path: str | None) -> dict[str, bytes]:
    """Return the keys of a file, or of the environment."""
    if path:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    else:
        found = json.loads(os.environ.get("AUDIT_HMAC_OLD_SECRETS") or "{}")
        if os.environ.get("AUDIT_HMAC_SECRET"):
            found[os.environ.get("AUDIT_HMAC_KEY_ID", "k1")] = os.environ["AUDIT_HMAC_SECRET"]
    if not found:
        raise ValueError("no key: give --keys, or AUDIT_HMAC_SECRET in the environment")
    return {kid: secret.encode() for kid, secret in found.items()}


def read_marks(path: str) -> dict[str, list[Line]]:
    """Return the checkpoints of a file by chain; they are few, and read first: the walk looks out for them."""
    marks: dict[str, list[Line]] = {}
    for line in read_lines(path):
        if "checkpoint_mac" in line:
            marks.setdefault(line["chain"], []).append(line)
    return marks


def read_lines(path: str) -> Iterator[Line]:
    """Return the lines of an export one by one."""
    with open(path, encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            try:
                line = json.loads(text) if text.strip() else None
                if line is not None and not isinstance(line["chain"], str):
                    raise ValueError("the chain is no text")
            except (ValueError, KeyError, TypeError) as cause:
                raise ValueError(f"{path}, line {number}: {cause!r}") from cause
            if line is not None:
                yield line


def verify(
    path: str, keys: dict[str, bytes], anchors: dict[str, list[Line]]
) -> tuple[dict[str, Chain], dict[str, Broken]]:
    """Walk along every chain of an export and return them with the first break of each broken one."""
    checkpoints = read_marks(path)
    chains: dict[str, Chain] = {}
    broken: dict[str, Broken] = {}
    for line in read_lines(path):
        name = line["chain"]
        if name in broken or "checkpoint_mac" in line:
            continue
        if name not in chains:
            chains[name] = Chain(name, keys)
            chains[name].wanted = {one["seq"] for one in [*checkpoints.get(name, []), *anchors.get(name, [])]}
        try:
            take = chains[name].begin_behind if "after" in line else chains[name].add
            take(line)
        except Broken as found:
            broken[name] = found
    for name in sorted({*chains, *checkpoints, *anchors} - set(broken)):
        chain = chains.get(name) or Chain(name, keys)
        try:
            chain.check(checkpoints.get(name, []), "forked")
            chain.check(anchors.get(name, []), "anchor_mismatch")
        except Broken as found:
            broken[name] = found
    return chains, broken


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description="Verify an export of the audit log.")
    parser.add_argument("export")
    parser.add_argument("--anchors", help="checkpoints that were kept somewhere else")
    parser.add_argument("--keys", help="a JSON file of key ids and secrets; otherwise the environment is asked")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    try:
        keys = read_keys(options.keys)
        anchors = read_marks(options.anchors) if options.anchors else {}
        chains, broken = verify(options.export, keys, anchors)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        print(f"the export could not be verified: {cause}", file=sys.stderr)
        return 2
    tell(chains, broken, options.json)
    return 1 if broken else 0


def tell(chains: dict[str, Chain], broken: dict[str, Broken], as_json: bool) -> None:
    """Print the outcome."""
    breaks = [{"chain": n, "sequence": b.seq, "kind": b.kind, "detail": b.detail} for n, b in sorted(broken.items())]
    if as_json:
        print(json.dumps(breaks, indent=2))
        return
    for one in breaks:
        print(f"BROKEN {one['chain']} at {one['sequence']}: {one['kind']} ({one['detail']})")
    for name, chain in sorted(chains.items()):
        if name not in broken:
            begin = f"behind {chain.begins_at}, whose beginning is not proven here, " if chain.begins_at else ""
            print(f"{name}: whole {begin}to {chain.seq}")


if __name__ == "__main__":
    sys.exit(main())
