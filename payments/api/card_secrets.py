"""Keeping card numbers out of everything that is computed from a request's body.

The fingerprint of an idempotency key is a plain hash of the body. A card number is short enough to be guessed from
such a hash, so it is taken out first, and a keyed hash stands in its place: equal cards still make equal fingerprints.
"""

import hashlib
import hmac
from typing import Any, Final

from django.conf import settings

SECRETS: Final = ("number", "cvc")


def take(body: Any) -> dict[str, Any]:
    """This function will replace the card's secrets in a parsed body by keyed hashes, and return them.

    A body of another shape is left as it is; it will be refused.
    """
    card = body.get("card") if isinstance(body, dict) else None
    if not isinstance(card, dict):
        return {}
    taken = {name: card[name] for name in SECRETS if name in card}
    for name, value in taken.items():
        card[name] = _keyed(f"{name}:{value!r}")
    return taken


def put_back(body: Any, taken: dict[str, Any]) -> Any:
    """This function will return a copy of the body with the secrets in it; the body itself stays without."""
    return {**body, "card": {**body["card"], **taken}} if taken else body


def _keyed(text: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
