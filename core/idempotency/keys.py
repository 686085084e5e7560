"""What no idempotency key may be: keys are stored as they were sent, and shown to operators."""

from core.http import refusals
from core.redaction import holds_card, holds_secret


def refuse_sensitive(key: str) -> str:
    """This function will return the key, unless a card number or a credential stands in it.

    :raises core.http.refusals.IdempotencyKeySensitive: without repeating what was sent.
    """
    if holds_card(key) or holds_secret(key):
        raise refusals.IdempotencyKeySensitive
    return key
