"""The states of a subscription and the only ways between them, as data.

The model, the database's trigger, the invariants and the tests all read this one table.
"""

from typing import Any, Final

from core import errors

NEW: Final = ""
SCHEDULED: Final = "scheduled"
INCOMPLETE: Final = "incomplete"
TRIALING: Final = "trialing"
ACTIVE: Final = "active"
PAST_DUE: Final = "past_due"
PAUSED: Final = "paused"
CANCELED: Final = "canceled"
EXPIRED: Final = "expired"

TRANSITIONS: Final[dict[str, tuple[str, ...]]] = {
    NEW: (SCHEDULED, INCOMPLETE, TRIALING, ACTIVE),
    SCHEDULED: (INCOMPLETE, TRIALING, ACTIVE, CANCELED),
    INCOMPLETE: (ACTIVE, TRIALING, CANCELED, EXPIRED),
    TRIALING: (ACTIVE, INCOMPLETE, PAST_DUE, PAUSED, CANCELED, EXPIRED),
    ACTIVE: (PAST_DUE, PAUSED, CANCELED, EXPIRED),
    PAST_DUE: (ACTIVE, PAUSED, CANCELED, EXPIRED),
    PAUSED: (ACTIVE, CANCELED, EXPIRED),
    CANCELED: (),
    EXPIRED: (),
}
STATES: Final = tuple(state for state in TRANSITIONS if state != NEW)
TERMINAL: Final = tuple(state for state in STATES if not TRANSITIONS[state])
LIVE: Final = tuple(state for state in STATES if TRANSITIONS[state])
# The states in which the worker bills the next period when the current one is over.
RENEWING: Final = (ACTIVE, PAST_DUE)
# The states before the first payment.
UNPAID: Final = (SCHEDULED, INCOMPLETE, TRIALING)
# The states in which what was agreed can be changed.
CHANGEABLE: Final = (SCHEDULED, TRIALING, ACTIVE, PAST_DUE, PAUSED)

# What is asked of a subscription: the states in which it may be asked for, and the state it leads to.
VERBS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "cancel": (LIVE, CANCELED),
    "cancel_later": ((TRIALING, ACTIVE, PAST_DUE, PAUSED), CANCELED),
    "undo_cancellation": (LIVE, ACTIVE),
    "end": (tuple(state for state in STATES if EXPIRED in TRANSITIONS[state]), EXPIRED),
    "pause": (RENEWING, PAUSED),
    "resume": ((PAUSED,), ACTIVE),
    "renew": (RENEWING, ACTIVE),
    "activate": ((TRIALING,), ACTIVE),
    "extend_trial": ((TRIALING,), TRIALING),
}


class InvalidTransition(errors.Conflict):
    """The members name where the subscription is, where it was to go, and where else it may go from there."""

    code = "invalid_transition"
    title = "The subscription's state does not allow this."


def refused(*, old: str, new: str) -> InvalidTransition:
    """This function will return the refusal of a transition, with the other ways that are open.

    A verb is refused in some states though others lead where it does: that way is not open to it.
    """
    members: dict[str, Any] = {"from": old, "to": new, "allowed": [one for one in TRANSITIONS[old] if one != new]}
    return InvalidTransition(f"A subscription that is {old} cannot become {new}.", **members)


def unchangeable(status: str) -> InvalidTransition:
    """This function will return the refusal of a change that leaves the state as it is, in a state that forbids it."""
    members: dict[str, Any] = {"from": status, "to": status, "allowed": list(TRANSITIONS[status])}
    return InvalidTransition(f"A subscription that is {status} cannot be changed.", **members)


def check(*, old: str, new: str) -> None:
    """This function will raise InvalidTransition unless the table leads from one state to the other."""
    if new not in TRANSITIONS[old]:
        raise refused(old=old, new=new)


def refuse_verb(verb: str, status: str) -> None:
    """This function will raise InvalidTransition if a verb may not be asked for in a state."""
    allowed_in, target = VERBS[verb]
    if status not in allowed_in:
        raise refused(old=status, new=target)


def sql_pairs() -> str:
    """This function will return the table as SQL row values, `('active', 'canceled'), …`, new rows left out."""
    pairs = [(old, new) for old in STATES for new in TRANSITIONS[old]]
    return ", ".join(f"('{old}', '{new}')" for old, new in pairs)


def sql_list(values: tuple[str, ...]) -> str:
    """This function will return state names as an SQL list, `'active', 'past_due'`."""
    return ", ".join(f"'{value}'" for value in values)
