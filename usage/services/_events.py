"""Events: judged in Python, stored by one statement, each id once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from accounts import selectors as accounts
from core import errors
from core.actor import Actor
from core.tenancy import environment_id
from usage.acceptance import Judge, NewEvent, Row, index_meters
from usage.models import Meter

MAX_EVENTS: Final = 10_000
CORRECTION: Final = "usage:correction"

# The first event with an id stands, in the batch and in all months. Ids are claimed in one order by everybody, so that
# two batches that share some never wait for each other in a circle.
_STORE = """
WITH sent AS (
    SELECT * FROM json_to_recordset(%s::json) AS sent(
        position int, id uuid, event_id varchar, meter_id uuid, customer_id uuid, "timestamp" timestamptz,
        value numeric, properties jsonb)
), claimed AS (
    INSERT INTO usage_eventid (id, environment_id, event_id, "timestamp")
    SELECT id, %s, event_id, "timestamp" FROM sent ORDER BY event_id, position
    ON CONFLICT (environment_id, event_id) DO NOTHING
    RETURNING id
), stored AS (
    INSERT INTO usage_usageevent
        (id, environment_id, event_id, meter_id, customer_id, "timestamp", value, properties, received_at)
    SELECT id, %s, event_id, meter_id, customer_id, "timestamp", value, properties, %s
    FROM sent JOIN claimed USING (id)
)
SELECT id FROM claimed
"""


class TooManyItems(errors.Invalid):
    code = "too_many_items"
    title = f"A batch holds at most {MAX_EVENTS} events."


class Status(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one event. A rejected one says why: `code` is the stable word, `message` the sentence."""

    status: Status
    refusal: errors.Refusal | None = None

    @property
    def is_new(self) -> bool:
        return self.status is Status.ACCEPTED


@transaction.atomic
def record_events(*, events: Sequence[NewEvent], actor: Actor, now: datetime) -> list[Outcome]:
    """This function will store the events that can be taken, each id once, and return what became of each, in order.

    One event that cannot be taken stops no other. When it returns inside a committed transaction, they are durable.

    :raises TooManyItems: for more than `MAX_EVENTS`.
    """
    if len(events) > MAX_EVENTS:
        raise TooManyItems(limit=MAX_EVENTS)
    judge = _judge(events, actor, now)
    judged = [_judged(judge, event) for event in events]
    stored = _store([one for one in judged if isinstance(one, Row)], now)
    return [_outcome(one, stored) for one in judged]


@transaction.atomic
def record_event(*, event: NewEvent, actor: Actor, now: datetime) -> Outcome:
    """This function will store one event, unless its id is known already.

    :raises core.errors.Refusal: one of `usage.acceptance`, if it cannot be taken.
    """
    outcome = record_events(events=[event], actor=actor, now=now)[0]
    if outcome.refusal is not None:
        raise outcome.refusal
    return outcome


def _judge(events: Sequence[NewEvent], actor: Actor, now: datetime) -> Judge:
    return Judge(
        meters=index_meters(Meter.objects.named({event.meter for event in events})),
        customers=accounts.list_customer_ids_by_names({event.customer for event in events}),
        may_correct=actor.may(CORRECTION),
        now=now,
    )


def _judged(judge: Judge, event: NewEvent) -> Row | errors.Refusal:
    try:
        return judge.accept(event)
    except errors.Refusal as refused:
        return refused


def _store(rows: list[Row], now: datetime) -> set[UUID]:
    """The ids of the rows that are new."""
    if not rows:
        return set()
    document = json.dumps([_written(position, row) for position, row in enumerate(rows)])
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [document, environment_id(), environment_id(), now])
        return {row_id for (row_id,) in cursor.fetchall()}


def _written(position: int, row: Row) -> dict[str, Any]:
    return {
        "position": position, "id": str(row.id), "event_id": row.event_id, "meter_id": str(row.meter_id),
        "customer_id": str(row.customer_id), "timestamp": row.timestamp.isoformat(),
        "value": None if row.value is None else str(row.value), "properties": row.properties,
    }  # fmt: skip


def _outcome(judged: Row | errors.Refusal, stored: set[UUID]) -> Outcome:
    if isinstance(judged, errors.Refusal):
        return Outcome(status=Status.REJECTED, refusal=judged)
    return Outcome(status=Status.ACCEPTED if judged.id in stored else Status.DUPLICATE)
