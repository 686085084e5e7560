"""Who asks, where nobody said so."""

from core.actor import ANONYMOUS, Actor


def anonymous() -> Actor:
    """This function will return the actor of a request without credentials."""
    return ANONYMOUS
