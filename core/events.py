"""Facts: what happened, said once, in the transaction in which it happened.

An app declares its facts in `signals.py` as frozen subclasses of `Event`; a verb calls `publish`. Facts are gathered
and told once, right before the transaction commits: `outbox` and `audit` receive the signal and have all of them
written with its last statement. Everybody else reacts after commit through `@handles`, from the stored row, knowing
that it may come twice.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from django.db import transaction
from django.dispatch import Signal

from core import clock, context, ids, tenancy
from core.context import Context
from core.spool import Spool
from core.tenancy import Scope
from core.verbs import whole

# The one signal. `facts` are the `Published` of one environment, in order; it is in force while they are told.
occurred = Signal()
# Sent before it, with those facts that are known before what was put off to the end is done: what a receiver can work
# out about them now, and leave in `kept`, nobody has to wait for.
expected = Signal()

_types: dict[str, type["Event"]] = {}
_handlers: dict[str, "Handler"] = {}


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact. Fields are ids and primitives; a field's meaning never changes, a new meaning is a new version.

    `subject` is the public id of what it is about, `actor` who brought it about (`Actor.label`), `at` when it took
    effect on the environment's clock.
    """

    type: ClassVar[str] = ""
    version: ClassVar[int] = 1

    subject: str
    actor: str
    at: datetime

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.type or cls.type in _types:
            raise TypeError(f"{cls.__name__} needs a type of its own, such as 'invoice.paid'")
        _types[cls.type] = cls

    def data(self) -> dict[str, Any]:
        """This function will return the fact's own fields as JSON-ready primitives."""
        return {name: written(getattr(self, name)) for name in _own(self.type)}


@dataclass(frozen=True, kw_only=True)
class Published:
    """A fact on its way into the rows: as it was said, where, by which request, and when on the machine's clock.

    One `event_id` for the outbox row and the audit entry, so that neither can go missing unnoticed.
    """

    event_id: UUID
    event: Event
    data: dict[str, Any]
    scope: Scope
    request: Context
    at: datetime
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Last:
    """Work that is put off to the end of the transaction; the facts it publishes stand where it was put off."""

    call: Callable[[], None]
    scope: Scope


@dataclass(frozen=True, kw_only=True)
class StoredFact:
    """A fact as the outbox keeps it: what the event feed and the webhook endpoints are told.

    `id` is its public id (`evt_…`), `sequence` its place in the environment's dense order, `aggregate_version` its
    place among the facts about its subject, `data` the event's own fields as JSON-ready primitives.
    """

    id: str
    sequence: int
    type: str
    version: int
    subject: str
    aggregate_version: int
    actor: str
    at: datetime
    request_id: str
    data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Handler:
    """A reaction to one type of fact, or to every type when `type` is `*`."""

    name: str
    type: str
    call: Callable[[Any], None]


Fact = TypeVar("Fact", bound=Event)


@cache
def _own(kind: str) -> tuple[str, ...]:
    """The names of a fact's own fields, which hold primitives and tuples of them."""
    return tuple(one.name for one in fields(_types[kind]) if one.name not in ("subject", "actor", "at"))


def written(value: Any) -> Any:
    """This function will return a primitive as it stands in JSON: instants as RFC 3339 in UTC."""
    return value.isoformat() if isinstance(value, datetime) else value


def publish(event: Event) -> None:
    """This function will say that something happened; it is written before the transaction commits, or never.

    :raises RuntimeError: outside a transaction, where a fact could survive the change it speaks of.
    :raises core.tenancy.OutsideScope: outside an environment, of which every fact is.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{event.type} was published outside a transaction")
    fact = Published(
        event_id=ids.new(), event=event, data=event.data(), scope=tenancy.require(), request=context.current(),
        at=clock.wall(),
    )  # fmt: skip
    _spool().add(fact)


def lastly(call: Callable[[], None]) -> None:
    """This function will have something done when the transaction is about to commit, before its facts are written.

    It is for what takes a lock for which everybody waits: whatever else the transaction has to do comes before, and
    nobody waits for it. What fails there takes the transaction with it. It may be called anew after a savepoint was
    rolled back, so it begins from what was there when it was put off.

    :raises RuntimeError: outside a transaction, which has no end.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("work was put off to the end of a transaction outside of one")
    _spool().add(Last(call=call, scope=tenancy.require()))


