"""What this code can do: the kinds of jobs, and the rows that fall due by themselves."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from core.retry import POLICIES

QUEUES = (
    "q:sub:payment_initiation",
    "q:sub:trial_payment",
    "q:sub:plan_change",
    "q:sub:usage_sync",
    "q:pay:subscription_update",
    "q:pay:refund_initiation",
    "q:out:relay",
    "q:out:webhooks",
    "q:mail",
)

Call = Callable[..., None]
# Does jobs of one kind together: given the `id`s of their payloads, it returns those that have to be done one by one.
Together = Callable[[Sequence[str]], Collection[str]]
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of job: who does it, on which queue, how its failures are retried, and which rows its payload names."""

    name: str
    queue: str
    policy: str
    call: Call
    refers: Mapping[str, str]
    together: Together | None = None

    @property
    def max_attempts(self) -> int:
        return POLICIES[self.policy].max_attempts


@dataclass(frozen=True, kw_only=True)
class Duty:
    """Rows that fall due: at the instant `at` of each of `rows()`, a job of `kind` is written for it, once."""

    kind: str
    rows: Callable[[], QuerySet[Any]]
    at: str


@dataclass(frozen=True, kw_only=True)
class Schedulable:
    """Something that can be done, at an instant that somebody names, to rows of `model`; see `schedulable`."""

    word: str
    prefix: str
    kind: str
    model: type[Model]
    check: Callable[[UUID], None]


_kinds: dict[str, Kind] = {}
_duties: dict[str, Duty] = {}
_pumps: dict[str, Callable[[], int]] = {}
_schedulables: dict[str, Schedulable] = {}


def job(
    name: str, *, queue: str, policy: str, refers: Mapping[str, str] = NOTHING, together: Together | None = None
) -> Callable[[Call], Call]:
    """This function will register the decorated function as the doer of a kind of job.

    It is called with the payload as keywords, inside the environment's scope and with no transaction open, and must be
    safe to run twice. `refers` says which rows the payload names: its key → `app.model`, or `app.model.field` where the
    value is not the primary key. What a duty or a schedule writes names its row by itself.

    `together` does many jobs of a duty at once, all of them or none, and leaves to the decorated function what it
    cannot do so; if it fails, they are done one by one, so that a bad one fails alone.
    """
    if queue not in QUEUES:
        raise ValueError(f"there is no queue {queue}")

    def register(call: Call) -> Call:
        _once(_kinds, name, Kind(name=name, queue=queue, policy=policy, call=call, refers=refers, together=together))
        return call

    return register


def duty(kind: str, *, rows: Callable[[], QuerySet[Any]], at: str) -> None:
    """This function will have a job of `kind` written for each of `rows()` once its instant `at` has come.

    Due is a question to the rows and not a window of time: whoever slept a day finds what it missed. The job is given
    `id` and must ask again, under lock, whether it is still due.
    """
    _once(_duties, kind, Duty(kind=kind, rows=rows, at=at))


def pump(name: str, call: Callable[[], int]) -> None:
    """This function will register what moves other rows towards jobs (the relay), for clocks that are moved by hand.

    `call` works on the environment in scope and returns how many rows it moved.
    """
    _once(_pumps, name, call)


def schedulable(word: str, *, prefix: str, kind: str, model: type[Model], check: Callable[[UUID], None]) -> None:
    """This function will let `word` (charge, reminder) be scheduled for subjects whose public ids begin with `prefix`.

    At its instant a job of `kind` is given the subject's `id`, a row of `model`, and asks again, under lock, what there
    is to do. `check` raises a refusal for a subject to which it could not be done even now.
    """
    entry = Schedulable(word=word, prefix=prefix, kind=kind, model=model, check=check)
    _once(_schedulables, f"{word} {prefix}", entry)


def schedulable_of(word: str, prefix: str) -> Schedulable:
    """This function will return how something is done to subjects with such ids.

    :raises KeyError: if nobody can.
    """
    return _schedulables[f"{word} {prefix}"]


def kinds() -> tuple[Kind, ...]:
    """This function will return every registered kind of job."""
    return tuple(_kinds.values())


def schedulables() -> tuple[Schedulable, ...]:
    """This function will return everything that can be scheduled."""
    return tuple(_schedulables.values())


def kind_of(name: str) -> Kind:
    """This function will return a registered kind of job.

    :raises KeyError: if this code does not know it.
    """
    return _kinds[name]


def find_kind(name: str) -> Kind | None:
    """This function will return a registered kind of job, if this code knows it."""
    return _kinds.get(name)


def duties() -> tuple[Duty, ...]:
    """This function will return everything that falls due by itself."""
    return tuple(_duties.values())


def pumps() -> tuple[Callable[[], int], ...]:
    """This function will return what moves other rows towards jobs."""
    return tuple(_pumps.values())


def _once(registry: dict[str, Any], name: str, entry: Any) -> None:
    if name in registry:
        raise ValueError(f"{name} is registered twice")
    registry[name] = entry
