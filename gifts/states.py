"""The states of a gift and the only ways between them, as data."""

from typing import Final

from core import errors

PENDING: Final = "pending"
PAID: Final = "paid"
DELIVERED: Final = "delivered"
REDEEMED: Final = "redeemed"
EXPIRED: Final = "expired"
CANCELED: Final = "canceled"
REFUNDED: Final = "refunded"

TRANSITIONS: Final[dict[str, tuple[str, ...]]] = {
    PENDING: (PAID, CANCELED),
    PAID: (DELIVERED, CANCELED),
    DELIVERED: (REDEEMED, EXPIRED, CANCELED),
    REDEEMED: (),
    EXPIRED: (REFUNDED,),
    CANCELED: (REFUNDED,),
    REFUNDED: (),
}
STATES: Final = tuple(TRANSITIONS)


class GiftTransitionInvalid(errors.Conflict):
    code = "invalid_transition"
    title = "The gift's state does not allow this."


def check(*, old: str, new: str) -> None:
    """This function will raise `GiftTransitionInvalid` unless the table leads from one state to the other."""
    if new not in TRANSITIONS[old]:
        members = {"from": old, "to": new, "allowed": list(TRANSITIONS[old])}
        raise GiftTransitionInvalid(f"A gift that is {old} cannot become {new}.", **members)


def pairs() -> list[tuple[str, str]]:
    """This function will return every allowed change, for the database's trigger."""
    return [(old, new) for old, ways in TRANSITIONS.items() for new in ways]
