"""The sandbox's test cards: what each of them does, always.

A token spells out what its card does (`sbx_insufficient_funds_…`), so the sandbox needs no vault and no card number is
ever kept.
"""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.conf import settings

from core import ids


class Fault(StrEnum):
    """What can go wrong between us and a gateway."""

    NONE = "ok"
    DROP_BEFORE = "drop_before"
    PROCESS_THEN_DROP = "process_then_drop"
    PROCESS_THEN_500 = "process_then_500"
    PROCESS_THEN_HANG = "process_then_hang"
    HANG_BEFORE = "hang_before"
    TOO_MANY_REQUESTS = "too_many_requests"
    MALFORMED = "malformed"
    WRONG_AMOUNT = "wrong_amount"


@dataclass(frozen=True, kw_only=True)
class Behavior:
    """What a card does: `declines` with a code when charged, at attaching already if so said, or meets a fault once."""

    declines: str = ""
    attaches: bool = True
    fault: Fault = Fault.NONE
    is_pending: bool = False


SUCCESS: Final = "success"

# A decline named by a token happens when the card is charged.
BEHAVIORS: Final[dict[str, Behavior]] = {
    SUCCESS: Behavior(),
    "disputed_later": Behavior(),
    "fails_later": Behavior(declines="card_declined"),
    "pending": Behavior(is_pending=True),
    **{
        code: Behavior(declines=code, attaches=False)
        for code in (
            "card_declined",
            "insufficient_funds",
            "lost_card",
            "stolen_card",
            "fraudulent",
            "expired_card",
            "incorrect_cvc",
            "processing_error",
            "do_not_honor",
            "issuer_unavailable",
        )
    },
    **{fault.value: Behavior(fault=fault) for fault in Fault if fault is not Fault.NONE},
}

CARDS: Final[dict[str, str]] = {
    "4242424242424242": SUCCESS,
    "5555555555554444": SUCCESS,
    "378282246310005": SUCCESS,
    "4000000000000002": "card_declined",
    "4000000000009995": "insufficient_funds",
    "4000000000009987": "lost_card",
    "4000000000009979": "stolen_card",
    "4100000000000019": "fraudulent",
    "4000000000000069": "expired_card",
    "4000000000000127": "incorrect_cvc",
    "4000000000000119": "processing_error",
    "4000000000000341": "fails_later",
    "4000000000000259": "disputed_later",
    # Ours: faults on the way, met by the first request of a charge.
    "4000000000020018": Fault.DROP_BEFORE.value,
    "4000000000020026": Fault.PROCESS_THEN_DROP.value,
    "4000000000020034": Fault.PROCESS_THEN_500.value,
    "4000000000020042": Fault.PROCESS_THEN_HANG.value,
    "4000000000020059": Fault.HANG_BEFORE.value,
    "4000000000020067": Fault.TOO_MANY_REQUESTS.value,
    "4000000000020075": Fault.MALFORMED.value,
    "4000000000020083": Fault.WRONG_AMOUNT.value,
    "4000000000020091": "pending",
}


def token_for(name: str) -> str:
    """This function will return a fresh token that behaves as named."""
    return f"sbx_{name}_{ids.new().hex}"


def behavior_of(token: str) -> Behavior:
    """This function will return what the card behind a token does.

    :raises KeyError: for a token this sandbox has not made.
    """
    name, _, tail = token.removeprefix("sbx_").rpartition("_")
    if not token.startswith("sbx_") or not tail:
        raise KeyError(token)
    return BEHAVIORS[name]


def fingerprint(digits: str) -> str:
    """This function will return the same 32 hex digits for the same card, keyed so that they cannot be reversed."""
    return hmac.new(settings.SECRET_KEY.encode(), b"card:" + digits.encode(), hashlib.sha256).hexdigest()[:32]
