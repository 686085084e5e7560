"""Bodies that hold what must never be stored: card numbers and credentials are refused before anybody reads them.

A card number is refused in every text and name but a password, which is hashed. A credential is allowed where one is
asked for by name, as in `refresh_token`. Amounts are numbers and not looked at.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.http import refusals, validation
from core.redaction import holds_card, holds_secret, is_secret_key

# What a body without any of these cannot hold; an escape may hide it, so then the values themselves are asked.
_HINT: Final = re.compile(
    rb"[0-9](?:[ \t-]|\xc2\xa0)*(?:[0-9](?:[ \t-]|\xc2\xa0)*){10}[0-9]"
    rb"|\\u|\\t|eyJ|-----BEGIN|://[^\"/]*@|(?:sk|rk|pk|whsec|gh[pousr]|xox[abprs])[_-]|AKIA|ASIA"
    rb"|(?i:bearer|digest|basic)\s"
)
# Where the sandbox gateway is handed a card, to give a token for it.
_WANTED: Final = "/card/number"
_CARD: Final = ("card_number_not_allowed", "Card numbers are never stored. Use a token of the payment gateway.")
_SECRET: Final = ("secret_not_allowed", "This looks like a credential, which is never stored in plain text.")


def refuse(raw: bytes, document: Any) -> None:
    """This function will refuse a body in which a card number or a credential stands where it would be stored.

    :raises ValidationFailed: naming each place, and never repeating what stands there.
    """
    if _HINT.search(raw) and (found := list(_found(document, "", ""))):
        raise refusals.ValidationFailed(found)


def _found(value: Any, pointer: str, name: str) -> Iterator[dict[str, str]]:
    if isinstance(value, str):
        yield from _of_text(value, pointer, name)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            bad = list(_of_text(key, pointer, ""))
            yield from bad or _found(inner, f"{pointer}/{validation.escaped(key)}", key)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _found(inner, f"{pointer}/{place}", name)


def _of_text(text: str, pointer: str, name: str) -> Iterator[dict[str, str]]:
    if "password" not in name and not pointer.endswith(_WANTED) and holds_card(text):
        yield validation.error(pointer, *_CARD)
    elif not is_secret_key(name) and holds_secret(text):
        yield validation.error(pointer, *_SECRET)
