"""Why banks say no, and which of their reasons are final."""

from typing import Final

NO_METHOD: Final = "no_payment_method"
# The method's gateway cannot express the amount; see `gateways.amounts`.
NOT_CHARGEABLE: Final = "amount_not_chargeable"

# The card is gone or must not be used: asking again can only annoy the bank.
HARD: Final = frozenset({"lost_card", "stolen_card", "fraudulent", "pickup_card", "restricted_card"})

SOFT: Final = frozenset(
    {
        "card_declined",
        "do_not_honor",
        "expired_card",
        "incorrect_cvc",
        "insufficient_funds",
        "issuer_unavailable",
        "processing_error",
        "withdrawal_limit_exceeded",
    }
)


def is_hard(code: str) -> bool:
    """This function will tell whether a decline is final for the method it was made with."""
    return code in HARD
