"""Whether the columns beside an entry's text say what it says: they are there to be searched, only it is signed."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import orjson

from audit.models import Entry
from core import ids

# A canonical entry up to its `meta`, with the id left out, and behind it. Sorted keys stand in this order.
_BEFORE_ID: Final = b'{"action":"%b","actor":{"id":"%b","type":"%b"},"at":"%b","chain":"%b","event":%b,"id":"aud_'
_AFTER_ID: Final = b'","kid":"%b","meta":{'
_AFTER_META: Final = b',"outcome":"%b","request":{"id":"%b","ip":"%b","method":"'
_TARGET: Final = b',"target":{"id":"%b","type":"'
_ID_DIGITS: Final = 26
_COLUMNS: Final = 9


def agrees(text: bytes, chain_name: bytes, told: bytes, columns: Sequence[bytes], entry_id: bytes) -> bool:
    """This function will tell whether a genuine text says what its columns and the name of its chain say.

    The columns are key, actor, action, target, outcome, request, address, fact and instant, as `_rows` reads them;
    `told` is the same in one piece. Of almost every entry their letters are found where they belong in the text; only
    the others are parsed.
    """
    is_alike = len(columns) == _COLUMNS and _is_alike(text, chain_name, told, columns, entry_id)
    return is_alike or _is_equal(text, chain_name.decode(), [one.decode() for one in columns], entry_id)


def _is_alike(text: bytes, chain_name: bytes, told: bytes, columns: Sequence[bytes], entry_id: bytes) -> bool:
    """Where a column holds what JSON escapes, or what would end a string, letters prove nothing."""
    if b'"' in told or b"\\" in told:
        return False
    key_id, actor, action, target, outcome, request, address, fact, at = columns
    kind, colon, who = actor.partition(b":")
    if not colon:
        who, kind = kind, b""
    before = _BEFORE_ID % (action, who, kind, at, chain_name, b'"%b"' % fact if fact else b"null")
    begins, ends = len(before), len(before) + _ID_DIGITS
    return (
        text.startswith(before)
        and text.startswith(_AFTER_ID % key_id, ends)
        and ids.number(text[begins:ends]) == int.from_bytes(entry_id)
        and text.startswith(_AFTER_META % (outcome, request, address), text.rfind(b',"outcome":"'))
        and text.startswith(_TARGET % target, text.rfind(b',"target":{'))
    )


def _is_equal(text: bytes, chain_name: str, columns: list[str], entry_id: bytes) -> bool:
    entry = orjson.loads(text)
    actor, target, request = entry["actor"], entry["target"], entry["request"]
    who = f"{actor['type']}:{actor['id']}" if actor["type"] else actor["id"]
    said = [
        entry["kid"], who, entry["action"], target["id"], entry["outcome"], request["id"], request["ip"],
        entry["event"] or "", entry["at"],
    ]  # fmt: skip
    is_own = entry["chain"] == chain_name and entry["id"] == ids.encode(Entry.prefix, UUID(bytes=entry_id))
    return is_own and said == columns
