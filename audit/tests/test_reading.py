"""Columns beside a signed text: found in it letter by letter, or by parsing it; both ways agree."""

from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import strategies as st

from audit import chain
from audit.verification import _reading
from audit.verification._rows import SEPARATOR
from core import ids

CHAIN = "e:env_01h455vb4pex5vsknk084sn02q"
AT = "2026-01-01T00:00:00.000000Z"
ENTRY_ID = ids.new()
# What JSON escapes, what it does not, what ends a string, and what looks like a text's own joints.
words = st.text('ab:_ "\\\n\x1fé💶', max_size=6) | st.sampled_from(
    ['x","actor":{"id":"y', ',"outcome":"success', ',"target":{"id":"inv_1', "\\u001f", "null"]
)


def entry(columns: list[str], **other: Any) -> dict[str, Any]:
    key_id, actor, action, target, outcome, request, address, fact, at = columns
    kind, colon, who = actor.partition(":")
    return {
        "v": 1, "id": ids.encode("aud", ENTRY_ID), "chain": CHAIN, "kid": key_id, "at": at, "action": action,
        "actor": {"type": kind if colon else "", "id": who if colon else actor}, "outcome": outcome,
        "target": {"type": "", "id": target}, "event": fact or None, "meta": {"note": ',"outcome":"denied"'},
        "request": {"id": request, "ip": address, "method": "POST", "path": ',"target":{"id":"'},
    } | other  # fmt: skip


def agrees(columns: list[str], *, text: dict[str, Any], chain_name: str = CHAIN, entry_id: Any = ENTRY_ID) -> bool:
    told = SEPARATOR.join(one.encode() for one in columns)
    signed = chain.canonical(text).encode()
    return _reading.agrees(signed, chain_name.encode(), told, told.split(SEPARATOR), entry_id.bytes)


PLAIN = ["k1", "key:key_1", "invoice.paid", "inv_1", "success", "req_1", "::1", str(ids.new()), AT]


@generated(st.lists(words, min_size=9, max_size=9), st.lists(words, min_size=9, max_size=9))
def test_columns_agree_with_their_own_text_only(columns: list[str], others: list[str]) -> None:
    genuine = entry(columns)
    # An actor whose kind is empty reads as one without a kind: then there is no text of which it is the column.
    is_clear = columns[1].partition(":")[0] or ":" not in columns[1]
    # A letter that stands between columns is in none of them.
    if is_clear and SEPARATOR.decode() not in "".join(columns):
        assert agrees(columns, text=genuine)
    if columns != others:
        assert not agrees(others, text=genuine) or others[1].lstrip(":") == columns[1].lstrip(":")


@generated(st.lists(words, min_size=1, max_size=12), st.lists(words, min_size=9, max_size=9))
def test_letters_prove_nothing_that_parsing_denies(columns: list[str], others: list[str]) -> None:
    text = chain.canonical(entry(others)).encode()
    for said in (columns, others):
        told = SEPARATOR.join(one.encode() for one in said)
        if len(split := told.split(SEPARATOR)) == 9:
            alike = _reading._is_alike(text, CHAIN.encode(), told, split, ENTRY_ID.bytes)
            assert not alike or _reading._is_equal(text, CHAIN, [one.decode() for one in split], ENTRY_ID.bytes)


@pytest.mark.parametrize("place", range(9))
def test_each_column_counts(place: int) -> None:
    assert agrees(PLAIN, text=entry(PLAIN))
    forged = [*PLAIN[:place], "forged", *PLAIN[place + 1 :]]
    assert not agrees(forged, text=entry(PLAIN))
    without = [*PLAIN[:place], "", *PLAIN[place + 1 :]]
    assert not agrees(without, text=entry(PLAIN))


def test_the_chain_and_the_id_count() -> None:
    assert not agrees(PLAIN, text=entry(PLAIN), chain_name=CHAIN[:-1] + "r")
    assert not agrees(PLAIN, text=entry(PLAIN), entry_id=ids.new())


def test_almost_every_entry_is_recognized_without_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reading, "_is_equal", lambda *_: False)
    assert agrees(PLAIN, text=entry(PLAIN))
    assert agrees([*PLAIN[:1], "system", *PLAIN[2:7], "", AT], text=entry([*PLAIN[:1], "system", *PLAIN[2:7], "", AT]))
