"""Switching one protection of the house off, so that a proof which relies on it must fail.

The switch is the variable `PROOF_SABOTAGE`, read by the proofs alone: the house knows nothing of it.
"""

import os
from collections.abc import Callable
from typing import Any, Final

from jobs import claims
from outbox import internal as outbox
from proof.sabotages import VARIABLE


def _replace(module: Any, name: str, value: Any) -> None:
    """Put something else in the place of what a module has; whoever it was renamed from is told."""
    if not hasattr(module, name):
        raise AttributeError(f"{module.__name__} no longer has {name}: the control controls nothing")
    setattr(module, name, value)


def _order() -> None:
    _replace(claims, "CLAIM_OF_QUEUES", claims.CLAIM_OF_QUEUES.replace(claims._IN_ORDER, "TRUE"))


def _receipts() -> None:
    _replace(outbox, "_first_time", lambda *_: True)


COMMIT: Final[dict[str, Callable[[], None]]] = {"order": _order, "receipts": _receipts}


def commit() -> str:
    """This function will switch off what the variable names, if it names anything, and return the name."""
    name = os.environ.get(VARIABLE, "")
    if name:
        COMMIT[name]()
    return name
