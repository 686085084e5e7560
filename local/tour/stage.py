"""What the steps of the tour share: who asks, what is known by now, and how to wait."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Any, TypeVar

from urllib3.exceptions import HTTPError

from local.client import Client, Refused
from local.receiver import Receiver
from local.story import Report, Step, TourResult, TourSettings

Found = TypeVar("Found")
Body = dict[str, Any]

POLL_SECONDS = 0.1
# Workers answer within a second; a busy machine may take its time.
PATIENCE_SECONDS = 60.0


class Wrong(Exception):
    """A step did not come out as it should; the message says what was seen instead."""


class NotTried(Wrong):
    """A step needs what an earlier one did not bring about."""


@dataclass(kw_only=True)
class Stage:
    """One showing of the tour. `known` holds what the steps found: API bodies and access tokens, by name."""

    settings: TourSettings
    api: Client
    receiver: Receiver
    known: dict[str, Any] = field(default_factory=dict)
    # A tour that broke off has left its people behind; the next one brings others.
    tag: str = field(default_factory=lambda: secrets.token_hex(2))

    def keep(self, name: str, found: Found) -> Found:
        """This function will remember what a step found and return it."""
        self.known[name] = found
        return found

    def recall(self, name: str) -> Any:
        """This function will return what an earlier step kept.

        :raises NotTried: if it kept nothing of that name.
        """
        if name not in self.known:
            raise NotTried(f"not tried: {name} is missing")
        return self.known[name]

    def email_of(self, name: str) -> str:
        """This function will return the e-mail address of one of the tour's people."""
        return f"{name}-{self.tag}@customers.example"


Act = tuple[str, Callable[[Stage], str]]


def play(acts: Sequence[Act], stage: Stage, report: Report) -> TourResult:
    """This function will try each step in turn, report it, and count; one that goes wrong stops no other."""
    steps = []
    for name, act in acts:
        step = _try(name, act, stage)
        report(step)
        steps.append(step)
    passed = sum(step.ok for step in steps)
    return TourResult(passed=passed, failed=len(steps) - passed)


def _try(name: str, act: Callable[[Stage], str], stage: Stage) -> Step:
    try:
        return Step(name, act(stage))
    except (Wrong, Refused, HTTPError, OSError) as why:
        return Step(name, str(why), ok=False)
    except (KeyError, IndexError, TypeError, ValueError) as why:  # an answer of another shape than documented
        return Step(name, f"unexpected answer: {type(why).__name__} {why}", ok=False)


def expect(is_so: object, otherwise: str) -> None:
    """This function will raise `Wrong` with what was seen unless something is so."""
    if not is_so:
        raise Wrong(otherwise)


def await_(look: Callable[[], Found | None], what: str, seconds: float = PATIENCE_SECONDS) -> Found:
    """This function will look again and again until something is there, and return it.

    :raises Wrong: if it is not there within `seconds`.
    """
    deadline, pause = monotonic() + seconds, Event()
    while not (found := look()):
        if monotonic() > deadline:
            raise Wrong(f"{what}: not within {seconds:.0f} s")
        pause.wait(POLL_SECONDS)
    return found


def money(minor: int, currency: str) -> str:
    """This function will write an amount of a currency with two decimals, such as `10.00 USD`."""
    sign, whole = "-" if minor < 0 else "", abs(minor)
    return f"{sign}{whole // 100}.{whole % 100:02d} {currency}"


def day(instant: str) -> str:
    """This function will return the date of an instant as the API writes it."""
    return instant[:10]
