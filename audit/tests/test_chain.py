"""The arithmetic of the chain, on published vectors."""

import pytest

from audit import chain

KEY = bytes(range(32))
REQUEST = {"id": "req_2", "ip": "2001:db8::1", "method": "POST", "path": "/api/admin/purge"}
SECOND = {
    "action": "admin.purge", "actor": {"id": "u_1", "type": "user"}, "at": "2026-01-01T00:00:01.000000Z",
    "chain": "t:acme", "kid": "k1", "meta": {"attempts": 2, "note": "é€💶"}, "outcome": "partial", "request": REQUEST,
    "seq": 2, "target": {"id": "j_9", "type": "job"}, "v": 1,
}  # fmt: skip
FIRST_MAC = bytes.fromhex("b052ce1883e7f2154a794fa1c79807dfb81e86be4815138d974c686df3d596ed")


def test_the_text_of_an_entry_has_one_form():
    assert len(chain.canonical(SECOND)) == 318 - len("é€💶".encode()) + len("é€💶")
    assert chain.canonical(SECOND) == chain.canonical(dict(reversed(SECOND.items())))


def test_an_entry_is_tied_to_the_one_before_it():
    expected = "3b8ba84f243caddf962574af27a2139f67a7a27adcedb7e9e42628647e2031dd"
    assert chain.link(KEY, FIRST_MAC, chain.canonical(SECOND)).hex() == expected


def test_a_number_without_one_text_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        chain.canonical({"amount": float("nan")})