def flush() -> None:
    """This function will have the facts of the open transaction written now, for whoever must see them inside it.

    What was put off to the end is done before. A receiver that fails takes the transaction with it: a change without
    its facts does not happen.
    """
    connection = transaction.get_connection()
    if not connection.in_atomic_block or connection.needs_rollback:
        return
    try:
        while waiting := _spool().take():
            known = [one for one in waiting if isinstance(one, Published)]
            if len(known) < len(waiting):
                _tell(known, by=expected)
            _tell(list(_said(waiting)), by=occurred)
    except BaseException:
        connection.needs_rollback = True
        raise


def _said(waiting: Sequence[Published | Last]) -> Iterator[Published]:
    for one in waiting:
        if isinstance(one, Published):
            yield one
            continue
        with _within(one.scope), whole():
            one.call()
        yield from _said(_spool().take())


def _spool() -> Spool[Published | Last]:
    spool: Spool[Published | Last] = cast("Any", transaction.get_connection()).spool
    return spool


def _tell(facts: Sequence[Published], *, by: Signal) -> None:
    # Environments in the order of their ids, and subjects within them: two transactions never wait for each other.
    by_environment = sorted(facts, key=lambda fact: fact.scope.environment_id)
    for _, told in groupby(by_environment, key=lambda fact: fact.scope.environment_id):
        batch = list(told)
        with _within(batch[0].scope):
            by.send(sender=None, facts=batch)


def _within(scope: Scope) -> AbstractContextManager[Any]:
    """Most transactions end in the environment they were about, which PostgreSQL need not be told again."""
    here = tenancy.current()
    same = isinstance(here, Scope) and here.environment_id == scope.environment_id
    return nullcontext() if same else tenancy.scope(scope)


def handles(event: type[Fact]) -> Callable[[Callable[[Fact], None]], Callable[[Fact], None]]:
    """This function will register a reaction to one type of fact, run after commit and at least once."""

    def register(call: Callable[[Fact], None]) -> Callable[[Fact], None]:
        _register(event.type, call)
        return call

    return register


def hears_everything(call: Callable[[StoredFact], None]) -> Callable[[StoredFact], None]:
    """This function will register a reaction to every type of fact, which is given the row as it is stored."""
    _register("*", call)
    return call


def _register(kind: str, call: Callable[[Any], None]) -> None:
    name = f"{call.__module__.partition('.')[0]}.{call.__name__}"
    if name in _handlers:
        raise TypeError(f"two handlers are called {name}")
    _handlers[name] = Handler(name=name, type=kind, call=call)


def handlers_of(kind: str) -> list[Handler]:
    """This function will return the reactions to a type of fact, in the order of their names."""
    return sorted((one for one in _handlers.values() if one.type in (kind, "*")), key=lambda one: one.name)


def handler_names() -> list[str]:
    """This function will return the names of all registered reactions, in order."""
    return sorted(_handlers)


def handler(name: str) -> Handler:
    """This function will return a registered reaction by name, such as `billing.settle_invoice`.

    :raises KeyError: if the code no longer has it.
    """
    return _handlers[name]


def restore(kind: str, *, subject: str, actor: str, at: datetime, data: dict[str, Any]) -> Event:
    """This function will return the event that a stored row speaks of; unknown members of older rows are ignored.

    :raises KeyError: if no code declares that type any more.
    """
    cls = _types[kind]
    known = {field.name: field.type for field in fields(cls)}
    values = {name: _read(known[name], value) for name, value in data.items() if name in known}
    return cls(subject=subject, actor=actor, at=at, **values)


def _read(kind: Any, value: Any) -> Any:
    if value is not None and "datetime" in str(kind):
        return datetime.fromisoformat(cast("str", value))
    return tuple(value) if isinstance(value, list) else value


def types() -> dict[str, type[Event]]:
    """This function will return every declared type of fact by its name."""
    return dict(_types)
