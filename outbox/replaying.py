"""Replay: facts that were relayed go to one handler once more, chosen by id, place in the order, time or type."""

from collections.abc import Sequence as Many
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from core import errors, events, ids, tenancy
from core.actor import Actor
from core.events import Handler
from jobs import services as jobs
from outbox.models import OutboxEvent, OutboxEventQuerySet, Sequence
from outbox.signals import FactsReplayed

# More than this is no answer to one request: `manage.py replay_facts` takes as many as there are, batch by batch.
MOST = 10_000
BATCH = 500


class NothingChosen(errors.Invalid):
    code = "replay_nothing_chosen"
    title = "Say which facts: ids, a range of sequences, a range of time or types."


class UnknownHandler(errors.Invalid):
    code = "replay_unknown_handler"
    title = "There is no handler of that name."


class TooManyFacts(errors.Invalid):
    code = "replay_too_many_facts"
    title = "One request replays 10000 facts at most; choose fewer, or use manage.py replay_facts."


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which facts: whatever is given must hold. Sequences count both ends; times are real, `until` excluded."""

    ids: Many[UUID] = ()
    from_sequence: int | None = None
    to_sequence: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    types: Many[str] = ()

    def is_empty(self) -> bool:
        """This function will tell whether nothing at all was chosen, which is not the same as everything."""
        return self == Choice()

    def rows(self) -> OutboxEventQuerySet:
        """This function will return the chosen facts of the environment, relayed ones only."""
        bounds: dict[str, Any] = {
            "event_id__in": list(self.ids) or None, "sequence__gte": self.from_sequence,
            "sequence__lte": self.to_sequence, "created_at__gte": self.since, "created_at__lt": self.until,
            "type__in": list(self.types) or None,
        }  # fmt: skip
        given = Q(**{name: value for name, value in bounds.items() if value is not None})
        return OutboxEvent.objects.exclude(sequence=None).filter(given)


@dataclass(frozen=True, kw_only=True)
class Replay:
    """One replay, as it was begun: nothing that is published later belongs to it."""

    id: str
    handler: str
    again: bool
    facts: int
    choice: Choice = field(repr=False)


@transaction.atomic
def begin_replay(*, handler: str, choice: Choice, again: bool, reason: str, actor: Actor, now: datetime) -> Replay:
    """This function will say that facts are about to go to a handler once more, and return which.

    :raises UnknownHandler: if this code has no such handler.
    :raises NothingChosen: if nothing says which facts.
    """
    if choice.is_empty():
        raise NothingChosen
    chosen = _heard_by(_handler(handler), choice)
    replay_id = ids.encode("rpl", ids.new())
    replay = Replay(id=replay_id, handler=handler, again=again, facts=chosen.rows().count(), choice=chosen)
    events.publish(
        FactsReplayed(
            subject=ids.encode("env", tenancy.environment_id()), actor=actor.label, at=now, replay=replay.id,
            handler=handler, facts=replay.facts, again=again, reason=reason,
        )
    )  # fmt: skip
    return replay


@transaction.atomic
def replay_batch(replay: Replay, *, after: int) -> tuple[int, int]:
    """This function will write the jobs of a replay's next facts; it returns how many, and the last one's place.

    Done twice, it has written them once: their keys name the replay.
    """
    rows = list(replay.choice.rows().filter(sequence__gt=after).order_by("sequence")[:BATCH])
    if rows:
        jobs.enqueue_many([_job(replay, row) for row in rows])
    return len(rows), rows[-1].sequence or after if rows else after


@transaction.atomic
def replay_facts(*, handler: str, choice: Choice, again: bool, reason: str, actor: Actor, now: datetime) -> Replay:
    """This function will have one handler react to facts of the past, those it has dealt with left alone.

    With `again` it also does once more, and once per replay, what it has done already; what must not happen twice is
    kept from it by keys of its own, such as a delivery's endpoint and fact.

    :raises UnknownHandler, NothingChosen: see `begin_replay`.
    :raises TooManyFacts: beyond what one request may ask for.
    """
    replay = begin_replay(handler=handler, choice=choice, again=again, reason=reason, actor=actor, now=now)
    if replay.facts > MOST:
        raise TooManyFacts(facts=replay.facts, most=MOST)
    moved, last = replay_batch(replay, after=0)
    while moved == BATCH:
        moved, last = replay_batch(replay, after=last)
    return replay


def list_handlers() -> list[str]:
    """This function will return the names of those to whom facts can be replayed."""
    return events.handler_names()


def _handler(name: str) -> Handler:
    if name not in events.handler_names():
        raise UnknownHandler(handler=name, handlers=events.handler_names())
    return events.handler(name)


def _heard_by(handler: Handler, choice: Choice) -> Choice:
    """The chosen facts that the handler hears at all, up to the end of the order as it is now."""
    end = Sequence.objects.values_list("last", flat=True).first() or 0
    last = end if choice.to_sequence is None else min(end, choice.to_sequence)
    if handler.type == "*":
        return replace(choice, to_sequence=last)
    heard = [handler.type] if not choice.types or handler.type in choice.types else [""]
    return replace(choice, to_sequence=last, types=heard)


def _job(replay: Replay, row: OutboxEvent) -> jobs.NewJob:
    payload = {"event": str(row.event_id), "handler": replay.handler} | ({"again": replay.id} if replay.again else {})
    return jobs.NewJob(
        kind="outbox.handle", payload=payload, key=f"{row.event_id}:{replay.handler}:{replay.id}",
        ordering_key=f"{replay.handler}:{row.subject}", ordering_rank=row.sequence or 0, correlation_id=row.request_id,
    )  # fmt: skip
