"""A party as it is printed, from the snapshot that an invoice keeps of it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from babel import Locale

from billing.documents import formats
from billing.documents.content import Party, TaxId

Snapshot = Mapping[str, Any]

# Where the postal code follows the town.
_TOWN_FIRST: Final = frozenset({"US", "CA", "AU", "GB", "IE", "NZ", "IN", "ZA", "SG", "HK", "AE", "SA", "EG"})


def party(snapshot: Snapshot, locale: Locale) -> Party:
    """This function will return a party by its name, else its e-mail address, else its reference or id."""
    email = snapshot.get("email") or ""
    names = (snapshot.get("name"), email, snapshot.get("external_ref"), snapshot.get("id"))
    name = next((str(known) for known in names if known), "")
    return Party(
        name=name,
        address=tuple(_address(snapshot, locale)),
        tax_ids=tuple(TaxId(type=str(one["type"]), value=str(one["value"])) for one in snapshot.get("tax_ids") or ()),
        email="" if email == name else email,
    )


def _address(snapshot: Snapshot, locale: Locale) -> Iterator[str]:
    parts: Mapping[str, str] = snapshot.get("address") or {}
    code = snapshot.get("country") or parts.get("country") or ""
    town, post, state = (parts.get(name) or "" for name in ("city", "postal_code", "state"))
    place = _joined(_joined(town, state, by=", "), post) if code in _TOWN_FIRST else _joined(post, town)
    rest = state if code not in _TOWN_FIRST else ""
    lines = (parts.get("line1"), parts.get("line2"), place, rest, formats.country(code, locale) if code else "")
    yield from (line for line in lines if line)


def _joined(one: str, other: str, *, by: str = " ") -> str:
    return by.join(part for part in (one, other) if part)
