"""What is done at a gateway, in steps and by name, so that whoever finds a request abandoned can go on with it."""

from typing import Any, Protocol
from uuid import UUID


class Unanswered(Exception):
    """The gateway may have acted or not; it will be asked again."""


class NeverHappened(Exception):
    """The gateway has definitely not acted, and what it would have to be told is no longer known."""


class Effect(Protocol):
    """A verb in steps. `subject` is the row that the intent has left; `status` that of a successful answer."""

    status: int

    def ask(self, subject: UUID, in_hand: Any) -> Any:
        """This function will ask the gateway, with no transaction open, under a key that depends on the subject alone.

        `in_hand` is what only the request knew, such as a card; None for whoever goes on in its place.

        :raises Unanswered, NeverHappened: accordingly.
        """
        ...

    def note(self, subject: UUID, answer: Any) -> None:
        """This function will write down what the gateway has answered."""
        ...

    def finish(self, subject: UUID) -> Any:
        """This function will draw the conclusions and return the body of the answer; a refusal is an answer, too."""
        ...

    def waiting(self, subject: UUID) -> Any:
        """This function will return the body that is answered while nobody knows."""
        ...

    def abandon(self, subject: UUID) -> None:
        """This function will close the subject of an intent that never happened."""
        ...


_effects: dict[str, Effect] = {}


def register(name: str, effect: Effect) -> None:
    """This function will make an effect known under a name such as `payments.attach_payment_method`."""
    if _effects.setdefault(name, effect) is not effect:
        raise TypeError(f"two effects are called {name}")


def named(name: str) -> Effect:
    """This function will return the effect of that name.

    :raises KeyError: if this code has no such effect.
    """
    return _effects[name]
