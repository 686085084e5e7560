"""What only the relay brings about: order, jobs for the handlers, and their receipts."""

from typing import Any
from uuid import UUID

from django.db import connection, transaction

from core import clock, events, failpoints, ids, tenancy
from core.models import Environment, scope_of
from core.tenancy import PLATFORM_ID, scope
from core.tenancy.system import system_scope
from jobs.services import enqueue_found
from outbox.models import Heartbeat, OutboxEvent, Sequence

# A batch is one transaction and three statements, whatever its size; the counter is held no longer than it takes.
BATCH = 2000

# The inbox: a row of the effect's own transaction, and whether something later about the same thing was dealt with.
_OVERTAKEN = """
    EXISTS (SELECT 1 FROM outbox_receipt later
            WHERE later.environment_id = %(environment)s::uuid AND later.consumer = %(consumer)s::text
              AND later.subject = %(subject)s::text AND later.aggregate_version > %(version)s)
"""
_INBOX = f"""
    INSERT INTO outbox_receipt (id, environment_id, consumer, event_id, subject, aggregate_version, at)
    SELECT %(id)s::uuid, %(environment)s::uuid, %(consumer)s::text, %(event)s::uuid, %(subject)s::text,
           %(version)s::bigint, clock_timestamp()
    WHERE NOT {_OVERTAKEN}
    ON CONFLICT (environment_id, consumer, event_id) DO NOTHING
"""
# Numbers follow the order in which the rows were written; the caller holds the environment's counter.
_GIVE_NUMBERS = """
    WITH numbered AS (
      UPDATE outbox_outboxevent event SET sequence = %(last)s + chosen.place, relayed_at = clock_timestamp()
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM outbox_outboxevent
            WHERE environment_id = %(environment)s AND sequence IS NULL ORDER BY id LIMIT %(batch)s) chosen
      WHERE event.id = chosen.id
      RETURNING event.type)
    SELECT type, count(*) FROM numbered GROUP BY type
"""
# A job for each handler of each fact between two places, in the order of the facts and of the handlers' names.
_JOBS = """
    SELECT jsonb_build_object('event', event.event_id, 'handler', heard.handler) AS payload,
           event.event_id || ':' || heard.handler AS key, heard.handler || ':' || event.subject AS ordering_key,
           event.sequence AS ordering_rank, event.request_id AS correlation_id,
           row_number() OVER (ORDER BY event.sequence, heard.number) AS place
    FROM outbox_outboxevent event
    JOIN unnest(%(types)s::text[], %(handlers)s::text[]) WITH ORDINALITY AS heard (type, handler, number)
      ON heard.type = event.type
    WHERE event.environment_id = %(environment)s AND event.sequence > %(after)s AND event.sequence <= %(last)s
"""


def relay() -> int:
    """This function will relay the pending facts of every environment and return how many there were."""
    _beat()
    return sum(_relay_all(scope_of(environment_id)) for environment_id in _environments_waiting())


def _environments_waiting() -> list[UUID]:
    # A clock that is being moved relays for itself, in step with its jobs.
    moving = Environment.objects.exclude(advancing_to=None).values("id")
    with system_scope("outbox: who has facts to relay"), transaction.atomic():
        waiting = OutboxEvent.objects.pending().exclude(environment_id__in=moving)
        return list(waiting.order_by().values_list("environment_id", flat=True).distinct())


def _relay_all(environment: tenancy.Scope) -> int:
    with scope(environment):
        return relay_here()


def relay_here() -> int:
    """This function will relay all pending facts of the environment in scope and return how many there were."""
    total = moved = relay_batch()
    if __debug__:
        failpoints.reach("relay.committed")
    while moved == BATCH:
        moved = relay_batch()
        total += moved
    return total


@transaction.atomic
def relay_batch() -> int:
    """This function will give the next facts their places in the order and write a job for each of their handlers."""
    events.flush()
    counter = _counter()
    if __debug__:
        failpoints.reach("relay.counter_locked")
    counts = _give_numbers(counter.last)
    if __debug__:
        failpoints.reach("relay.numbered")
    moved = sum(counts.values())
    if moved:
        Sequence.objects.filter(pk=counter.pk).update(last=counter.last + moved)
        _write_jobs(counts, after=counter.last, last=counter.last + moved)
        if __debug__:
            failpoints.reach("relay.jobs_written")
    return moved


def _counter() -> Sequence:
    Sequence.objects.bulk_create([Sequence()], ignore_conflicts=True)
    return Sequence.objects.select_for_update().get()


def _give_numbers(last: int) -> dict[str, int]:
    """Of each type of fact, how many got their places."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_NUMBERS, {"last": last, "environment": tenancy.environment_id(), "batch": BATCH})
        return dict(cursor.fetchall())


def _write_jobs(counts: dict[str, int], *, after: int, last: int) -> None:
    heard = [(kind, handler.name) for kind in sorted(counts) for handler in events.handlers_of(kind)]
    if heard:
        types, handlers = (list(column) for column in zip(*heard, strict=True))
        places = {"after": after, "last": last, "environment": tenancy.environment_id()}
        number = sum(counts[kind] for kind in types)
        enqueue_found(
            "outbox.handle", query=_JOBS, values={"types": types, "handlers": handlers, **places}, number=number
        )


@transaction.atomic
def handle(*, event_id: UUID, handler_name: str, again: str = "") -> None:
    """This function will let one handler react to one fact, once in effect however often it is asked.

    `again` is the id of a replay whose operator wants what was done already to be done once more; once per replay.

    :raises outbox.models.UnreadableFact: if this code cannot read what is stored.
    """
    handler, row = events.handler(handler_name), OutboxEvent.objects.get(event_id=event_id)
    if not _first_time(f"{handler_name}#{again}" if again else handler_name, row):
        return
    if __debug__:
        failpoints.reach("outbox.receipt_written")
    handler.call(row.as_stored() if handler.type == "*" else row.as_event())
    if __debug__:
        failpoints.reach("outbox.handled")


def _first_time(consumer: str, row: OutboxEvent) -> bool:
    """Whether the consumer has dealt neither with the fact nor with a later one about the same thing."""
    values: dict[str, Any] = {
        "id": ids.new(), "environment": tenancy.environment_id(), "consumer": consumer, "event": row.event_id,
        "subject": row.subject, "version": row.aggregate_version,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_INBOX, values)
        return bool(cursor.rowcount)


def _beat() -> None:
    with scope(scope_of(PLATFORM_ID)), transaction.atomic():
        Heartbeat.objects.bulk_create(
            [Heartbeat(name="relay", at=clock.wall())],
            update_conflicts=True, unique_fields=["environment", "name"], update_fields=["at"],
        )  # fmt: skip
