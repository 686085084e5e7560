"""The arithmetic of the chain, on published vectors."""

import hashlib
import hmac
import json
from typing import Any

from hypothesis import given as generated
from hypothesis import strategies as st

from audit import chain

KEY = bytes(range(32))


def entry(seq: int, action: str, outcome: str, request: dict[str, Any], target: dict[str, Any], **more: Any) -> Any:
    return {
        "v": 1, "chain": "t:acme", "kid": "k1", "seq": seq, "at": f"2026-01-01T00:00:0{seq - 1}.000000Z",
        "action": action, "outcome": outcome, "request": request, "target": target,
    } | more  # fmt: skip


def sent(number: int, ip: str, method: str, path: str) -> dict[str, Any]:
    return {"id": f"req_{number}", "ip": ip, "method": method, "path": path}


FIRST = entry(
    1, "auth.login", "success", sent(1, "198.51.100.7", "POST", "/v1/auth/login"), {"id": "u_1", "type": "user"},
    actor={"id": "u_1", "type": "user"}, meta={"authorization": "[REDACTED]"},
)  # fmt: skip
SECOND = entry(
    2, "admin.purge", "partial", sent(2, "2001:db8::1", "POST", "/api/admin/purge"), {"id": "j_9", "type": "job"},
    actor={"id": "u_1", "type": "user"}, meta={"attempts": 2, "note": "é€💶"},
)  # fmt: skip
FIRST_MAC = bytes.fromhex("b052ce1883e7f2154a794fa1c79807dfb81e86be4815138d974c686df3d596ed")
SECOND_MAC = bytes.fromhex("3b8ba84f243caddf962574af27a2139f67a7a27adcedb7e9e42628647e2031dd")
THIRD_MAC = bytes.fromhex("f73a502215e892fcc413207b7fb26db2f534963d0950ee3deba94c7aef8bc1c5")


def test_the_text_of_an_entry_has_one_form():
    assert len(chain.canonical(SECOND).encode()) == 318
    assert chain.canonical(SECOND) == chain.canonical(dict(reversed(SECOND.items())))


def test_the_first_entry_is_tied_to_nothing():
    assert len(chain.canonical(FIRST).encode()) == 314
    assert chain.link(KEY, chain.GENESIS, chain.canonical(FIRST)) == FIRST_MAC


def test_an_entry_is_tied_to_the_one_before_it():
    assert chain.link(KEY, FIRST_MAC, chain.canonical(SECOND)) == SECOND_MAC


def test_a_checkpoint_is_the_published_one():
    expected = "fa29cfafcbead4cddbb9e7cb0bbd3ea4a5a355aaed99540269d3e0e7d3eec3a9"
    assert chain.checkpoint(KEY, "t:acme", 3, THIRD_MAC).hex() == expected


NASTY = st.one_of(st.text(), st.sampled_from([',"target":{', '"target":{"id":', '\\",\\"target\\":{', ',"v":1}']))
META = st.recursive(NASTY, lambda inner: st.dictionaries(st.one_of(NASTY, st.just("target")), inner), max_leaves=8)


@generated(META, st.integers(-(2**63), 2**63 - 1))
def test_the_text_is_the_one_that_other_programs_write(meta, number):
    entry = {"meta": meta, "seq": number, "is": True, "none": None, "many": [meta, number]}

    assert chain.canonical(entry) == json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@generated(META, NASTY, st.integers(1, 2**62))
def test_the_place_is_put_where_sorted_keys_have_it(meta, target, seq):
    unsealed = {"action": "a", "meta": meta, "outcome": "success", "request": {}, "target": {"id": target}, "v": 1}
    text = chain.canonical(unsealed)
    expected = chain.canonical(json.loads(text) | {"seq": seq})

    assert chain.sealed(text, seq) == expected


@generated(st.binary(max_size=100), st.binary(max_size=200))
def test_a_key_taken_in_once_gives_the_same_macs(key: bytes, text: bytes) -> None:
    """RFC 2104, with keys shorter and longer than a block."""
    for _ in range(2):
        assert chain.link_raw(key, chain.GENESIS, text) == hmac.digest(
            key, b"audit.v1\x00" + chain.GENESIS + text, hashlib.sha256
        )
